-- The recomputed 766 index by item: components that dossiers, petitions or the catalogue give, groups and the total. A
-- group is recomputed where all that scores in it is, or the sum would look like a loss; the total where all six are.
{{ config(materialized='view') }}

with components as (
    select * from {{ ref('int_qd766_components') }}
),

group_points as (
    select
        period_type,
        period_start,
        agency_code,
        {{ name_of_group() }} as agency_name,
        {{ level_of_group() }} as agency_level,
        group_code,
        qd766_total(cast(points as decimal(9, 2))) as points,
        any_value(formula_version) as formula_version,
        bool_or(basis = 'catalogue') as is_of_catalogue
    from components
    group by period_type, period_start, agency_code, group_code
    having count(*) filter (where basis = 'portal' and max_points > 0) = 0
)

select
    period_type,
    period_start,
    agency_code,
    agency_name,
    agency_level,
    component_code as item_code,
    numerator,
    denominator,
    points,
    formula_version,
    basis = 'catalogue' as is_of_catalogue
from components
where basis <> 'portal'
union all
select
    period_type,
    period_start,
    agency_code,
    agency_name,
    agency_level,
    group_code as item_code,
    null as numerator,
    null as denominator,
    cast(points as double) as points,
    formula_version,
    is_of_catalogue
from group_points
union all
select
    period_type,
    period_start,
    agency_code,
    {{ name_of_group() }} as agency_name,
    {{ level_of_group() }} as agency_level,
    'TOTAL' as item_code,
    null as numerator,
    null as denominator,
    cast(qd766_total(points) as double) as points,
    any_value(formula_version) as formula_version,
    bool_or(is_of_catalogue) as is_of_catalogue
from group_points
group by period_type, period_start, agency_code
having count(*) = 6
