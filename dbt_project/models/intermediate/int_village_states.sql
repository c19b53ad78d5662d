-- A village and technology by all operators together, as of the end of a quarter: covered by one of them; not covered
-- where all who name it deny it, and none of the others may have meant it, under another name or in a row that lies in
-- quarantine; else unknown, and why.
{{ config(materialized='table') }}

with doubted as (
    select
        quarter,
        area_code,
        reported_area_name,
        village_key,
        technology,
        if(bool_and(is_of_other_unit), 'other_unit', 'another_name') as reason
    from {{ ref('int_village_doubts') }}
    group by quarter, area_code, reported_area_name, village_key, technology
),

-- operators of whose report on the commune rows lie in quarantine
losses as (
    select
        quarter,
        area_code,
        list(distinct operator) as operators
    from {{ ref('int_village_coverage') }}
    where is_beside_lost
    group by quarter, area_code
),

judged as (
    select
        s.*,
        case
            when s.is_covered_by_one then null
            when not s.is_denied_by_all and s.is_ambiguous then 'name_stands_twice'
            when not s.is_denied_by_all then 'not_said'
            when not list_has_all(s.operators, l.operators) then 'rows_lost'
            else d.reason
        end as unknown_because
    from {{ ref('int_village_statements') }} as s
    left join losses as l on s.quarter = l.quarter and s.area_code = l.area_code
    left join doubted as d
        on
            s.quarter = d.quarter and s.area_code = d.area_code and s.reported_area_name = d.reported_area_name
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
