-- The commune of every place that a telecom feed names: the boundary that holds it, or where there is none, the
-- schematic cell. What lies in no commune (the sea, a neighbour) has no row.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with points as (
    select
        lon,
        lat
    from {{ ref('stg_bts_inventory') }}
    where lon is not null and lat is not null
    union
    select
        lon,
        lat
    from {{ ref('stg_opencellid_cells') }}
    union
    select
        lon,
        lat
    from {{ ref('stg_ookla_tiles') }}
),

territories as (
    select
        area_code,
        is_schematic,
        st_geomfromwkb(geometry_wkb) as geometry
    from {{ ref('int_commune_boundaries') }}
)

select
    p.lon,
    p.lat,
    t.area_code,
    t.is_schematic
from points as p
inner join territories as t on st_intersects(t.geometry, st_point(p.lon, p.lat))
-- on a border two communes hold it
qualify row_number() over (partition by p.lon, p.lat order by t.is_schematic, t.area_code) = 1
