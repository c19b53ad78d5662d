-- Fetched figures as rows of statistics: those whose series is known, as often as they came. One whose unit is not the
-- expected one stays as published, in its published unit: the review holds it beside the active figure.
select
    indicator,
    area_code,
    period_type,
    period_start,
    if(series_state = 'mapped', value * factor, value) as value,
    case
        when series_state = 'mapped' then unit
        -- the registry's own unit under a label that nobody has looked at yet
        when lower(unit_label) = lower(unit) then unit_label || ' (nhãn mới)'
        else coalesce(unit_label, 'không ghi đơn vị')
    end as unit,
    obs_status,
    missing_kind,
    vintage_on,
    vintage_precision,
    publisher as source,
    document,
    grade,
    note,
    version
from {{ ref('int_statistic_series') }}
where series_state in ('mapped', 'unit_changed')
