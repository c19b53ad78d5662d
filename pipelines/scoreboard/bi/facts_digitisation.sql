-- Digitised dossiers: counts that can be added.
select
    f.month,
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.obs_status,
    f.received,
    f.e_result,
    f.digitised,
    f.reused,
    f.from_personal_store,
    f.population_data,
    f.has_samples
from digitisation as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
order by month, agency_key, procedure_field_code
