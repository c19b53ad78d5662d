-- The rows of telecom_coverage: quarter, operator that reported in it (all too), technology, and current area.
{{ config(materialized='view') }}

with areas as (
    {{ current_areas() }}
),

-- operators with an inventory, with answers on villages or with cells, by quarter
reporters as (
    select
        quarter,
        coalesce(operator, 'all') as operator,
        bool_or(kind = 'sites') as has_sites,
        bool_or(kind = 'villages') as has_villages,
        count(distinct operator) filter (where kind = 'sites') as inventories,
        coalesce(bool_or(has_samples) filter (where kind = 'sites'), false) as has_sample_sites
    from (
        select
            quarter,
            operator,
            'sites' as kind,
            has_samples
        from {{ ref('stg_bts_inventory') }}
        union
        select
            quarter,
            operator,
            'cells' as kind,
            false as has_samples
        from {{ ref('stg_opencellid_cells') }}
        union
        select
            quarter,
            operator,
            'villages' as kind,
            false as has_samples
        from {{ ref('int_village_answers') }}
    ) as reports
    group by grouping sets ((quarter, operator), (quarter))
)

select
    r.quarter,
    r.operator,
    t.technology,
    a.area_code,
    a.area_name,
    r.inventories,
    r.has_villages,
    r.has_sample_sites,
    r.has_sites and t.technology <> 'fibre' as has_sites,
    a.area_code = '{{ var("province_code") }}' as is_province
from reporters as r
cross join unnest(['2G', '3G', '4G', '5G', 'fibre', 'mobile']) as t (technology)
cross join areas as a
