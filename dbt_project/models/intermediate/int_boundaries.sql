-- Every boundary that a file has of a current commune, its area, and which are active. A set is the files of one
-- day; active is the newest set that has a plausible boundary of every commune; complete, since borders of two sets do
-- not meet, and between some boundaries and cells for the rest places would lie in no commune.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with communes as (
    {{ current_communes() }}
),

given as (
    select
        b.version,
        b.extracted_on,
        b.file_name,
        b.area_code,
        c.registry_area_km2,
        {{ geometry_of_rings('b.rings') }} as geometry
    from {{ ref('stg_boundaries') }} as b
    inner join communes as c on b.area_code = c.area_code
),

repaired as (
    select
        * exclude (geometry),
        not st_isvalid(geometry) as is_repaired,
        case when st_isvalid(geometry) then geometry else st_makevalid(geometry) end as geometry
    from given
),

measured as (
    select
        * exclude (geometry),
        {{ area_km2_of('geometry') }} as drawn_area_km2,
        st_aswkb(geometry) as geometry_wkb
    from repaired
),

-- lists of areas differ by up to a third of a commune; a border that is half of it off is drawn wrong
judged as (
    select
        *,
        coalesce(abs(drawn_area_km2 / registry_area_km2 - 1) <= 0.5, true) as is_plausible,
        row_number() over (partition by area_code order by version desc) = 1 as is_newest
    from measured
),

ranked as (
    select
        *,
        row_number() over (partition by extracted_on, area_code order by is_plausible desc, version desc) as rank_in_set
    from judged
),

whole as (
    select max(extracted_on) as extracted_on
    from (
        select extracted_on
        from ranked
        where is_plausible and rank_in_set = 1
        group by extracted_on
        having count(*) = (select count(*) from communes)
    ) as sets
)

select
    r.area_code,
    r.version,
    r.extracted_on,
    r.file_name,
    r.is_repaired,
    r.drawn_area_km2,
    r.registry_area_km2,
    r.is_plausible,
    r.is_newest,
    coalesce(r.rank_in_set = 1 and r.extracted_on = w.extracted_on, false) as is_in_force,
    r.geometry_wkb
from ranked as r
cross join whole as w
