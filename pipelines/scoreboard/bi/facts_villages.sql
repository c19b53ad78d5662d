-- Villages, each once, with what is known of every technology; the sum of `villages` is their number.
select
    concat_ws('|', g.area_code, g.reported_area_name, g.village_name) as village_key,
    any_value(a.area_key) as area_key,
    any_value(g.village_name) as village_name,
    max(g.coverage_status) filter (where g.technology = '2G') as status_2g,
    max(g.coverage_status) filter (where g.technology = '3G') as status_3g,
    max(g.coverage_status) filter (where g.technology = '4G') as status_4g,
    max(g.coverage_status) filter (where g.technology = '5G') as status_5g,
    max(g.coverage_status) filter (where g.technology = 'mobile') as status_mobile,
    max(g.coverage_status) filter (where g.technology = 'fibre') as status_fibre,
    cast(1 as integer) as villages,
    bool_or(g.has_samples) as has_samples
from coverage_gaps as g
left join dim_area as a on g.area_code = a.area_code and a.is_current
where g.level = 'village'
group by village_key
