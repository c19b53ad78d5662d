-- The territory of every commune of today, as WKB: its newest boundary, once every commune has one, else a schematic
-- cell, which is all places nearer to its centroid than to any other's, cut off 4 km outside the centroids' hull.
-- Boundaries of some are not mixed with cells of the others: places between them would lie in no commune.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with communes as (
    {{ communes_of_today() }}
),

given as (
    select
        area_code,
        file_name,
        {{ geometry_of_rings('rings') }} as geometry
    from {{ ref('stg_boundaries') }}
    where area_code in (select area_code from communes)
    qualify count(*) over () = (select count(*) from communes)
),

mended as (
    select
        area_code,
        file_name,
        not st_isvalid(geometry) as is_repaired,
        case when st_isvalid(geometry) then geometry else st_makevalid(geometry) end as geometry
    from given
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
    from mended as a
    inner join mended as b on a.area_code <> b.area_code and st_intersects(a.geometry, b.geometry)
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
        coalesce(m.geometry, s.geometry) as geometry
    from communes as c
    left join mended as m on c.area_code = m.area_code
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
    c.registry_area_km2 as area_km2,
    c.area_spread_pct,
    case when not c.is_schematic then {{ area_km2_of('c.geometry') }} end as drawn_area_km2,
    case when not c.is_schematic then coalesce(o.overlap_km2, 0) end as overlap_km2,
    coalesce(c.lon, st_x(st_centroid(c.geometry))) as centroid_lon,
    coalesce(c.lat, st_y(st_centroid(c.geometry))) as centroid_lat,
    st_aswkb(c.geometry) as geometry_wkb,
    st_astext(st_reduceprecision(s.geometry, 0.0001)) as geometry_wkt
from chosen as c
left join shown as s on c.area_code = s.area_code
left join claimed_twice as o on c.area_code = o.area_code
