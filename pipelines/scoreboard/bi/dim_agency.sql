-- The agencies that facts name. Codes were used again on 1 July 2025: code and name together are one agency.
with named as (
    select agency_code, agency_name, agency_level, commune_code_today, month from dossier_timeliness
    union all
    select agency_code, agency_name, agency_level, commune_code_today, month from online_submission
    union all
    select agency_code, agency_name, agency_level, commune_code_today, month from online_payment
    union all
    select agency_code, agency_name, agency_level, commune_code_today, month from digitisation
    union all
    select agency_code, agency_name, agency_level, commune_code_today, as_of_date from dossier_ageing
    union all
    select agency_code, agency_name, null, null, period_start from reported_indicators
)
select
    concat_ws('|', n.agency_code, n.agency_name) as agency_key,
    n.agency_code,
    any_value(n.agency_name) as agency_name,
    max_by(n.agency_level, n.month) as agency_level,
    any_value(a.area_key) as area_key,
    min(n.month) as first_month,
    max(n.month) as last_month
from named as n
left join dim_area as a on n.commune_code_today = a.area_code and a.is_current
group by agency_key, n.agency_code
