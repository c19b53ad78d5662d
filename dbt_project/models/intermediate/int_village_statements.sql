-- A village and technology as of the end of a quarter: who names it, and whether one says it is covered or all deny it;
-- apart from that, what bears witness only, each operator by itself.
{{ config(materialized='table') }}

select
    quarter,
    area_code,
    unit,
    reported_area_code,
    reported_area_name,
    reported_unit_since,
    village_key,
    technology,
    is_left_behind,
    case when is_left_behind then operator end as witness,
    -- a total order, or equal input would give other bytes
    arg_max(village_name, (reported_on, operator, village_name)) as village_name,
    max(reported_on) as reported_on,
    list(operator order by operator) as operators,
    list(operator) filter (where is_told) as tellers,
    bool_or(is_of_its_own) as is_of_its_own,
    bool_or(is_ambiguous) as is_ambiguous,
    coalesce(bool_or(is_covered), false) as is_covered_by_one,
    -- who says nothing of the technology, as a list of fibre of signal, hinders nobody
    bool_or(is_told)
    and count(*) filter (where is_told) = count(*) filter (where not is_covered) as is_denied_by_all
from {{ ref('int_village_coverage') }}
group by all
