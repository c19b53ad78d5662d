-- Components of the 766 index of every province on every day that they are on record, as published, with the place of
-- each province among those on record. A list of one province has no places.
{{ config(materialized='table') }}

with items as (
    select
        component_code,
        group_code,
        title_vi,
        title_en,
        max_points
    from {{ ref('qd766_components') }}
    qualify row_number() over (partition by component_code order by valid_from desc) = 1
),

shares as (
    select
        *,
        round(100.0 * numerator / nullif(denominator, 0), 2) as share_pct
    from {{ ref('stg_qd766_judged') }}
    where item_type = 'component' and department_level = 'province'
)

select
    s.period_type,
    s.period_start,
    s.recorded_on as published_on,
    s.agency_code,
    s.agency_name,
    s.agency_code = '{{ var("portal_code") }}' as is_own_province,
    s.item_code,
    i.group_code,
    i.title_vi as item_vi,
    i.title_en as item_en,
    s.numerator as published_numerator,
    s.denominator as published_denominator,
    s.share_pct as published_share_pct,
    s.points as published_points,
    cast(i.max_points as double) as max_points,
    cast(
        if(
            s.share_pct is not null and i.max_points > 0 and count(s.share_pct) over list > 1,
            rank() over (list order by s.share_pct desc nulls last),
            null
        ) as integer
    ) as rank,
    cast(count(s.share_pct) over list as integer) as ranked_units,
    s.flag as published_flag,
    if(s.problem is null, 'observed', 'blocked') as published_status,
    s.problem as published_problem,
    s.grade,
    if(
        s.problem is null,
        {{ status_of_period('s.period_type', 's.period_start', 's.recorded_on') }},
        'missing'
    ) as obs_status,
    s.has_samples
from shares as s
inner join items as i on s.item_code = i.component_code
window list as (partition by s.period_type, s.period_start, s.recorded_on, s.item_code)
