-- Reports on villages, one row an operator, day and commune of today, and whether it is a part: it names far fewer
-- villages than another of the year before. Of villages in no known commune a report tells with all that it names.
{{ config(materialized='view') }}

with counted as (
    select
        operator,
        extracted_on,
        coalesce(area_code, 'unknown') as area_code,
        count(distinct reported_area_name || '/' || village_key) as villages
    from {{ ref('int_villages') }}
    group by grouping sets ((operator, extracted_on, area_code), (operator, extracted_on))
    having grouping(area_code) = 1 or area_code <> 'unknown'
)

select
    *,
    5 * villages < 4 * max(villages) over (
        partition by operator, area_code order by extracted_on range between interval 1 year preceding and current row
    ) as is_part,
    extracted_on + interval 1 year > max(extracted_on) over () as is_in_force
from counted
