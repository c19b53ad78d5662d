-- Cells of OpenCelliD by quarter, operator (all too), technology (mobile too) and current commune, the province too.
{{ config(materialized='view') }}

with cells as (
    select
        c.quarter,
        c.operator,
        unnest([c.technology, 'mobile']) as technology,
        p.area_code,
        p.is_schematic,
        c.has_samples
    from {{ ref('stg_opencellid_cells') }} as c
    inner join {{ ref('int_located_cells') }} as p on c.lon = p.lon and c.lat = p.lat
    -- before the first full file the cells are some of an unknown number
    where c.full_file_on is not null
)

select
    quarter,
    coalesce(operator, 'all') as operator,
    technology,
    coalesce(area_code, '{{ var("province_code") }}') as area_code,
    count(*) as cells,
    count(*) filter (where is_schematic) as cells_schematic,
    coalesce(bool_or(has_samples), false) as has_samples
from cells
group by grouping sets (
    (quarter, operator, technology, area_code), (quarter, technology, area_code),
    (quarter, operator, technology), (quarter, technology)
)
