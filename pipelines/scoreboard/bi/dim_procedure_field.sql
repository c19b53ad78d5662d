-- The fields of procedures that facts name; `other` holds small ones of an office's month.
with named as (
    select procedure_field_code, procedure_field_name from dossier_timeliness
    union all
    select procedure_field_code, procedure_field_name from online_submission
    union all
    select procedure_field_code, procedure_field_name from online_payment
    union all
    select procedure_field_code, procedure_field_name from digitisation
    union all
    select procedure_field_code, procedure_field_name from dossier_ageing
)
select
    n.procedure_field_code,
    max(n.procedure_field_name) as procedure_field_name,
    any_value(f.name_en) as title_en,
    any_value(f.lead_body) as lead_body
from named as n
left join seed_procedure_fields as f on n.procedure_field_code = f.field_code
group by n.procedure_field_code
