-- A village and technology by all operators together, at the end of a quarter: covered where one operator answers yes,
-- not covered where every operator on the list answers no, else unknown, with the operators that have yet to answer.
{{ config(materialized='table') }}

with asked as (
    select
        t.quarter,
        t.technology,
        list(distinct o.operator order by o.operator) as operators
    from {{ ref('int_village_answers') }} as t
    inner join {{ ref('village_operators') }} as o
        on
            o.network = if(t.technology = 'fibre', 'fibre', 'mobile')
            and t.last_day between coalesce(o.valid_from, t.last_day) and coalesce(o.valid_to, t.last_day)
    group by t.quarter, t.technology
),

counted as (
    select
        quarter,
        area_code,
        reported_area_code,
        reported_area_name,
        reported_unit_since,
        village_key,
        technology,
        arg_max(village_name, (named_on, operator)) as village_name,
        max(answered_on) filter (where is_covered is not null) as reported_on,
        count(is_covered) as operators,
        count(*) filter (where not is_covered) as operators_denying,
        coalesce(bool_or(is_contradictory), false) as is_ambiguous,
        bool_or(is_covered) as has_yes,
        coalesce(bool_or(has_samples), false) as has_samples,
        list(operator) filter (where is_covered is not null) as answered
    from {{ ref('int_village_answers') }}
    group by all
)

select
    c.* exclude (has_yes, answered),
    case when c.has_yes then true when list_has_all(c.answered, a.operators) then false end as is_covered,
    -- no list of operators, no gap
    case
        when not coalesce(c.has_yes or list_has_all(c.answered, a.operators), false)
            then coalesce(array_to_string(
                list_filter(a.operators, lambda o: not list_contains(coalesce(c.answered, []), o)), ', '
            ), '')
    end as not_answered_by
from counted as c
left join asked as a on c.quarter = a.quarter and c.technology = a.technology
