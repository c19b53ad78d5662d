-- Payments: counts that can be added. Share: paid_online / with_obligation.
select
    f.month,
    concat_ws('|', f.agency_code, f.agency_name) as agency_key,
    f.procedure_field_code,
    a.area_key,
    f.obs_status,
    f.received,
    f.with_obligation,
    f.paid_online,
    f.has_samples
from online_payment as f
left join dim_area as a on f.commune_code_today = a.area_code and a.is_current
order by month, agency_key, procedure_field_code
