-- Digital society: the province's figures, or that it has none, with the nation's beside them.
{{ config(materialized='table') }}

select
    f.indicator,
    f.title_vi,
    f.title_en,
    f.area_code,
    n.area_name,
    f.period_type,
    f.period_start,
    f.basis,
    f.value,
    f.unit,
    f.obs_status,
    f.missing_kind,
    f.national_value,
    f.source,
    f.document,
    f.grade,
    f.vintage_on,
    cast(f.source_count as integer) as source_count,
    f.note,
    coalesce(f.has_samples, false) as has_samples
from {{ ref('int_pillar_figures') }} as f
{{ join_area_title('f.area_code', 'f.period_type', 'f.period_start') }}
where f.pillar = 'digital_society'
