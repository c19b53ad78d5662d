-- Dossiers by channel: counts that can be added. Share: online / received.
select
    f.month,
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.obs_status,
    f.received,
    f.online,
    f.in_person,
    f.by_post,
    f.full_service,
    f.partial_service,
    f.has_samples
from online_submission as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
order by month, agency_key, procedure_field_code
