-- The communes that every tile lies in, each with its part of the tile's area: the parts lie side by side between 0 and
-- 1, as in int_area_weights. What lies in no commune (the sea, a neighbour) is in no part. Without boundaries the
-- schematic cell that holds the tile's middle has the whole tile.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with tiles as (
    select distinct
        quadkey,
        lon,
        lat,
        st_makeenvelope(
            {{ quadkey_lon('quadkey', 0) }}, {{ quadkey_lat('quadkey', 1) }},
            {{ quadkey_lon('quadkey', 1) }}, {{ quadkey_lat('quadkey', 0) }}
        ) as tile
    from {{ ref('stg_ookla_tiles') }}
),

points as (
    select
        lon,
        lat
    from tiles
),

middles as (
    {{ located('points') }}
),

boundaries as (
    select
        area_code,
        st_geomfromwkb(geometry_wkb) as geometry
    from {{ ref('int_commune_boundaries') }}
    where not is_schematic
),

drawn as (
    select
        t.quadkey,
        b.area_code,
        case
            when st_contains(b.geometry, t.tile) then 1
            else st_area(st_intersection(b.geometry, t.tile)) / st_area(t.tile)
        end as weight
    from tiles as t
    inner join boundaries as b on st_intersects(b.geometry, t.tile)
),

schematic as (
    select
        t.quadkey,
        m.area_code,
        1 as weight
    from tiles as t
    inner join middles as m on t.lon = m.lon and t.lat = m.lat
    where m.is_schematic
),

parts as (
    select
        quadkey,
        area_code,
        -- where boundaries overlap the communes share it: a tile has no more tests than its own
        weight / greatest(1, sum(weight) over (partition by quadkey)) as weight,
        false as is_schematic
    from drawn
    union all
    select
        *,
        true as is_schematic
    from schematic
),

marks as (
    select
        *,
        sum(weight) over (partition by quadkey order by area_code) as weight_to
    from parts
    where weight > 0
)

select
    p.quadkey,
    p.area_code,
    p.is_schematic,
    m.area_code is not null as has_middle,
    p.weight_to - p.weight as weight_from,
    p.weight_to
from marks as p
inner join tiles as t on p.quadkey = t.quadkey
left join middles as m on t.lon = m.lon and t.lat = m.lat and p.area_code = m.area_code
