-- Every unit of both geographies, before and since 1 July 2025, with the current one that it leads to.
select
    area_code || '@' || valid_from as area_key,
    area_code,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    area_level,
    area_name,
    parent_code,
    -- of a unit that was split no single one
    case
        when valid_to is null then area_key
        when became_codes <> '' and not contains(became_codes, ' ')
            then (
                select n.area_code || '@' || n.valid_from from area_registry as n
                where n.area_code = a.became_codes and n.valid_to is null
            )
    end as current_area_key,
    population,
    population_as_of,
    area_km2
from area_registry as a
