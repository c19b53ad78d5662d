-- Figures that are not in force until somebody has looked at them, beside the figure that stays in force.
{{ config(materialized='table') }}

select
    indicator,
    area_code,
    period_type,
    period_start,
    source,
    vintage_on,
    held_reason,
    value,
    unit,
    registered_unit,
    previous_value,
    previous_vintage_on,
    round(value - previous_value, 6) as revision,
    round(revision_limit, 6) as revision_limit,
    valid_min,
    valid_max,
    document,
    grade,
    note,
    version
from {{ ref('int_statistics_judged') }}
where held_reason is not null
