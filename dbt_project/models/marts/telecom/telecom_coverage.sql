-- Base stations, cells seen by volunteers and coverage of villages: current commune, technology, operator and quarter.
-- A count is null where nobody reported, and 0 only where a complete list has none. *_reach_* and reach_* are modelled.
{{ config(materialized='table') }}

with populations as (
    {{ populations() }}
),

-- known of every commune or of none
drawn_areas as (
    select
        coalesce(area_code, '{{ var("province_code") }}') as area_code,
        sum(drawn_area_km2) as drawn_area_km2
    from {{ ref('int_commune_boundaries') }}
    group by grouping sets ((area_code), ())
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

-- an operator's sites of the technology in the province: whether all of them could be drawn
listed_sites as (
    select
        quarter,
        operator,
        technology,
        sites as sites_listed,
        sites_drawn
    from {{ ref('int_site_counts') }}
    where area_code = '{{ var("province_code") }}'
),

-- nothing where the operator answered on no village of the commune
answered_villages as (
    select * from {{ ref('int_village_counts') }}
    where operator = 'all' or villages_covered + villages_not_covered > 0
),

named_villages as (
    select * exclude (operator) from {{ ref('int_village_counts') }}
    where operator = 'all'
),

joined as (
    select
        g.*,
        p.* exclude (area_code),
        if(g.has_sites, coalesce(s.sites, 0), null) as sites,
        if(g.has_sites and g.is_province, coalesce(s.sites_unplaced, 0), null) as sites_unplaced,
        if(g.has_sites, coalesce(s.sites_disputed, 0), null) as sites_disputed,
        c.cells,
        v.villages_covered,
        v.villages_not_covered,
        v.villages_known_placed,
        if(g.has_villages, l.villages, null) as villages,
        if(g.has_villages and g.is_province, coalesce(l.villages_unplaced, 0), null) as villages_unplaced,
        if(g.has_villages and g.is_province, coalesce(v.communes_reported, 0), null) as communes_reported,
        if(g.has_villages and not g.is_province, l.reported_areas, null) as reported_areas,
        d.drawn_area_km2,
        -- nothing within reach of an inventory's sites is 0; of sites that cannot be drawn nothing is known
        if(
            g.has_sites and d.drawn_area_km2 is not null and coalesce(w.sites_drawn > 0, true),
            coalesce(r.sites_reach_km2, 0),
            null
        ) as sites_reach_km2,
        if(d.drawn_area_km2 is not null, r.cells_reach_km2, null) as cells_reach_km2,
        coalesce(w.sites_drawn < w.sites_listed, false) as has_undrawn,
        n.radius_m as reach_radius_m,
        coalesce(s.sites_schematic, 0) + coalesce(c.cells_schematic, 0) > 0 as has_schematic,
        coalesce(g.has_sites and g.has_sample_sites, false)
        or coalesce(c.has_samples, false) or coalesce(v.has_samples, false) or coalesce(l.has_samples, false)
            as has_samples
    from {{ ref('int_telecom_grid') }} as g
    left join populations as p using (area_code)
    left join {{ ref('int_site_counts') }} as s using (quarter, operator, technology, area_code)
    left join listed_sites as w using (quarter, operator, technology)
    left join {{ ref('int_cell_counts') }} as c using (quarter, operator, technology, area_code)
    left join answered_villages as v using (quarter, operator, technology, area_code)
    left join named_villages as l using (quarter, technology, area_code)
    left join drawn_areas as d using (area_code)
    left join reach as r using (quarter, operator, technology, area_code)
    left join {{ ref('technology_reach') }} as n using (technology)
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
    villages - coalesce(villages_covered + villages_not_covered, 0) as villages_unknown,
    villages_unplaced,
    communes_reported,
    round(100 * villages_covered / villages, 2) as villages_covered_least_pct,
    round(100 * (villages - villages_not_covered) / villages, 2) as villages_covered_most_pct,
    -- known in four of five communes, and in 19 of 20 of as many villages as were named in the quarter or the two years
    -- before: else the share is of another set of villages, or the unknown ones could move it
    if(is_province and operator = 'all', coalesce(
        5 * communes_reported >= 4 * (select count(*) from {{ ref('int_commune_boundaries') }})
        and 20 * villages_known_placed >= 19 * max(villages) over (
            partition by area_code, technology, operator
            order by quarter range between interval 2 year preceding and current row
        ),
        false
    ), null) as is_representative,
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
    inventories,
    cast(population as bigint) as population,
    population_as_of,
    population_source,
    case
        when sites is null and cells is null and villages_covered is null then 'missing'
        when has_schematic then 'estimated'
        else 'observed'
    end as obs_status,
    has_samples
from joined
