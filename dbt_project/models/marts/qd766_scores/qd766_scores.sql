-- The 766 index of the province and its units: what the portal published beside what the dossiers give, by component,
-- group and total, with the difference and its likely cause.
{{ config(materialized='table') }}

with components as (
    select * from {{ ref('qd766_components') }}
),

newest as (
    select * from components
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
    left join newest as c on i.item_code = c.component_code
),

published as (
    select * from {{ ref('stg_qd766_judged') }}
    where
        is_latest
        and (
            agency_code = '{{ var("portal_code") }}'
            or starts_with(agency_code, '{{ var("portal_code") }}.')
            or root_code = '{{ var("portal_code") }}'
        )
),

-- made up are samples, and the procedures that ship with the project until the official ones stand in their place
files as (
    select
        coalesce(bool_or(synthetic), false) as is_synthetic,
        coalesce(
            (select bool_or(p.basis = 'illustrative') from {{ ref('int_procedures') }} as p), false
        ) as is_catalogue_made_up
    from {{ source('raw', 'files') }}
    where source in ({{ dossier_feeds() }}, 'petitions', 'procedures', 'agencies') and rows_loaded > 0
),

versions as (
    select
        p.period_start,
        max_by(c.formula_version, c.valid_from) as formula_version
    from (select distinct period_start from published) as p
    inner join components as c on p.period_start >= c.valid_from
    group by p.period_start
),

beside as (
    select
        coalesce(p.period_type, r.period_type) as period_type,
        coalesce(p.period_start, r.period_start) as period_start,
        coalesce(p.agency_code, r.agency_code) as agency_code,
        coalesce(r.item_code, p.item_code) as item_code,
        coalesce(nullif(r.agency_name, ''), p.agency_name, '') as agency_name,
        coalesce(r.agency_level, case p.department_level
            when 'province' then 'total' when 'department' then 'province' when 'commune' then 'commune' else 'unknown'
        end) as agency_level,
        p.item_type as published_item_type,
        p.numerator as published_numerator,
        p.denominator as published_denominator,
        p.points as published_points,
        p.flag as published_flag,
        p.recorded_on as published_on,
        case when p.item_code is null then 'missing' when p.problem is null then 'observed' else 'blocked' end
            as published_status,
        p.problem as published_problem,
        p.grade,
        r.numerator as recomputed_numerator,
        r.denominator as recomputed_denominator,
        r.points as recomputed_points,
        if(
            r.item_code is null, null, f.is_synthetic or (f.is_catalogue_made_up and r.is_of_catalogue)
        ) as is_recomputed_synthetic,
        r.item_code is not null as is_recomputed,
        coalesce(r.formula_version, v.formula_version) as formula_version
    from published as p
    full join {{ ref('int_qd766_recomputed') }} as r
        on
            p.period_type = r.period_type
            and p.period_start = r.period_start
            and p.agency_code = r.agency_code
            and p.item_code = r.item_code
    left join versions as v on p.period_start = v.period_start
    cross join files as f
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
    from beside as b
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
