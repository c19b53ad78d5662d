-- The 766 index recomputed: every component by period and agency (or the province as a whole), with the points that the
-- rules of the seed give. What neither dossiers nor petitions measure has nulls and basis `portal`.
{{ config(materialized='table') }}

with shares as (
    select
        period_type,
        period_start,
        agency_code,
        {{ name_of_group() }} as agency_name,
        {{ level_of_group() }} as agency_level,
        component_code,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(denominator) as bigint) as denominator
    from {{ ref('int_qd766_shares') }}
    group by period_type, period_start, agency_code, component_code
),

agencies as (
    select
        period_type,
        period_start,
        agency_code,
        {{ name_of_group() }} as agency_name,
        {{ level_of_group() }} as agency_level
    from shares
    group by period_type, period_start, agency_code
),

periods as (
    select distinct
        period_type,
        period_start
    from agencies
),

-- the row of each component that is valid on the first day of the period
active as (
    select
        p.period_type,
        p.period_start,
        c.*
    from periods as p
    inner join {{ ref('qd766_components') }} as c on p.period_start >= c.valid_from
    qualify
        row_number() over (
            partition by p.period_type, p.period_start, c.component_code order by c.valid_from desc
        ) = 1
),

-- that nobody petitioned is known only where a file of petitions was loaded: without one nothing is known, not zero
landed as (
    select count(*) > 0 as has_petitions
    from {{ source('raw', 'files') }}
    where source = 'petitions' and status = 'loaded'
),

based as (
    select
        f.*,
        case
            when f.computed_from = 'petitions' and l.has_petitions then 'petitions'
            when f.computed_from = 'catalogue' then 'catalogue'
            when f.computed_from = 'dossiers' or f.rule = 'constant' then 'dossiers'
            else 'portal'
        end as basis
    from active as f
    cross join landed as l
),

-- dossiers and the catalogue give 0 where there is nothing to count, which is not the same as no data
counted as (
    select
        a.period_type,
        a.period_start,
        a.agency_code,
        a.agency_name,
        a.agency_level,
        c.component_code,
        c.group_code,
        -- a constant has points without counts
        if(c.basis = c.computed_from and c.basis <> 'portal', coalesce(s.numerator, 0), null) as numerator,
        if(c.basis = c.computed_from and c.basis <> 'portal', coalesce(s.denominator, 0), null) as denominator,
        c.rule,
        c.max_points,
        c.threshold_pct,
        c.zero_convention,
        c.rounding,
        c.formula_version,
        c.basis
    from agencies as a
    inner join based as c on a.period_type = c.period_type and a.period_start = c.period_start
    left join shares as s
        on
            a.period_type = s.period_type
            and a.period_start = s.period_start
            and a.agency_code = s.agency_code
            and c.component_code = s.component_code
)

select
    period_type,
    period_start,
    agency_code,
    agency_name,
    agency_level,
    component_code,
    group_code,
    numerator,
    denominator,
    100.0 * numerator / nullif(denominator, 0) as rate,
    cast(
        qd766_points(numerator, denominator, rule, max_points, threshold_pct, zero_convention, rounding) as double
    ) as points,
    cast(max_points as double) as max_points,
    threshold_pct,
    formula_version,
    basis
from counted
