-- Published figures with every publication of them: a revision is a row of its own and never overwrites.
{{ config(materialized='table') }}

select
    j.indicator,
    i.pillar,
    i.title_vi,
    i.title_en,
    j.area_code,
    n.area_name,
    j.period_type,
    j.period_start,
    j.value,
    j.qualifier,
    j.unit,
    j.obs_status,
    j.missing_kind,
    j.source,
    j.vintage_on,
    j.vintage_precision,
    j.is_latest,
    cast(j.revision_no as integer) as revision_no,
    j.previous_value,
    -- a difference of printed figures has no more decimals than they have
    round(j.value - j.previous_value, 6) as revision,
    j.is_accepted,
    j.document,
    j.grade,
    j.note,
    j.version,
    j.has_samples
from {{ ref('int_statistics_judged') }} as j
inner join {{ ref('indicators') }} as i on j.indicator = i.indicator
{{ join_area_title('j.area_code', 'j.period_type', 'j.period_start') }}
where j.held_reason is null
