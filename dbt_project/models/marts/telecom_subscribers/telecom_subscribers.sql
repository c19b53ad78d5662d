-- Subscriptions as published, by service, area, period and source, and per 100 people of a population that is named.
{{ config(materialized='table') }}

with services (service, counted, per_100) as (
    values
    ('mobile', 'mobile_subscribers_count', 'mobile_subscribers_per_100'),
    ('mobile_broadband', 'mobile_broadband_subscribers_count', null),
    ('smartphone_data', 'smartphone_data_subscribers_count', null),
    ('fixed_broadband', 'fixed_broadband_subscribers_count', 'fixed_broadband_subscribers_per_100'),
    ('fixed_phone', 'fixed_phone_subscribers_count', null)
),

figures as (
    select * from {{ ref('int_statistics_judged') }} where is_latest
),

-- of one source its count and its rate are one row; where it gives both, evidence and status are those of the count
published as (
    select
        s.service,
        f.area_code,
        f.period_type,
        f.period_start,
        f.source,
        max(f.value) filter (where f.indicator = s.counted) as subscribers,
        max(f.value) filter (where f.indicator = s.per_100) as published_per_100,
        max_by(f.obs_status, f.indicator = s.counted) as obs_status,
        max_by(f.document, f.indicator = s.counted) as document,
        max_by(f.grade, f.indicator = s.counted) as grade,
        max_by(f.vintage_on, f.indicator = s.counted) as vintage_on,
        coalesce(bool_or(f.has_samples), false) as has_samples
    from services as s
    inner join figures as f on f.indicator in (s.counted, s.per_100)
    group by all
),

-- the population of that very period, or none; of several the better evidence, then the newer publication
populations as (
    select
        area_code,
        period_type,
        period_start,
        value as population,
        source as population_source,
        grade as population_grade,
        has_samples
    from figures
    where indicator = 'population_count' and value > 0
    qualify row_number() over (
        partition by area_code, period_type, period_start
        order by list_position(['A', 'A-copy', 'B', 'C', 'K'], grade) asc, vintage_on desc, source asc
    ) = 1
),

-- a service of which nobody gives the province's figure has a row without value
every as (
    select * from published
    union all by name
    select
        s.service,
        '{{ var("province_code") }}' as area_code,
        'year' as period_type,
        'missing' as obs_status,
        false as has_samples
    from services as s
    anti join published as p on s.service = p.service and p.area_code = '{{ var("province_code") }}'
)

select
    e.service,
    e.area_code,
    n.area_name,
    e.period_type,
    e.period_start,
    e.source,
    cast(e.subscribers as bigint) as subscribers,
    round(100 * e.subscribers / p.population, 2) as subscribers_per_100,
    e.published_per_100,
    cast(if(e.subscribers is not null, p.population, null) as bigint) as population,
    if(e.subscribers is not null, p.population_source, null) as population_source,
    if(e.subscribers is not null, p.population_grade, null) as population_grade,
    e.obs_status,
    e.document,
    e.grade,
    e.vintage_on,
    e.has_samples or (e.subscribers is not null and coalesce(p.has_samples, false)) as has_samples
from every as e
left join populations as p
    on e.area_code = p.area_code and e.period_type = p.period_type and e.period_start = p.period_start
{{ join_area_title('e.area_code', 'e.period_type', 'e.period_start') }}
