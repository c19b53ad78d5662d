-- Base stations, cells seen by volunteers and coverage of villages: commune of today, technology, operator and quarter.
-- A count is null where nobody told, and 0 only where somebody who listed everything listed none.
{{ config(materialized='table') }}

with technologies as (
    select unnest(['2G', '3G', '4G', '5G', 'fibre', 'mobile']) as technology
),

-- a site of no commune counts in the province only
sites as (
    select
        * exclude (area_code),
        unnest(list_append(technologies, 'mobile')) as technology,
        coalesce(area_code, '') as area_code
    from {{ ref('int_sites') }}
),

cells as (
    select
        c.quarter,
        c.operator,
        unnest([c.technology, 'mobile']) as technology,
        p.area_code,
        p.is_schematic
    from {{ ref('stg_opencellid_cells') }} as c
    inner join {{ ref('int_located_cells') }} as p on c.lon = p.lon and c.lat = p.lat
),

villages as (
    select * from {{ ref('int_village_coverage') }}
),

-- the villages that any report of the quarter names: who does not name one says nothing of it
listed as (
    select
        quarter,
        area_code,
        count(distinct village_key) as villages
    from villages
    group by all
),

-- who told what in which quarter
deliveries as (
    select distinct
        quarter,
        operator,
        'sites' as kind
    from {{ ref('stg_bts_inventory') }}
    union all
    select distinct
        quarter,
        operator,
        'cells' as kind
    from {{ ref('stg_opencellid_cells') }}
    union all
    select distinct
        quarter,
        operator,
        'villages' as kind
    from villages
),

told as (
    select
        quarter,
        operator,
        bool_or(kind = 'sites') as has_sites,
        bool_or(kind = 'villages') as has_villages
    from deliveries
    group by quarter, operator
),

tellers as (
    select
        *,
        cast(has_sites as integer) as inventories
    from told
    union all
    select
        quarter,
        'all' as operator,
        bool_or(has_sites) as has_sites,
        bool_or(has_villages) as has_villages,
        count(*) filter (where has_sites) as inventories
    from told
    group by quarter
),

counted_sites as (
    select
        quarter,
        coalesce(operator, 'all') as operator,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        count(*) as sites,
        count(*) filter (where located_by is null) as sites_unplaced,
        count(*) filter (where is_disputed) as sites_disputed,
        count(*) filter (where located_by = 'schematic') as sites_schematic
    from sites
    group by grouping sets (
        (quarter, operator, technology, area_code), (quarter, technology, area_code),
        (quarter, operator, technology), (quarter, technology)
    )
),

counted_cells as (
    select
        quarter,
        coalesce(operator, 'all') as operator,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        count(*) as cells,
        count(*) filter (where is_schematic) as cells_schematic
    from cells
    group by grouping sets (
        (quarter, operator, technology, area_code), (quarter, technology, area_code),
        (quarter, operator, technology), (quarter, technology)
    )
),

-- of all operators together: covered by one, not covered where all who spoke deny it, else unknown
village_states as (
    select
        quarter,
        operator,
        technology,
        area_code,
        village_key,
        is_covered
    from villages
    union all
    select
        quarter,
        'all' as operator,
        technology,
        area_code,
        village_key,
        case when bool_or(is_covered) then true when count(*) = count(is_covered) then false end as is_covered
    from villages
    group by quarter, technology, area_code, village_key
),

counted_villages as (
    select
        quarter,
        operator,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        count(*) filter (where is_covered) as villages_covered,
        count(*) filter (where not is_covered) as villages_not_covered
    from village_states
    group by grouping sets ((quarter, operator, technology, area_code), (quarter, operator, technology))
),

counted_listed as (
    select
        quarter,
        area_code,
        villages
    from listed
    union all
    select
        quarter,
        '{{ var("province_code") }}' as area_code,
        cast(sum(villages) as bigint) as villages
    from listed
    group by quarter
),

populations as (
    {{ populations() }}
),

areas as (
    {{ areas_of_today() }}
),

joined as (
    select
        a.area_code,
        a.area_name,
        t.technology,
        w.operator,
        w.quarter,
        w.inventories,
        p.population,
        p.population_as_of,
        p.population_source,
        case when w.has_sites and t.technology <> 'fibre' then coalesce(s.sites, 0) end as sites,
        case
            when w.has_sites and t.technology <> 'fibre' and a.area_code = '{{ var("province_code") }}'
                then coalesce(s.sites_unplaced, 0)
        end as sites_unplaced,
        case when w.has_sites and t.technology <> 'fibre' then coalesce(s.sites_disputed, 0) end as sites_disputed,
        c.cells,
        case
            when w.has_villages and l.villages is not null then coalesce(v.villages_covered, 0)
        end as villages_covered,
        case
            when w.has_villages and l.villages is not null then coalesce(v.villages_not_covered, 0)
        end as villages_not_covered,
        case
            when w.has_villages
                then l.villages - coalesce(v.villages_covered, 0) - coalesce(v.villages_not_covered, 0)
        end as villages_unknown,
        coalesce(s.sites_schematic, 0) + coalesce(c.cells_schematic, 0) > 0 as has_schematic
    from tellers as w
    cross join technologies as t
    cross join areas as a
    left join populations as p on a.area_code = p.area_code
    left join counted_sites as s
        on
            a.area_code = s.area_code and t.technology = s.technology
            and w.operator = s.operator and w.quarter = s.quarter
    left join counted_cells as c
        on
            a.area_code = c.area_code and t.technology = c.technology
            and w.operator = c.operator and w.quarter = c.quarter
    left join counted_villages as v
        on
            a.area_code = v.area_code and t.technology = v.technology
            and w.operator = v.operator and w.quarter = v.quarter
    left join counted_listed as l on a.area_code = l.area_code and w.quarter = l.quarter
)

select
    area_code,
    area_name,
    'quarter' as period_type,
    quarter as period_start,
    technology,
    operator,
    sites,
    sites_unplaced,
    sites_disputed,
    round(1000 * sites / population, 3) as sites_per_1000,
    cells,
    villages_covered,
    villages_not_covered,
    villages_unknown,
    round(
        100 * villages_covered / nullif(villages_covered + villages_not_covered, 0), 2
    ) as villages_covered_pct,
    round(
        100 * villages_covered / nullif(villages_covered + villages_not_covered + villages_unknown, 0), 2
    ) as villages_covered_least_pct,
    cast(inventories as bigint) as inventories,
    cast(population as bigint) as population,
    population_as_of,
    population_source,
    case
        when sites is null and cells is null and villages_covered is null then 'missing'
        when has_schematic then 'estimated'
        else 'observed'
    end as obs_status
from joined
