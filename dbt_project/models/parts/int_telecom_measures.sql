-- What is known of a commune, technology, operator and quarter of int_telecom_grid: base stations, cells seen by
-- volunteers, villages, area within reach. A count is null where nobody reported, and 0 where a complete list has none.
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
)

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
