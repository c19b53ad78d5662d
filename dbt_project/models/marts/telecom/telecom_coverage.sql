-- Base stations, cells seen by volunteers and coverage of villages: commune of today, technology, operator and quarter.
-- A count is null where nobody told, and 0 only where somebody who listed everything listed none. What is modelled
-- stands in columns of its own (*_reach_*, reach_*).
{{ config(materialized='table') }}

with areas as (
    {{ areas_of_today() }}
),

technologies as (
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
    -- differences alone are some cells of unknown many
    where c.full_file_on is not null
),

-- a village of no commune of today counts in the province only
villages as (
    select
        v.* exclude (area_code),
        coalesce(a.area_code, '') as area_code
    from {{ ref('int_village_coverage') }} as v
    left join areas as a on v.area_code = a.area_code
    where v.is_told and not v.is_left_behind
),

-- the villages that any report in force names: who does not name one says nothing of it
listed as (
    select
        s.quarter,
        s.technology,
        s.is_covered,
        s.reported_area_code,
        s.reported_area_name,
        coalesce(a.area_code, '') as area_code
    from {{ ref('int_village_states') }} as s
    left join areas as a on s.area_code = a.area_code
),

-- who told what in which quarter; of villages the last word counts for a year
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

-- masts without coordinates, or with such as lie in no commune, cannot be drawn: of a province with some of them the
-- area is a part
drawn_sites as (
    select
        quarter,
        coalesce(operator, 'all') as operator,
        technology,
        count(*) as sites,
        count(*) filter (where lon is not null and lat is not null and not is_outside) as drawn
    from sites
    group by grouping sets ((quarter, operator, technology), (quarter, technology))
),

-- known of every commune or of none
drawn_areas as (
    select
        area_code,
        drawn_area_km2
    from {{ ref('int_commune_boundaries') }}
    union all
    select
        '{{ var("province_code") }}' as area_code,
        sum(drawn_area_km2) as drawn_area_km2
    from {{ ref('int_commune_boundaries') }}
),

reach as (
    select
        quarter,
        operator,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        sum(sites_reach_km2) as sites_reach_km2,
        sum(cells_reach_km2) as cells_reach_km2
    from {{ ref('int_commune_reach') }}
    group by grouping sets ((quarter, operator, technology, area_code), (quarter, operator, technology))
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

village_states as (
    select
        quarter,
        operator,
        technology,
        area_code,
        is_covered
    from villages
    union all
    select
        quarter,
        'all' as operator,
        technology,
        area_code,
        is_covered
    from listed
),

counted_villages as (
    select
        quarter,
        operator,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        count(*) filter (where is_covered) as villages_covered,
        count(*) filter (where not is_covered) as villages_not_covered,
        count(*) filter (where is_covered is not null and area_code <> '') as villages_known_placed,
        count(distinct area_code) filter (where is_covered is not null and area_code <> '') as communes_reported
    from village_states
    group by grouping sets ((quarter, operator, technology, area_code), (quarter, operator, technology))
),

counted_listed as (
    select
        quarter,
        technology,
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        count(*) as villages,
        count(*) filter (where area_code = '') as villages_unplaced,
        string_agg(
            distinct reported_area_code || ' ' || reported_area_name, '; '
            order by reported_area_code || ' ' || reported_area_name
        ) as reported_areas
    from listed
    group by grouping sets ((quarter, technology, area_code), (quarter, technology))
),

populations as (
    {{ populations() }}
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
        -- null where the operator named no village of the commune
        v.villages_covered,
        v.villages_not_covered,
        v.villages_known_placed,
        case
            when w.has_villages
                then l.villages - coalesce(v.villages_covered, 0) - coalesce(v.villages_not_covered, 0)
        end as villages_unknown,
        case
            when w.has_villages and a.area_code = '{{ var("province_code") }}' then coalesce(l.villages_unplaced, 0)
        end as villages_unplaced,
        case
            when w.has_villages and a.area_code = '{{ var("province_code") }}' then coalesce(v.communes_reported, 0)
        end as communes_reported,
        case
            when w.has_villages and a.area_code <> '{{ var("province_code") }}' then l.reported_areas
        end as reported_areas,
        g.drawn_area_km2,
        -- nothing within reach of the masts of an inventory is 0; of masts that cannot be drawn nothing is known
        case
            when g.drawn_area_km2 is null or not w.has_sites or t.technology = 'fibre' then null
            when d.drawn = 0 then null
            else coalesce(r.sites_reach_km2, 0)
        end as sites_reach_km2,
        case when g.drawn_area_km2 is not null then r.cells_reach_km2 end as cells_reach_km2,
        coalesce(d.drawn < d.sites, false) as has_undrawn,
        n.radius_m as reach_radius_m,
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
    left join counted_listed as l
        on a.area_code = l.area_code and t.technology = l.technology and w.quarter = l.quarter
    left join drawn_areas as g on a.area_code = g.area_code
    left join drawn_sites as d
        on t.technology = d.technology and w.operator = d.operator and w.quarter = d.quarter
    left join reach as r
        on
            a.area_code = r.area_code and t.technology = r.technology
            and w.operator = r.operator and w.quarter = r.quarter
    left join {{ ref('technology_reach') }} as n on t.technology = n.technology
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
    villages_unplaced,
    communes_reported,
    round(
        100 * villages_covered / nullif(villages_covered + villages_not_covered, 0), 2
    ) as villages_covered_pct,
    round(
        100 * villages_covered / nullif(villages_covered + villages_not_covered + villages_unknown, 0), 2
    ) as villages_covered_least_pct,
    -- known in four of five communes, and of 19 in 20 villages named in the quarter or the two years before: else the
    -- share is of another whole, or what is not known could move it; a denial is unknown sooner than a yes, and a
    -- village of no commune may stand a second time in one
    case
        when area_code = '{{ var("province_code") }}' and operator = 'all'
            then coalesce(
                5 * communes_reported >= 4 * (select count(*) - 1 from areas)
                and 20 * villages_known_placed >= 19 * max(
                    villages_covered + villages_not_covered + villages_unknown
                ) over (
                    partition by area_code, technology, operator
                    order by quarter range between interval 2 year preceding and current row
                ),
                false
            )
    end as is_representative,
    reported_areas,
    round(sites_reach_km2, 2) as sites_reach_km2,
    round(100 * sites_reach_km2 / drawn_area_km2, 1) as sites_reach_pct,
    round(cells_reach_km2, 2) as cells_reach_km2,
    round(100 * cells_reach_km2 / drawn_area_km2, 1) as cells_reach_pct,
    round(drawn_area_km2, 2) as drawn_area_km2,
    reach_radius_m,
    case
        when technology = 'fibre' then 'not_modelled'
        when drawn_area_km2 is null then 'no_boundary'
        when sites_reach_km2 is null and cells_reach_km2 is null then 'unknown'
        when sites_reach_km2 is not null and has_undrawn then 'modelled_in_part'
        else 'modelled'
    end as reach_status,
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
