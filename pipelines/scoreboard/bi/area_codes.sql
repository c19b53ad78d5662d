-- Every code of an area once: the nation, provinces, units of both geographies, and what stands where there is no unit.
-- A code that two units had has the name of the newer one.
with named as (
    select area_code, valid_from, area_level, area_name from area_registry
    union all
    select
        area_code, cast(valid_from as date), if(area_code = 'VN', 'nation', 'province'), trim(concat_ws(' ', kind, name))
    from seed_provinces
    where area_code not in (select area_code from area_registry)
    union all
    select area_code, null, 'none', area_name from dossiers_by_commune
    where area_match <> 'exact'
)
select area_code, max_by(area_name, coalesce(valid_from, date '0001-01-01')) as area_name,
    max_by(area_level, coalesce(valid_from, date '0001-01-01')) as area_level
from named
group by area_code
