-- Every commune over its validity, with the current communes that took it and the weight of each: additive figures
-- travel by it. The parts of one commune lie side by side between 0 and 1 (weight_from, weight_to).
-- Weights of a split come from the crosswalk: persons where every part has them, else km². Where neither is known the
-- whole goes to a code of its own that is no commune, `unknown part of <code>`: totals stay, and nothing is guessed.
{{ config(materialized='table') }}

with communes as (
    select
        area_code,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        kind || ' ' || name as area_name
    from {{ ref('areas') }}
    where level = 'commune'
),

sizes as (
    select
        old_code,
        old_valid_from,
        new_code,
        new_valid_from,
        case
            when count(*) over parts = 1 then 'whole'
            when count(part_population) over parts = count(*) over parts and sum(part_population) over parts > 0
                then 'population'
            when count(part_area_km2) over parts = count(*) over parts and sum(part_area_km2) over parts > 0 then 'area'
            else 'unknown'
        end as weight_method,
        part_population,
        part_area_km2
    from {{ ref('area_crosswalk') }}
    window parts as (partition by old_code, old_valid_from)
),

parts as (
    select
        old_code,
        old_valid_from,
        new_code,
        new_valid_from,
        weight_method,
        cast(case weight_method
            when 'whole' then 1
            when 'population' then part_population
            when 'area' then part_area_km2
        end as double) as size
    from sizes
    where weight_method <> 'unknown'
    union all
    select distinct
        old_code,
        old_valid_from,
        'unknown part of ' || old_code as new_code,
        cast(null as date) as new_valid_from,
        weight_method,
        1.0 as size
    from sizes
    where weight_method = 'unknown'
    union all
    -- current units stand for themselves
    select
        area_code as old_code,
        valid_from as old_valid_from,
        area_code as new_code,
        valid_from as new_valid_from,
        'same' as weight_method,
        1.0 as size
    from communes
    where valid_to = date '9999-12-31'
),

marks as (
    select
        *,
        size / sum(size) over (partition by old_code, old_valid_from) as weight,
        case
            -- exactly 1 at the end, whatever the sums of doubles are: nothing may be left over
            when lead(new_code) over parts_in_order is null then 1.0
            else sum(size) over parts_in_order / sum(size) over (partition by old_code, old_valid_from)
        end as weight_to
    from parts
    window parts_in_order as (partition by old_code, old_valid_from order by new_code)
)

select
    c.area_code,
    c.valid_from,
    c.valid_to,
    c.area_name,
    m.new_code as area_code_today,
    case
        when m.weight_method = 'unknown' then 'phần chưa xác định của ' || c.area_name else t.area_name
    end as area_name_today,
    m.weight,
    coalesce(lag(m.weight_to) over (partition by m.old_code, m.old_valid_from order by m.new_code), 0) as weight_from,
    m.weight_to,
    m.weight_method
from marks as m
inner join communes as c on m.old_code = c.area_code and m.old_valid_from = c.valid_from
left join communes as t on m.new_code = t.area_code and m.new_valid_from = t.valid_from
