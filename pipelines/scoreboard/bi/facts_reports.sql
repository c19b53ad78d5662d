-- Reports that agencies owe, each once: received, late or missing.
select
    r.indicator,
    r.area_code,
    r.agency_code,
    r.period_type,
    r.period_start as month,
    concat_ws('|', r.agency_code, r.agency_name) as agency_key,
    r.report_status,
    r.due_on,
    r.reported_on,
    r.obs_status,
    cast(1 as integer) as reports,
    r.has_samples
from reported_indicators as r
