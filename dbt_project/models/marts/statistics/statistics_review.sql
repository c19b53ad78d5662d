-- Figures that are held until they are reviewed, beside the figure that stays active.
{{ config(materialized='table') }}

select
    j.indicator,
    j.area_code,
    n.area_name,
    j.period_type,
    j.period_start,
    j.source,
    j.vintage_on,
    j.vintage_precision,
    j.held_reason,
    j.value,
    j.unit,
    j.registered_unit,
    j.previous_value,
    j.previous_vintage_on,
    round(j.value - j.previous_value, 6) as revision,
    round(j.revision_limit, 6) as revision_limit,
    j.valid_min,
    j.valid_max,
    j.document,
    j.grade,
    j.note,
    j.version,
    j.obs_status,
    j.has_samples
from {{ ref('int_statistics_judged') }} as j
{{ join_area_title('j.area_code', 'j.period_type', 'j.period_start') }}
where j.held_reason <> 'rounding'
