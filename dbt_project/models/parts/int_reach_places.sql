-- Where masts and cells stand and how far each reaches, by quarter, operator and all of them, technology and all mobile
-- ones. Masts reach as far as seeds/technology_reach.csv assumes, cells as far as OpenCelliD estimates, but no further.
with located as (
    select
        'sites' as basis,
        quarter,
        operator,
        unnest(technologies) as technology,
        lon,
        lat,
        cast(null as bigint) as range_m
    from {{ ref('int_sites') }}
    -- coordinates in no commune (the sea) are not where the site is
    where lon is not null and lat is not null and not is_outside
    union all
    select
        'cells' as basis,
        quarter,
        operator,
        technology,
        lon,
        lat,
        range_m
    from {{ ref('stg_opencellid_cells') }}
    -- a range of 0 has no meaning; differences alone are some cells of unknown many
    where range_m > 0 and full_file_on is not null
)

select
    l.basis,
    l.quarter,
    o.operator,
    t.technology,
    l.lon,
    l.lat,
    max(least(coalesce(l.range_m, r.radius_m), r.radius_m)) as radius_m
from located as l
inner join {{ ref('technology_reach') }} as r on l.technology = r.technology
cross join unnest([l.operator, 'all']) as o (operator)
cross join unnest([l.technology, 'mobile']) as t (technology)
group by all
