-- Base stations, cells seen by volunteers and coverage of villages: current commune, technology, operator and quarter.
-- A count is null where nobody reported, and 0 only where a complete list has none. *_reach_* and reach_* are modelled.
{{ config(materialized='table') }}

select
    area_code,
    area_name,
    'quarter' as period_type,
    quarter as period_start,
    technology,
    operator,
    sites,
    sites_unplaced,
    sites_disputed,
    round(1000 * sites / population, 3) as sites_per_1000,
    cells,
    villages_covered,
    villages_not_covered,
    villages - coalesce(villages_covered + villages_not_covered, 0) as villages_unknown,
    villages_unplaced,
    communes_reported,
    round(100 * villages_covered / villages, 2) as villages_covered_least_pct,
    round(100 * (villages - villages_not_covered) / villages, 2) as villages_covered_most_pct,
    -- known in four of five communes, and in 19 of 20 of as many villages as were named in the quarter or the two years
    -- before: else the share is of another set of villages, or the unknown ones could move it
    if(is_province and operator = 'all', coalesce(
        5 * communes_reported >= 4 * (select count(*) from {{ ref('int_commune_boundaries') }})
        and 20 * villages_known_placed >= 19 * max(villages) over (
            partition by area_code, technology, operator
            order by quarter range between interval 2 year preceding and current row
        ),
        false
    ), null) as is_representative,
    reported_areas,
    round(sites_reach_km2, 2) as sites_reach_km2,
    round(100 * sites_reach_km2 / drawn_area_km2, 1) as sites_reach_pct,
    round(cells_reach_km2, 2) as cells_reach_km2,
    round(100 * cells_reach_km2 / drawn_area_km2, 1) as cells_reach_pct,
    round(drawn_area_km2, 2) as drawn_area_km2,
    reach_radius_m,
    case
        when technology = 'fibre' then 'not_modelled'
        when drawn_area_km2 is null then 'no_boundary'
        when sites_reach_km2 is null and cells_reach_km2 is null then 'unknown'
        when sites_reach_km2 is not null and has_undrawn then 'modelled_in_part'
        else 'modelled'
    end as reach_status,
    inventories,
    cast(population as bigint) as population,
    population_as_of,
    population_source,
    case
        when sites is null and cells is null and villages_covered is null then 'missing'
        when has_schematic then 'estimated'
        else 'observed'
    end as obs_status,
    has_samples
from {{ ref('int_telecom_measures') }}
