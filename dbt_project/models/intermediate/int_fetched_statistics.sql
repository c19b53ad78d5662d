-- Fetched figures as rows of statistics: those whose series and unit are known, as often as they came.
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
