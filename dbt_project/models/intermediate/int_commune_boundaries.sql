-- The territory of every current commune, as WKB: its active boundary, or while no set is complete, a schematic cell,
-- which is all places nearer to its centroid than to any other's, clipped 4 km outside the centroids' hull.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with communes as (
    {{ current_communes() }}
),

active as (
    select
        area_code,
        file_name,
        is_repaired,
        drawn_area_km2,
        st_geomfromwkb(geometry_wkb) as geometry
    from {{ ref('int_boundaries') }}
    where is_in_force
),

passed_over as (
    select
        area_code,
        file_name,
        100 * (drawn_area_km2 / registry_area_km2 - 1) as area_difference_pct
    from {{ ref('int_boundaries') }}
    where is_newest and not is_in_force
),

cells as (
    select
        unnest(st_dump(st_voronoidiagram(st_collect(list(st_point(lon, lat)))))).geom as cell,
        st_buffer(st_convexhull(st_collect(list(st_point(lon, lat)))), 0.04) as hull
    from communes
),

schematic as (
    select
        c.area_code,
        st_intersection(v.cell, v.hull) as geometry
    from communes as c
    inner join cells as v on st_contains(v.cell, st_point(c.lon, c.lat))
),

-- ground that two communes claim
claimed_twice as (
    select
        a.area_code,
        sum({{ area_km2_of('st_intersection(a.geometry, b.geometry)') }}) as overlap_km2
    from active as a
    inner join active as b on a.area_code <> b.area_code and st_intersects(a.geometry, b.geometry)
    group by a.area_code
),

chosen as (
    select
        c.area_code,
        c.area_name,
        c.registry_area_km2,
        c.area_spread_pct,
        c.lon,
        c.lat,
        m.area_code is null as is_schematic,
        coalesce(m.is_repaired, false) as is_repaired,
        coalesce(m.file_name, 'area_facts') as source,
        m.drawn_area_km2,
        coalesce(m.geometry, s.geometry) as geometry
    from communes as c
    left join active as m on c.area_code = m.area_code
    left join schematic as s on c.area_code = s.area_code
),

-- simplified together, so that neighbours keep one border; some 100 m
simplified as (
    select
        list(area_code order by area_code) as codes,
        unnest(st_dump(st_coveragesimplify(list(geometry order by area_code), 0.001))) as part
    from chosen
    where geometry is not null
),

-- the first step of a part's path is the unit; further ones are its islands
shown as (
    select
        codes[part.path[1]] as area_code,
        st_collect(list(part.geom)) as geometry
    from simplified
    group by all
)

select
    c.area_code,
    c.area_name,
    c.is_schematic,
    c.is_repaired,
    c.source,
    p.file_name as newer_source,
    p.area_difference_pct as newer_area_difference_pct,
    c.registry_area_km2 as area_km2,
    c.area_spread_pct,
    c.drawn_area_km2,
    case when not c.is_schematic then coalesce(o.overlap_km2, 0) end as overlap_km2,
    coalesce(c.lon, st_x(st_centroid(c.geometry))) as centroid_lon,
    coalesce(c.lat, st_y(st_centroid(c.geometry))) as centroid_lat,
    st_aswkb(c.geometry) as geometry_wkb,
    st_astext(st_reduceprecision(s.geometry, 0.0001)) as geometry_wkt
from chosen as c
left join shown as s on c.area_code = s.area_code
left join passed_over as p on c.area_code = p.area_code
left join claimed_twice as o on c.area_code = o.area_code
