-- The best figure of each indicator of two pillars, by area and period: published, else computed from what is
-- published; and for the province a row with status missing where only the nation has a figure.
with known as (
    select * from {{ ref('int_best_figures') }}
),

-- of a published and a computed figure of the nation the published one
nation as (
    select
        indicator,
        period_type,
        period_start,
        max_by(value, basis) as national_value
    from known
    where area_code = 'VN'
    group by indicator, period_type, period_start
),

own_missing as (
    select distinct
        i.indicator,
        '{{ var("province_code") }}' as area_code,
        coalesce(n.period_type, i.frequency) as period_type,
        n.period_start,
        'published' as basis,
        'missing' as obs_status,
        'not_available' as missing_kind,
        false as has_samples,
        'No figure of the province was found.' as note
    from {{ ref('indicators') }} as i
    left join nation as n on i.indicator = n.indicator
    left join known as own
        on
            i.indicator = own.indicator
            and own.area_code = '{{ var("province_code") }}'
            and (n.period_start is null or (n.period_type = own.period_type and n.period_start = own.period_start))
    -- how many provinces there are of a kind is no figure of a province
    where
        own.indicator is null
        and i.unit <> 'tỉnh'
        -- the scheme counts from 2020 on; a series of the nation may go back to 1990
        and coalesce(n.period_start, date '2020-01-01') >= date '2020-01-01'
),

every as (
    select * from known
    union all by name
    select * from own_missing
)

select
    i.pillar,
    i.title_vi,
    i.title_en,
    i.unit,
    e.*,
    n.national_value
from every as e
inner join {{ ref('indicators') }} as i on e.indicator = i.indicator
left join nation as n
    on e.indicator = n.indicator and e.period_type = n.period_type and e.period_start = n.period_start
where i.pillar in ('digital_economy', 'digital_society')
