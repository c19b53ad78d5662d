-- Base stations by quarter, operator (all too), technology (mobile too) and current commune; the province's row has
-- those of no known commune too.
{{ config(materialized='view') }}

with sites as (
    select
        * exclude (area_code),
        unnest(list_append(technologies, 'mobile')) as technology,
        coalesce(area_code, '') as area_code
    from {{ ref('int_sites') }}
)

select
    quarter,
    coalesce(operator, 'all') as operator,
    technology,
    coalesce(area_code, '{{ var("province_code") }}') as area_code,
    count(*) as sites,
    count(*) filter (where located_by is null) as sites_unplaced,
    count(*) filter (where is_disputed) as sites_disputed,
    count(*) filter (where located_by = 'schematic') as sites_schematic,
    -- without coordinates, or with coordinates in no commune, a site cannot be drawn
    count(*) filter (where lon is not null and lat is not null and not is_outside) as sites_drawn
from sites
group by grouping sets (
    (quarter, operator, technology, area_code), (quarter, technology, area_code),
    (quarter, operator, technology), (quarter, technology)
)
