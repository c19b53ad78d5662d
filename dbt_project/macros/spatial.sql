{#
  Geometry is computed by DuckDB's spatial extension. Only models that need it load it, as a pre-hook: that costs 0.2 s,
  once per build. No table holds a column of the extension's own types, so that the warehouse opens
  without it: geometry is kept as WKT in varchar or WKB in blob.
#}
{% macro load_spatial() -%}
    load '{{ env_var("HATINH_DBT_SPATIAL", "spatial") }}'
{%- endmacro %}

{# A multipolygon from rings as lists (parts, rings, positions). #}
{% macro geometry_of_rings(rings) -%}
    st_geomfromgeojson(json_object('type', 'MultiPolygon', 'coordinates', {{ rings }})::varchar)
{%- endmacro %}

{# Area in km² on the ellipsoid; the function wants latitude first. #}
{% macro area_km2_of(geometry) -%}
    st_area_spheroid(st_flipcoordinates({{ geometry }})) / 1e6
{%- endmacro %}

{# Current communes: one row per unit, with its preferred facts, and how far the lists of areas are apart. #}
{% macro current_communes() -%}
    select
        a.area_code,
        a.kind || ' ' || a.name as area_name,
        any_value(f.value) filter (where f.fact = 'area_km2' and f.is_preferred) as registry_area_km2,
        100 * (
            max(f.value) filter (where f.fact = 'area_km2') / min(f.value) filter (where f.fact = 'area_km2') - 1
        ) as area_spread_pct,
        any_value(f.value) filter (where f.fact = 'centroid_lon' and f.is_preferred) as lon,
        any_value(f.value) filter (where f.fact = 'centroid_lat' and f.is_preferred) as lat
    from {{ ref('areas') }} as a
    left join {{ ref('area_facts') }} as f on a.area_code = f.area_code and a.valid_from = f.valid_from
    where a.level = 'commune' and a.valid_to is null
    group by all
{%- endmacro %}

{#
  The commune of each point (lon, lat) of a relation: the boundary or, where none are known, the schematic cell that
  holds it. What lies in no commune (the sea, a neighbour) has no row. One model a licence: who counts base stations must
  not come to depend on tiles whose terms are other ones.
#}
{% macro located(points) -%}
    select
        p.lon,
        p.lat,
        t.area_code,
        t.is_schematic
    from {{ points }} as p
    inner join {{ ref('int_commune_boundaries') }} as t
        on st_intersects(st_geomfromwkb(t.geometry_wkb), st_point(p.lon, p.lat))
    -- on a border two communes hold it
    qualify row_number() over (partition by p.lon, p.lat order by t.area_code) = 1
{%- endmacro %}
