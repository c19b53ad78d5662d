-- What moved between two publications of one figure by one source, and by how much.
{{ config(materialized='table') }}

with publications as (
    select
        *,
        lag(vintage_on) over (
            partition by indicator, area_code, period_type, period_start, source order by vintage_on
        ) as previous_vintage_on,
        first_value(value) over (
            partition by indicator, area_code, period_type, period_start, source order by vintage_on
        ) as first_value
    from {{ ref('statistics') }}
)

select
    indicator,
    title_vi,
    title_en,
    area_code,
    area_name,
    period_type,
    period_start,
    source,
    revision_no,
    previous_vintage_on,
    vintage_on,
    vintage_precision,
    previous_value,
    value,
    unit,
    revision,
    round(100 * revision / nullif(previous_value, 0), 4) as revision_pct,
    first_value,
    round(value - first_value, 6) as revision_since_first,
    is_latest,
    obs_status,
    has_samples
from publications
where revision_no > 0
