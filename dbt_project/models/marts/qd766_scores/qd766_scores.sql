-- The 766 index of the province and its units: what the portal published beside what the dossiers give, by component,
-- group and total, with the difference and its likely cause. The two stand beside each other in int_qd766_beside.
{{ config(materialized='table') }}

with components as (
    select * from {{ ref('qd766_components') }}
    qualify row_number() over (partition by component_code order by valid_from desc) = 1
),

items as (
    select
        i.item_code,
        case when i.item_code = 'TOTAL' then 'total' when c.component_code is null then 'group' else 'component' end
            as item_type,
        case when i.item_code <> 'TOTAL' then coalesce(c.group_code, i.item_code) end as group_code,
        coalesce(c.title_vi, i.title_vi) as item_vi,
        coalesce(c.title_en, i.title_en) as item_en,
        coalesce(i.max_points, c.max_points) as max_points,
        c.grade = 'C' as is_rule_inferred,
        i.tolerance_points
    from {{ ref('qd766_items') }} as i
    left join components as c on i.item_code = c.component_code
),

compared as (
    select
        b.*,
        coalesce(i.item_type, b.published_item_type) as item_type,
        i.group_code,
        i.item_vi,
        i.item_en,
        i.max_points,
        i.tolerance_points,
        i.is_rule_inferred,
        round(b.recomputed_points - b.published_points, 2) as difference,
        case
            when b.published_status = 'blocked' then 'blocked'
            when b.published_status = 'missing' then 'recomputed_only'
            when not b.is_recomputed then 'published_only'
            when b.is_recomputed_synthetic then 'synthetic'
            when b.published_points is null or b.recomputed_points is null then 'no_points'
            when abs(b.recomputed_points - b.published_points) <= i.tolerance_points + 1e-9 then 'agrees'
            else 'differs'
        end as comparison
    from {{ ref('int_qd766_beside') }} as b
    left join items as i on b.item_code = i.item_code
)

select
    period_type,
    period_start,
    agency_code,
    agency_name,
    agency_level,
    item_code,
    item_type,
    group_code,
    item_vi,
    item_en,
    published_numerator,
    published_denominator,
    published_points,
    published_flag,
    published_on,
    published_status,
    published_problem,
    grade,
    recomputed_numerator,
    recomputed_denominator,
    recomputed_points,
    is_recomputed_synthetic,
    max_points,
    comparison,
    if(comparison in ('agrees', 'differs'), difference, null) as points_difference,
    tolerance_points,
    case
        when comparison <> 'differs' then null
        when item_type <> 'component' then 'components'
        when published_flag is not null then 'provisional_denominator'
        when is_rule_inferred then 'inferred_rule'
        when published_on <= {{ last_day_of_period('period_type', 'period_start') }} then 'read_at_another_moment'
        when published_denominator <> recomputed_denominator then 'different_totals'
        when published_numerator <> recomputed_numerator then 'different_counting'
        else 'different_rule'
    end as likely_cause,
    formula_version,
    case
        when coalesce(published_points, published_numerator, recomputed_points, recomputed_numerator) is null
            then 'missing'
        else {{ status_of_period(
            'period_type', 'period_start', 'if(recomputed_points is null, published_on, ' ~ last_day_of_dossiers() ~ ')'
        ) }}
    end as obs_status,
    coalesce(is_recomputed_synthetic, false) as has_samples
from compared
