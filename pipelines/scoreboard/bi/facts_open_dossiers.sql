-- Open dossiers on the last day of data: a state of one day, by agency and field.
select
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.as_of_date,
    f.obs_status,
    f.open_dossiers,
    f.overdue_over_30_days,
    f.overdue_8_to_30_days,
    f.overdue_1_to_7_days,
    f.due_today,
    f.due_in_1_to_3_days,
    f.due_in_4_to_7_days,
    f.due_later,
    f.without_term,
    f.has_samples
from dossier_ageing as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
