-- Villages that would be without signal or fibre, were another of the commune not the same under another name, for a
-- person to answer in seeds/village_aliases.csv: as of the newest quarter; `hatinh area --review` lists them.
{{ config(materialized='view') }}

with areas as (
    {{ areas_of_today() }}
),

doubts as (
    select
        *,
        other_name || ' (' || array_to_string(other_operators, ', ') || ')' as other
    from {{ ref('int_village_doubts') }}
    where
        not is_earlier
        and quarter = (select max(c.quarter) from {{ ref('int_village_coverage') }} as c)
)

select
    d.area_code,
    coalesce(a.area_name, d.reported_area_name) as area_name,
    d.village_name,
    string_agg(distinct d.technology, ', ' order by d.technology) as technologies,
    any_value(array_to_string(d.operators, ', ')) as operators,
    string_agg(distinct d.other, '; ' order by d.other) as candidates
from doubts as d
left join areas as a on d.area_code = a.area_code
group by d.area_code, a.area_name, d.reported_area_name, d.village_key, d.village_name
