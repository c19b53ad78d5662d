-- A village and technology by all operators together, as of the end of a quarter: covered by one of them; not covered
-- where all who name it deny it; else unknown. An operator that reports on the commune in a file with rows in
-- quarantine, and does not name the village, may have meant it there: then a denial by others proves nothing.
{{ config(materialized='table') }}

with villages as (
    select
        quarter,
        area_code,
        reported_area_code,
        reported_area_name,
        village_key,
        technology,
        -- a total order, or equal input would give other bytes
        arg_max(village_name, (reported_on, operator, village_name)) as village_name,
        max(reported_on) as reported_on,
        bool_or(is_ambiguous) as is_ambiguous,
        count(*) as operators,
        count(*) filter (where has_lost_rows) as operators_with_loss,
        bool_or(is_covered) as is_covered_by_one,
        count(*) = count(is_covered) as is_told_by_all
    from {{ ref('int_village_coverage') }}
    group by quarter, area_code, reported_area_code, reported_area_name, village_key, technology
),

-- operators that report on the commune in a file that has lost rows, wherever those were of
losses as (
    select
        quarter,
        area_code,
        reported_area_name,
        count(distinct operator) filter (where has_lost_rows) as operators_with_loss
    from {{ ref('int_village_coverage') }}
    group by quarter, area_code, reported_area_name
)

select
    v.quarter,
    v.area_code,
    v.reported_area_code,
    v.reported_area_name,
    v.village_key,
    v.village_name,
    v.technology,
    v.reported_on,
    v.is_ambiguous,
    v.operators,
    case
        when v.is_covered_by_one then true
        when v.is_told_by_all and v.operators_with_loss = l.operators_with_loss then false
    end as is_covered
from villages as v
inner join losses as l
    on v.quarter = l.quarter and v.area_code = l.area_code and v.reported_area_name = l.reported_area_name
