-- The best figure of each indicator of two pillars, by area and period: published, else computed from what is
-- published; and for the province a row that says so where the nation has a figure and the province has none.
with figures as (
    select
        j.*,
        i.pillar,
        i.title_vi,
        i.title_en,
        count(*) over of_one_period as source_count,
        row_number() over (
            partition by j.indicator, j.area_code, j.period_type, j.period_start
            -- a missing value is no better than any figure; then the better evidence, then the newer publication
            order by
                j.value is null asc,
                list_position(['A', 'A-copy', 'B', 'C', 'K'], j.grade) asc,
                j.vintage_on desc,
                j.source asc
        ) as place
    from {{ ref('int_statistics_judged') }} as j
    inner join {{ ref('indicators') }} as i on j.indicator = i.indicator
    where j.is_latest
    window of_one_period as (partition by j.indicator, j.area_code, j.period_type, j.period_start)
),

best as (
    select * from figures where place = 1
),

-- both parts of one publication: a difference over two vintages would be none
differences as (
    select
        'digital_economy_core_share_pct' as indicator,
        round(t.value - d.value, 2) as computed_value,
        t.area_code,
        t.period_type,
        t.period_start,
        t.source,
        t.document,
        t.grade,
        t.vintage_on,
        t.has_samples or d.has_samples as has_samples,
        'Computed: total less digitised part, of one publication.' as note
    from figures as t
    inner join figures as d
        on
            t.area_code = d.area_code
            and t.period_type = d.period_type
            and t.period_start = d.period_start
            and t.source = d.source
            and t.vintage_on = d.vintage_on
            and d.indicator = 'digital_economy_digitised_share_pct'
    where t.indicator = 'digital_economy_share_pct'
),

computed_rates as (
    select
        replace(n.indicator, '_count', '_per_100') as indicator,
        round(100 * n.value / p.value, 2) as computed_value,
        n.area_code,
        n.period_type,
        n.period_start,
        n.source,
        n.document,
        -- what rests on a figure without a grade has none either
        if(n.grade is null or p.grade is null, null, greatest(n.grade, p.grade)) as grade,
        greatest(n.vintage_on, p.vintage_on) as vintage_on,
        n.has_samples or p.has_samples as has_samples,
        'Computed: subscribers over the population of ' || p.source || ' (' || p.value::bigint || ').' as note
    from best as n
    inner join best as p
        on
            n.area_code = p.area_code
            and n.period_type = p.period_type
            and n.period_start = p.period_start
            and p.indicator = 'population_count'
    where n.indicator in ('mobile_subscribers_count', 'fixed_broadband_subscribers_count')
),

computed as (
    select * from differences
    union all by name
    select * from computed_rates
),

known as (
    select
        indicator,
        area_code,
        period_type,
        period_start,
        'published' as basis,
        value,
        obs_status,
        missing_kind,
        source,
        document,
        grade,
        vintage_on,
        source_count,
        has_samples,
        note
    from best
    union all by name
    select
        * exclude (computed_value),
        'computed' as basis,
        computed_value as value,
        'estimated' as obs_status
    from computed
    where computed_value is not null
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
