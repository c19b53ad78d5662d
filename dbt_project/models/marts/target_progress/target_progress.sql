-- Each target beside the values of its indicator by year: distance, required and actual pace, the path, the verdict.
-- The verdict is `status`; its parts are int_target_points (met or not) and int_target_paces (how fast).
{{ config(materialized='table') }}

with late_reports as (
    select distinct indicator
    from {{ ref('reported_indicators') }}
    where report_status = 'missing'
)

select
    p.target_id,
    p.pillar,
    l.position as pillar_position,
    l.title_vi as pillar_vi,
    l.title_en as pillar_en,
    p.title_vi,
    p.title_en,
    p.indicator,
    -- targets of one mark, whoever asks for it
    concat_ws('|', p.indicator, p.measured_for, p.target_value, p.target_year) as mark_key,
    p.level,
    p.direction,
    p.unit,
    p.area_code,
    n.area_name,
    p.period_type,
    p.period_start,
    p.year,
    p.last_month,
    p.value_indicator,
    p.value,
    p.qualifier,
    p.numerator,
    p.denominator,
    p.obs_status,
    p.certainty,
    p.difference_vi,
    p.difference_en,
    p.basis,
    p.value_source,
    p.value_document,
    p.value_grade,
    p.vintage_on,
    p.is_comparable,
    coalesce(b.base_value, p.baseline_value, p.value) as baseline_value,
    coalesce(b.base_year, p.baseline_year, p.year) as baseline_year,
    p.target_value,
    p.target_year,
    p.is_strict,
    round(p.value - p.target_value, 2) as distance,
    round(case
        when p.target_value is null or p.target_year is null or p.direction = 'none' then null
        -- what was there from the start is to be kept
        when p.year >= p.target_year or not b.is_base_short or (b.base_year is null and p.is_met) then p.target_value
        when b.base_year is null then p.value
        else b.path_value
    end, 2) as path_value,
    round(b.required_pace, 2) as required_pace,
    round(b.actual_pace, 2) as actual_pace,
    b.pace_method,
    round(b.pace_ratio_pct, 2) as pace_ratio_pct,
    case
        when p.ended_reason_vi is not null then 'no_longer_in_force'
        when p.value is null then 'no_data'
        when p.target_value is null then 'not_assessed'
        -- what rests on general knowledge is shown, and not evaluated
        when p.value_grade = 'K' then 'not_assessed'
        -- met for good: a final figure of the same definition, of the year of the target or a later one
        when
            p.is_met and p.certainty = 'real' and p.is_comparable and coalesce(p.valid_until >= p.target_year, true)
            then 'met'
        when p.is_met then 'met_provisional'
        when p.is_result_unknown or p.is_met is null then 'not_assessed'
        when p.may_be_better and coalesce(b.pace_status <> 'on_track', true) then 'not_assessed'
        when b.pace_status is not null then b.pace_status
        when p.is_over then 'insufficient'
        else 'not_assessed'
    end as status,
    case
        when p.value is not null or p.ended_reason_vi is not null then null
        when p.has_national_value then 'only_national_value'
        when p.is_due or r.indicator is not null then 'due_and_missing'
        else 'not_due_yet'
    end as no_data_reason,
    if(p.is_met, null, b.reached_year) as expected_year,
    if(p.is_met, null, b.reached_year_low) as expected_year_low,
    if(p.is_met, null, b.reached_year_high) as expected_year_high,
    if(p.is_met, null, b.base_year_note) as base_year_note,
    p.is_latest,
    p.level = 'national' as is_national_target,
    p.responsible_agency,
    p.responsible_basis,
    p.monitoring_agency,
    p.ended_on,
    p.ended_reason_vi,
    p.ended_reason_en,
    p.document,
    p.grade,
    p.note,
    {{ is_marked_as_sample('p.value_document') }} as has_samples
from {{ ref('int_target_points') }} as p
left join {{ ref('int_target_paces') }} as b
    on p.target_id = b.target_id and p.area_code = b.area_code and p.period_start = b.period_start
left join late_reports as r on p.indicator = r.indicator
inner join {{ ref('pillars') }} as l on p.pillar = l.pillar
{{ join_area_title('p.area_code', 'p.period_type', 'p.period_start') }}
