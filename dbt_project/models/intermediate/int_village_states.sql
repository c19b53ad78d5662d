-- A village and technology by all operators together, as of the end of a quarter: covered by one of them; not covered
-- where all who name it deny it, and none of the others may have it, under another name, by an earlier word or in a row
-- that lies in quarantine; else unknown, and why.
{{ config(materialized='table') }}

with doubted as (
    select
        quarter,
        area_code,
        unit,
        village_key,
        technology,
        if(bool_and(is_earlier), 'earlier_word', 'another_name') as reason
    from {{ ref('int_village_doubts') }}
    group by quarter, area_code, unit, village_key, technology
),

-- operators of whose reports on the commune rows lie in quarantine, until a new list comes that is longer
losses as (
    select
        quarter,
        area_code,
        technology,
        list(distinct operator) as operators
    from (
        select
            q.quarter,
            t.area_code,
            unnest(if(t.technology = 'fibre', ['fibre'], [t.technology, 'mobile'])) as technology,
            t.operator
        from (select distinct c.quarter from {{ ref('int_village_coverage') }} as c) as q
        inner join {{ ref('int_village_told') }} as t
            on q.quarter between t.told_in and t.told_in + interval 1 year
        anti join {{ ref('int_village_reports') }} as r
            on
                t.operator = r.operator and t.area_code = r.area_code
                and t.unit = r.unit and t.technology = r.technology
                and t.extracted_on = r.extracted_on and r.is_replaced
                and r.later_villages > r.villages and q.quarter + interval 3 month > r.later_on
        where t.is_beside_lost and t.is_told
    ) as lost
    group by quarter, area_code, technology
),

judged as (
    select
        s.*,
        case
            when s.is_covered_by_one then null
            when not s.is_denied_by_all and s.is_ambiguous then 'name_stands_twice'
            when not s.is_denied_by_all then 'not_said'
            when not list_has_all(s.tellers, l.operators) then 'rows_lost'
            else d.reason
        end as unknown_because
    from {{ ref('int_village_statements') }} as s
    left join losses as l
        on s.quarter = l.quarter and s.area_code = l.area_code and s.technology = l.technology
    left join doubted as d
        on
            s.quarter = d.quarter and s.area_code = d.area_code and s.unit = d.unit
            and s.village_key = d.village_key and s.technology = d.technology
    where not s.is_left_behind
)

select
    quarter,
    area_code,
    reported_area_code,
    reported_area_name,
    village_key,
    village_name,
    technology,
    reported_on,
    is_ambiguous,
    unknown_because,
    cast(len(operators) as bigint) as operators,
    case when unknown_because is null then is_covered_by_one end as is_covered
from judged
