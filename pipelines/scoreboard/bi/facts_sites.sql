-- Base stations on the newest quarter with an inventory: each once, whatever its technologies; those of no known commune
-- have no area. The sum is the province's.
with newest as (
    select * from telecom_coverage
    where technology = 'mobile' and operator <> 'all' and sites is not null
    qualify period_start = max(period_start) over ()
)
select
    f.period_start as month,
    f.operator,
    coalesce(a.area_key, '') as area,
    a.area_key,
    f.obs_status,
    f.sites,
    f.has_samples
from newest as f
inner join dim_area as a on f.area_code = a.area_code and a.is_current
where a.area_level = 'commune'
union all
select f.period_start, f.operator, '', null, f.obs_status, f.sites_unplaced, f.has_samples
from newest as f
where f.sites_unplaced > 0
