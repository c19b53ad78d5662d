-- What the 766 index calls satisfaction with the handling of dossiers (item 5.4), recomputed by period and agency.
-- It is no survey: nobody was asked, and the figure follows from lateness.
{{ config(materialized='table') }}

with components as (
    select * from {{ ref('int_qd766_components') }}
    where
        component_code = 'DOSSIER_RECEIVING_SATISFACTION'
        -- an agency may have petitions and no dossiers
        and denominator > 0
),

made_up as (
    {{ made_up_dossiers() }}
)

select
    c.period_type,
    c.period_start,
    c.agency_code,
    c.agency_name,
    c.agency_level,
    c.denominator as received,
    c.numerator as not_late,
    round(c.rate, 2) as not_late_pct,
    c.points,
    c.max_points,
    c.formula_version,
    'lateness' as measured_by,
    'Không phải kết quả khảo sát: là số hồ sơ không quá hạn, chưa trừ hồ sơ bị phản ánh hoặc đánh giá không hài lòng.'
        as warning_vi,
    'No survey: dossiers that are not late; those with a complaint or a bad mark are not taken off.' as warning_en,
    {{ status_of_period(
        'c.period_type', 'c.period_start', last_day_of_dossiers(), "'definition_differs'"
    ) }} as obs_status,
    coalesce(m.has_samples, false) as has_samples
from components as c
left join made_up as m
    on c.period_type = m.period_type and c.period_start = m.period_start and c.agency_code = m.agency_code
