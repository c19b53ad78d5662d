-- Where the points of the 766 index are lost: by period, agency (or the province as a whole), component and field. A
-- component's loss is what is missing to its maximum; fields carry it by their part of the shortfall.
{{ config(materialized='table') }}

with components as (
    select * from {{ ref('int_qd766_components') }}
    where numerator is not null and max_points > 0
),

shares as (
    select * from {{ ref('int_qd766_shares') }}
),

rules as (
    select * from {{ ref('qd766_components') }}
),

fields as (
    select * from {{ ref('procedure_fields') }}
),

lost as (
    select
        *,
        denominator - numerator as component_short,
        -- with nothing to count there is nothing to win
        if(denominator > 0, max_points - points, null) as component_points_lost,
        -- full points begin at the threshold
        denominator * coalesce(threshold_pct, 100) / 100.0 as full_at
    from components
),

made_up as (
    {{ made_up_dossiers() }}
),

made_up_catalogue as (
    select coalesce(bool_or(basis = 'illustrative'), false) as has_samples from {{ ref('int_procedures') }}
),

made_up_petitions as (
    select coalesce(bool_or(synthetic), false) as has_samples
    from {{ source('raw', 'files') }}
    where source = 'petitions' and rows_loaded > 0
),

by_field as (
    select
        l.*,
        s.procedure_field_code,
        s.denominator as counted,
        s.numerator as achieved,
        s.denominator - s.numerator as short,
        l.component_points_lost * (s.denominator - s.numerator) / l.component_short as points_lost
    from lost as l
    inner join shares as s
        on
            l.period_type = s.period_type
            and l.period_start = s.period_start
            and l.agency_code = s.agency_code
            and l.component_code = s.component_code
    where l.component_points_lost > 0 and s.denominator > s.numerator
    union all by name
    -- a component that loses nothing has one row, without field: every component is there, and so the whole score
    select
        l.*,
        '' as procedure_field_code,
        l.denominator as counted,
        l.numerator as achieved,
        l.component_short as short,
        l.component_points_lost as points_lost
    from lost as l
    where coalesce(l.component_points_lost, 0) = 0
)

select
    b.period_type,
    b.period_start,
    b.agency_code,
    b.agency_name,
    b.agency_level,
    b.component_code,
    r.title_vi as component_vi,
    r.title_en as component_en,
    b.group_code,
    b.procedure_field_code,
    coalesce(f.name_vi, '') as procedure_field_name,
    case b.basis when 'petitions' then 'petition' when 'catalogue' then 'procedure' else 'dossier' end as counted_in,
    b.counted,
    b.achieved,
    b.short,
    round(b.points_lost, 4) as points_lost,
    b.points,
    b.max_points,
    cast(least(
        greatest(0, ceil(b.full_at) - b.numerator), ceil(0.1 * b.full_at / b.max_points)
    ) as bigint) as needed_for_tenth,
    cast(greatest(0, ceil(b.full_at) - b.numerator) as bigint) as needed_for_all,
    r.how_to_win_vi,
    r.how_to_win_en,
    b.formula_version,
    {{ status_of_period('b.period_type', 'b.period_start', last_day_of_dossiers()) }} as obs_status,
    case counted_in
        when 'petition' then p.has_samples
        when 'procedure' then coalesce(m.has_samples, false) or c.has_samples
        else coalesce(m.has_samples, false)
    end as has_samples
from by_field as b
inner join rules as r on b.component_code = r.component_code and b.formula_version = r.formula_version
left join fields as f on b.procedure_field_code = f.field_code
left join made_up as m
    on b.period_type = m.period_type and b.period_start = m.period_start and b.agency_code = m.agency_code
cross join made_up_catalogue as c
cross join made_up_petitions as p
