-- Figures that agencies reported: the active report, who gave it and whether in time; and those that were due and
-- have not come, from the first period on that anybody reported of an indicator.
{{ config(materialized='table') }}

with reports as (
    select * from {{ ref('stg_reported_indicators') }}
),

-- the last day that any file covers: the platform's today, the same whenever it is computed
today as (
    select
        max(extracted_on) as day,
        -- samples are loaded only while nobody has reported: all reports are made up, or none is
        coalesce(bool_or(synthetic) filter (where source = 'reported_indicators' and rows_loaded > 0), false)
            as is_synthetic
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
    from reports
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
    cross join today as t
    cross join
        unnest(generate_series(cast(f.first_start as timestamp), cast(t.day as timestamp), to_months(o.months)))
            as p (period_start)
    where
        p.period_start >= o.valid_from
        and p.period_start <= coalesce(o.valid_to, date '9999-12-31')
),

-- one figure of the province by whichever agency answers for it, and one of every commune by its own
asked as (
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
),

answered as (
    select
        r.*,
        a.agency_name,
        q.unit,
        q.due_on,
        t.is_synthetic
    from reports as r
    cross join today as t
    inner join {{ ref('int_agencies') }} as a
        on r.agency_code = a.agency_code and r.period_end between a.valid_from and a.valid_to
    left join asked as q
        on r.indicator = q.indicator and r.area_code = q.area_code and r.period_start = q.period_start
),

unanswered as (
    select q.*
    from asked as q
    cross join today as t
    anti join reports as r
        on q.indicator = r.indicator and q.area_code = r.area_code and q.period_start = r.period_start
    where q.due_on < t.day
),

every as (
    select
        *,
        true as is_answered
    from answered
    union all by name
    select
        *,
        false as is_answered
    from unanswered
)

select
    e.indicator,
    e.area_code,
    n.area_name,
    e.agency_code,
    e.agency_name,
    e.period_type,
    e.period_start,
    e.value,
    e.unit,
    if(e.value is null, 'missing', e.value_status) as obs_status,
    case
        when not e.is_answered then 'not_available'
        when e.value_status = 'not_applicable' then 'not_applicable'
    end as missing_kind,
    case
        when not e.is_answered then 'missing'
        when e.first_reported_on > e.due_on then 'late'
        else 'received'
    end as report_status,
    e.due_on,
    e.reported_on,
    if(e.is_answered and not e.is_synthetic, 'A', null) as grade,
    e.note,
    coalesce(e.is_synthetic, false) as has_samples
from every as e
{{ join_area_title('e.area_code', 'e.period_type', 'e.period_start') }}
