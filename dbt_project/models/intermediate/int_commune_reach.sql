-- How much of each commune lies within reach of a mast or cell, modelled: discs around the places of an operator and
-- technology, those next door too, cut to the drawn boundary. A schematic cell is no boundary, so it has no row.
-- Masts reach as far as seeds/technology_reach.csv assumes, cells as far as OpenCelliD estimates, but no further.
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

located as (
    select
        'sites' as basis,
        quarter,
        operator,
        unnest(technologies) as technology,
        lon,
        lat,
        cast(null as bigint) as range_m
    from {{ ref('int_sites') }}
    -- coordinates in no commune (the sea) are not where the site is
    where lon is not null and lat is not null and not is_outside
    union all
    select
        'cells' as basis,
        quarter,
        operator,
        technology,
        lon,
        lat,
        range_m
    from {{ ref('stg_opencellid_cells') }}
    -- a range of 0 has no meaning; differences alone are some cells of unknown many
    where range_m > 0 and full_file_on is not null
),

of_technology as (
    select
        l.basis,
        l.quarter,
        l.operator,
        l.technology,
        l.lon,
        l.lat,
        max(least(coalesce(l.range_m, t.radius_m), t.radius_m)) as radius_m
    from located as l
    inner join {{ ref('technology_reach') }} as t on l.technology = t.technology
    group by all
),

of_any as (
    select * from of_technology
    union all
    select
        basis,
        quarter,
        operator,
        'mobile' as technology,
        lon,
        lat,
        max(radius_m) as radius_m
    from of_technology
    group by all
),

of_all as (
    select * from of_any
    union all
    select
        basis,
        quarter,
        'all' as operator,
        technology,
        lon,
        lat,
        max(radius_m) as radius_m
    from of_any
    group by all
),

places as (
    select
        lon,
        lat,
        radius_m,
        row_number() over (order by lon, lat, radius_m) as place
    from of_all
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
    from of_all as a
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
