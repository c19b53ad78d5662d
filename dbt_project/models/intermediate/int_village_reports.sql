-- An operator's report on a commune and technology beside each later one: how many of its villages that names again.
-- One that names four in five is a new list, and what it names no more is gone; else it is a part, and adds.
{{ config(materialized='table') }}

with named as (
    select distinct
        operator,
        area_code,
        unit,
        technology,
        extracted_on,
        village_key
    from {{ ref('int_village_told') }}
    where is_told
),

days as (
    select
        operator,
        area_code,
        unit,
        technology,
        extracted_on,
        count(*) as villages
    from named
    group by operator, area_code, unit, technology, extracted_on
)

select
    n.operator,
    n.area_code,
    n.unit,
    n.technology,
    n.extracted_on,
    d.extracted_on as later_on,
    count(*) as villages,
    count(l.village_key) as still_named,
    d.villages as later_villages,
    5 * count(l.village_key) >= 4 * count(*) as is_replaced,
    d.extracted_on + interval 1 year > max(d.extracted_on) over () as is_in_force
from named as n
inner join days as d
    on
        n.operator = d.operator and n.area_code = d.area_code and n.unit = d.unit
        and n.technology = d.technology
        and n.extracted_on < d.extracted_on and n.extracted_on + interval 2 year > d.extracted_on
left join named as l
    on
        n.operator = l.operator and n.area_code = l.area_code and n.unit = l.unit
        and n.technology = l.technology and n.village_key = l.village_key and d.extracted_on = l.extracted_on
group by
    n.operator, n.area_code, n.unit, n.technology, n.extracted_on, d.extracted_on, d.villages
