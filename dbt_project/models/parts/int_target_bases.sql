-- Each value of a target with every earlier year that its pace can be counted from; `is_base`: the one that counts.

-- every year that the pace can be counted from; the base of the registry goes before the first value
with bases as (
    select
        target_id,
        area_code,
        year as base_year,
        value as base_value,
        false as is_declared
    from {{ ref('int_target_points') }}
    where value is not null and is_comparable and coalesce(value_grade <> 'K', true)
    union all
    select distinct
        target_id,
        area_code,
        baseline_year as base_year,
        baseline_value as base_value,
        true as is_declared
    from {{ ref('int_target_points') }}
    where baseline_value is not null
)

select
    p.target_id,
    p.area_code,
    p.period_start,
    p.year,
    p.value,
    p.target_value,
    p.is_over,
    b.base_year,
    b.base_value,
    p.year - b.base_year as years_passed,
    p.target_year - b.base_year as years_allowed,
    case p.direction when 'more' then p.target_value > b.base_value else p.target_value < b.base_value end
        as is_base_short,
    case
        when p.direction = 'rank' then 'rank'
        when
            p.valid_min >= 0 and p.valid_max is null
            and b.base_value > 0 and p.value > 0 and p.target_value > 0 then 'growth_rate'
        else 'linear'
    end as pace_method,
    row_number() over (
        partition by p.target_id, p.area_code, p.period_start order by b.is_declared desc, b.base_year asc
    ) = 1 as is_base
from {{ ref('int_target_points') }} as p
inner join bases as b on p.target_id = b.target_id and p.area_code = b.area_code and p.year > b.base_year
-- from a base in the year of the deadline or after it no distance is left to cover in time
where p.target_value is not null and p.direction <> 'none' and b.base_year < p.target_year
qualify
    row_number() over (
        partition by p.target_id, p.area_code, p.period_start, b.base_year order by b.is_declared desc
    ) = 1
