-- The best figure of each indicator of a pillar, by area and period: published, and computed from what is published.
with figures as (
    select
        *,
        count(*) over of_one_period as source_count,
        row_number() over (
            partition by indicator, area_code, period_type, period_start
            -- a missing value is no better than any figure; then the better evidence, then the newer publication
            order by
                value is null asc,
                list_position(['A', 'A-copy', 'B', 'C', 'K'], grade) asc,
                vintage_on desc,
                source asc
        ) as place
    from {{ ref('int_statistics_judged') }}
    where is_latest
    window of_one_period as (partition by indicator, area_code, period_type, period_start)
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
    select * from differences  -- noqa: AM07
    union all by name
    select * from computed_rates
)

select  -- noqa: AM07
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
