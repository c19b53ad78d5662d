-- Values that agencies report; a report that has not come is no value.
select
    indicator,
    area_code,
    period_type,
    period_start,
    value,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    obs_status,
    'reported' as basis,
    agency_name as source,
    -- a report without grade is one of the samples
    if(grade is null, {{ sample_document() }}, null) as document,
    grade,
    reported_on as vintage_on,
    cast(null as date) as last_month
from {{ ref('int_reports') }}
