-- Dossiers by month of receipt, agency and field: counts that can be added. On time: (early + on_time + in_process) / received.
select
    f.month,
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.obs_status,
    f.received,
    f.resolved,
    f.early,
    f.on_time,
    f.late,
    f.in_process,
    f.overdue,
    f.no_term,
    f.has_samples
from dossier_timeliness as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
order by month, agency_key, procedure_field_code
