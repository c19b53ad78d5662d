-- Villages covered, not covered and in all by quarter, technology and current commune, the province too: by each
-- operator's own answers, and under `all` by the rule for all operators together.
{{ config(materialized='table') }}

with villages as (
    select
        quarter,
        operator,
        technology,
        area_code,
        reported_area_code,
        reported_area_name,
        is_covered,
        has_samples
    from {{ ref('int_village_answers') }}
    union all
    select
        quarter,
        'all' as operator,
        technology,
        area_code,
        reported_area_code,
        reported_area_name,
        is_covered,
        has_samples
    from {{ ref('int_village_states') }}
),

-- a village of a split commune counts in the province only
placed as (
    select
        v.* exclude (area_code),
        if(starts_with(v.area_code, 'unknown part'), '', v.area_code) as area_code
    from villages as v
)

select
    quarter,
    operator,
    technology,
    coalesce(area_code, '{{ var("province_code") }}') as area_code,
    count(*) as villages,
    count(*) filter (where is_covered) as villages_covered,
    count(*) filter (where not is_covered) as villages_not_covered,
    count(*) filter (where area_code = '') as villages_unplaced,
    count(*) filter (where is_covered is not null and area_code <> '') as villages_known_placed,
    count(distinct area_code) filter (where is_covered is not null and area_code <> '') as communes_reported,
    string_agg(
        distinct reported_area_code || ' ' || reported_area_name, '; '
        order by reported_area_code || ' ' || reported_area_name
    ) as reported_areas,
    coalesce(bool_or(has_samples), false) as has_samples
from placed
group by grouping sets ((quarter, operator, technology, area_code), (quarter, operator, technology))
