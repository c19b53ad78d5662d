-- Base stations with their commune: a drawn boundary decides, then what the operator states, a schematic cell last.
{{ config(materialized='table') }}

with sites as (
    select
        s.*,
        p.area_code as drawn_code,
        p.is_schematic,
        s.lon is not null and s.lat is not null and p.area_code is null as is_outside,
        {{ current_commune() }} as stated_code
    from {{ ref('stg_bts_inventory') }} as s
    left join {{ ref('int_located_cells') }} as p on s.lon = p.lon and s.lat = p.lat
    {{ join_stated_commune('s.commune_code', 's.commune_name', 's.extracted_on') }}
)

select
    quarter,
    operator,
    site_code,
    technologies,
    case
        when drawn_code is not null and not is_schematic then drawn_code
        else coalesce(stated_code, drawn_code)
    end as area_code,
    case
        when drawn_code is not null and not is_schematic then 'boundary'
        when stated_code is not null then 'stated'
        when drawn_code is not null then 'schematic'
    end as located_by,
    lon,
    lat,
    is_outside,
    stated_code is not null
    and (is_outside or coalesce(not is_schematic and drawn_code <> stated_code, false)) as is_disputed
from sites
-- the last day of the inventory's quarter is not over for a site that goes on air later
where is_active and coalesce(on_air_date, extracted_on) <= extracted_on
