-- Which former unit went into which current one, and how large the part is where it was split.
select
    old_code || '@' || old_valid_from as old_area_key,
    new_code || '@' || new_valid_from as new_area_key,
    relation,
    cast(part_population as bigint) as part_population,
    cast(part_area_km2 as double) as part_area_km2,
    source
from seed_area_crosswalk
