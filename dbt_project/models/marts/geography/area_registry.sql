-- Every administrative unit with the time it was valid, what it came from and became, and the preferred figures of
-- its population and area: what a reader needs to follow a place through the merger of 1 July 2025.
{{ config(materialized='table') }}

with units as (
    select * from {{ ref('areas') }}
),

pairs as (
    select * from {{ ref('area_crosswalk') }}
),

came_from as (
    select
        new_code,
        new_valid_from,
        string_agg(old_code, ' ' order by old_code) as codes
    from pairs
    group by new_code, new_valid_from
),

became as (
    select
        old_code,
        old_valid_from,
        string_agg(new_code, ' ' order by new_code) as codes,
        case when count(*) > 1 then 'split' else min(relation) end as relation
    from pairs
    group by old_code, old_valid_from
),

figures as (
    select
        area_code,
        valid_from,
        max(value) filter (where fact = 'population') as population,
        max(source) filter (where fact = 'population') as population_source,
        max(as_of) filter (where fact = 'population') as population_as_of,
        max(grade) filter (where fact = 'population') as population_grade,
        max(value) filter (where fact = 'area_km2') as area_km2,
        max(source) filter (where fact = 'area_km2') as area_source,
        max(grade) filter (where fact = 'area_km2') as area_grade
    from {{ ref('area_facts') }}
    where is_preferred
    group by area_code, valid_from
)

select
    u.area_code,
    u.valid_from,
    u.valid_to,
    u.level as area_level,
    u.kind || ' ' || u.name as area_name,
    u.parent_code,
    coalesce(c.codes, '') as came_from_codes,
    coalesce(b.codes, '') as became_codes,
    coalesce(b.relation, '') as became_relation,
    cast(f.population as bigint) as population,
    f.population_as_of,
    coalesce(f.population_source, '') as population_source,
    coalesce(f.population_grade, '') as population_grade,
    f.area_km2,
    coalesce(f.area_source, '') as area_source,
    coalesce(f.area_grade, '') as area_grade,
    u.source,
    u.grade
from units as u
left join came_from as c on u.area_code = c.new_code and u.valid_from = c.new_valid_from
left join became as b on u.area_code = b.old_code and u.valid_from = b.old_valid_from
left join figures as f on u.area_code = f.area_code and u.valid_from = f.valid_from
