-- Boundaries of the current communes, simplified for maps, with what their drawn area shows.
{{ config(materialized='table') }}

select
    area_code as commune_code,
    area_name as commune_name,
    geometry_wkt,
    is_schematic,
    is_repaired,
    source,
    newer_source,
    round(newer_area_difference_pct, 1) as newer_area_difference_pct,
    centroid_lon,
    centroid_lat,
    area_km2,
    round(drawn_area_km2, 2) as drawn_area_km2,
    round(100 * (drawn_area_km2 / area_km2 - 1), 1) as area_difference_pct,
    case
        when is_schematic then 'schematic'
        when area_km2 is null then 'unknown'
        when abs(drawn_area_km2 / area_km2 - 1) > 0.07 then 'differs'
        when area_spread_pct > 10 then 'disputed'
        else 'agrees'
    end as area_check
from {{ ref('int_commune_boundaries') }}
