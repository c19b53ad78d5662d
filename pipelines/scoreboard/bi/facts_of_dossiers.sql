-- Dossiers by month, agency and field: the counts of {mart} that can be added.
select
    f.month,
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.obs_status,
    {counts},
    f.has_samples
from {mart} as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
