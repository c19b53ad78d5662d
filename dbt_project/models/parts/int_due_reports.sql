-- Reports that agencies owe: an indicator, a period and an area each, with the day by which it is due. From the first
-- period on that anybody reported of the indicator, until the last day that any file covers.
with as_of as (
    select max(extracted_on) as day
    from {{ source('raw', 'files') }}
),

obligations as (
    select
        o.indicator,
        o.agency_level,
        o.valid_from,
        o.valid_to,
        o.due_days,
        i.frequency as period_type,
        i.unit,
        case i.frequency when 'month' then 1 when 'quarter' then 3 when 'half' then 6 else 12 end as months
    from {{ ref('report_obligations') }} as o
    inner join {{ ref('indicators') }} as i on o.indicator = i.indicator
),

first_periods as (
    select
        indicator,
        min(period_start) as first_start
    from {{ ref('stg_reported_indicators') }}
    group by indicator
),

periods as (
    select
        o.indicator,
        o.agency_level,
        o.period_type,
        o.unit,
        cast(p.period_start as date) as period_start,
        cast(p.period_start + to_months(o.months) as date) - 1 as period_end,
        cast(p.period_start + to_months(o.months) as date) - 1 + o.due_days as due_on
    from obligations as o
    inner join first_periods as f on o.indicator = f.indicator
    cross join as_of as t
    cross join
        unnest(generate_series(cast(f.first_start as timestamp), cast(t.day as timestamp), to_months(o.months)))
            as p (period_start)
    where
        p.period_start >= o.valid_from
        and p.period_start <= coalesce(o.valid_to, date '9999-12-31')
)

-- one figure of the province by whichever agency answers for it, and one of every commune by its own
select
    *,
    '{{ var("province_code") }}' as area_code,
    '{{ var("portal_code") }}' as agency_code,
    cast(null as varchar) as agency_name
from periods
where agency_level = 'province'
union all
select
    p.*,
    a.commune_code as area_code,
    a.agency_code,
    a.agency_name
from periods as p
inner join {{ ref('int_agencies') }} as a
    on
        p.agency_level = a.agency_level
        and p.period_end between a.valid_from and a.valid_to
where p.agency_level = 'commune'
