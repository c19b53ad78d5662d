-- How much of each commune lies within reach of a mast or cell, modelled: discs around the places of an operator and
-- technology, those next door too, cut to the drawn boundary. A schematic cell is no boundary, so it has no row.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

-- metres around the middle of the province, true to area
with projection as (
    select '+proj=laea +datum=WGS84 +units=m +lat_0=' || avg(centroid_lat) || ' +lon_0=' || avg(centroid_lon) as metric
    from {{ ref('int_commune_boundaries') }}
),

communes as (
    select
        b.area_code,
        b.drawn_area_km2,
        st_transform(st_geomfromwkb(b.geometry_wkb), 'EPSG:4326', p.metric, always_xy := true) as geometry
    from {{ ref('int_commune_boundaries') }} as b
    cross join projection as p
    where not b.is_schematic
),

reaching as (
    select * from {{ ref('int_reach_places') }}
),

places as (
    select
        lon,
        lat,
        radius_m,
        row_number() over (order by lon, lat, radius_m) as place
    from reaching
    group by lon, lat, radius_m
),

discs as (
    select
        l.place,
        -- 64 corners: 0.2 % smaller than the circle
        st_buffer(
            st_transform(st_point(l.lon, l.lat), 'EPSG:4326', p.metric, always_xy := true), l.radius_m, 16
        ) as disc
    from places as l
    cross join projection as p
),

reached as (
    select
        c.area_code,
        d.place,
        d.disc
    from discs as d
    inner join communes as c on st_intersects(c.geometry, d.disc)
),

sets as (
    select
        a.basis,
        a.quarter,
        a.operator,
        a.technology,
        r.area_code,
        list(r.place order by r.place) as places
    from reaching as a
    inner join places as p on a.lon = p.lon and a.lat = p.lat and a.radius_m = p.radius_m
    inner join reached as r on p.place = r.place
    group by all
),

-- quarters, operators and technologies that share their places share one computation
different as (
    select distinct
        area_code,
        places
    from sets
),

members as (
    select
        area_code,
        places,
        unnest(places) as place
    from different
),

unions as (
    select
        d.area_code,
        d.places,
        st_union_agg(r.disc) as within_reach
    from members as d
    inner join reached as r on d.area_code = r.area_code and d.place = r.place
    group by d.area_code, d.places
),

shares as (
    select
        u.area_code,
        u.places,
        c.drawn_area_km2 * st_area(st_intersection(u.within_reach, c.geometry)) / st_area(c.geometry) as reach_km2
    from unions as u
    inner join communes as c on u.area_code = c.area_code
)

select
    s.quarter,
    s.operator,
    s.technology,
    s.area_code,
    max(h.reach_km2) filter (where s.basis = 'sites') as sites_reach_km2,
    max(h.reach_km2) filter (where s.basis = 'cells') as cells_reach_km2
from sets as s
inner join shares as h on s.area_code = h.area_code and s.places = h.places
group by s.quarter, s.operator, s.technology, s.area_code
