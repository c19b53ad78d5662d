-- Digital society: the province's figures, or that it has none, with the nation's beside them.
{{ config(materialized='table') }}

select
    indicator,
    title_vi,
    title_en,
    area_code,
    period_type,
    period_start,
    basis,
    value,
    unit,
    obs_status,
    missing_kind,
    national_value,
    source,
    document,
    grade,
    vintage_on,
    cast(source_count as integer) as source_count,
    note
from {{ ref('int_pillar_figures') }}
where pillar = 'digital_society'
