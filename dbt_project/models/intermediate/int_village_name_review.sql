-- Villages that are unknown although an operator answers no, with villages of the commune under names that none of its
-- operators uses: they may be the same. `hatinh area --review` lists them, seeds/village_aliases.csv takes the answer.
-- Names that differ only by a number are two villages.
{{ config(materialized='view') }}

with named as (
    select
        a.area_code,
        a.reported_area_name as area_name,
        a.village_key,
        arg_max(a.village_name, (a.named_on, a.operator)) as village_name,
        list(distinct a.operator order by a.operator) as operators
    from {{ ref('int_village_answers') }} as a
    where a.quarter = (select max(n.quarter) from {{ ref('int_village_answers') }} as n)
    group by a.area_code, a.reported_area_code, a.reported_area_name, a.village_key
),

-- an alias that is its own village: a person confirmed that it is no other
open as (
    select n.*
    from named as n
    anti join {{ ref('village_aliases') }} as a
        on
            n.area_code = a.area_code
            and {{ name_key('n.village_name') }} = {{ name_key('a.alias') }}
            and {{ name_key('a.alias') }} = {{ name_key('a.village') }}
),

not_covered as (
    select
        area_code,
        reported_area_name,
        village_key,
        string_agg(technology, ', ' order by technology) as technologies
    from {{ ref('int_village_states') }}
    where
        is_covered is null and operators_denying > 0
        and quarter = (select max(n.quarter) from {{ ref('int_village_answers') }} as n)
    group by area_code, reported_area_name, village_key
)

select
    d.area_code,
    v.area_name,
    v.village_name,
    d.technologies,
    array_to_string(v.operators, ', ') as operators,
    string_agg(
        o.village_name || ' (' || array_to_string(o.operators, ', ') || ')', '; ' order by o.village_name
    ) as candidates
from not_covered as d
inner join open as v
    on d.area_code = v.area_code and d.reported_area_name = v.area_name and d.village_key = v.village_key
inner join open as o
    on
        v.area_code = o.area_code and v.area_name = o.area_name and not list_has_any(v.operators, o.operators)
        and regexp_replace(v.village_key, '[0-9]+$', '#') <> regexp_replace(o.village_key, '[0-9]+$', '#')
group by d.area_code, v.area_name, v.village_key, v.village_name, d.technologies, v.operators
