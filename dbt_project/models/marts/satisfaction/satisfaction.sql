-- What the 766 index calls satisfaction with the handling of dossiers (item 5.4), recomputed by period and agency.
-- It is no survey: nobody was asked, and the figure follows from lateness.
{{ config(materialized='table') }}

with components as (
    select * from {{ ref('int_qd766_components') }}
    where
        component_code = 'DOSSIER_RECEIVING_SATISFACTION'
        -- an agency may have petitions and no dossiers
        and denominator > 0
)

select
    period_type,
    period_start,
    agency_code,
    agency_name,
    agency_level,
    denominator as received,
    numerator as not_late,
    round(rate, 2) as not_late_pct,
    points,
    max_points,
    formula_version,
    'lateness' as measured_by,
    'Không phải kết quả khảo sát: là số hồ sơ không quá hạn, chưa trừ hồ sơ bị phản ánh hoặc đánh giá không hài lòng.'
        as warning_vi,
    'No survey: dossiers that are not late; those with a complaint or a bad mark are not taken off.' as warning_en
from components
