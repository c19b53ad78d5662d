-- One row per figure that an agency answered: the active report. A blank cell answers nothing and replaces nothing.
select
    indicator,
    area_code,
    agency_code,
    period_type,
    period_start,
    period_end,
    value,
    value_status,
    note,
    extracted_on as reported_on,
    min(extracted_on) over figure as first_reported_on,
    version
from {{ source('raw', 'reported_indicators') }}
where value_status is not null
window figure as (partition by indicator, area_code, agency_code, period_start)
qualify row_number() over (partition by indicator, area_code, agency_code, period_start order by version desc) = 1
