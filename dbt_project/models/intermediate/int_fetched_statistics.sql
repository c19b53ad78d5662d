-- Fetched figures as rows of statistics: those whose series and unit are known, one row a figure and vintage.
select
    indicator,
    area_code,
    period_type,
    period_start,
    value * factor as value,
    unit,
    obs_status,
    missing_kind,
    vintage_on,
    publisher as source,
    document,
    grade,
    note,
    version
from {{ ref('int_statistic_series') }}
where series_state = 'mapped'
-- two series of one publisher may be one indicator, like the same file pulled and dropped under another name
qualify row_number() over (
    partition by indicator, area_code, period_type, period_start, source, vintage_on
    order by version desc
) = 1
