-- Every figure of population and area that a source states of a unit, those that disagree side by side: which one other
-- tables use, and how far each is from it.
{{ config(materialized='table') }}

with figures as (
    select * from {{ ref('area_facts') }} where fact in ('population', 'area_km2')
),

chosen as (
    select
        area_code,
        valid_from,
        fact,
        value
    from figures
    where is_preferred
)

select
    f.area_code,
    f.valid_from,
    u.kind || ' ' || u.name as area_name,
    f.fact,
    f.value,
    f.unit,
    f.as_of,
    f.source,
    f.grade,
    f.is_preferred,
    round(100 * (f.value / c.value - 1), 2) as difference_pct,
    coalesce(f.note, '') as note,
    if(f.grade = 'K', 'low_reliability', 'observed') as obs_status,
    false as has_samples
from figures as f
inner join {{ ref('areas') }} as u on f.area_code = u.area_code and f.valid_from = u.valid_from
left join chosen as c on f.area_code = c.area_code and f.valid_from = c.valid_from and f.fact = c.fact
