-- Where there is no signal or fibre, at the end of the newest quarter with a report: every village and every commune,
-- covered, not covered or unknown, and since when. A commune without any report is unknown.
{{ config(materialized='table') }}

with states as (
    select
        *,
        case when is_covered then 'covered' when not is_covered then 'not_covered' else 'unknown' end
            as coverage_status,
        dense_rank() over (order by quarter) as quarter_no
    from {{ ref('int_village_states') }}
),

changes as (
    select
        *,
        coalesce(
            coverage_status = lag(coverage_status) over village
            and quarter_no = lag(quarter_no) over village + 1,
            false
        ) as is_as_before
    from states
    window village as (
        partition by reported_area_code, reported_unit_since, village_key, technology order by quarter
    )
),

villages as (
    select
        *,
        max(quarter) filter (where not is_as_before) over (
            partition by reported_area_code, reported_unit_since, village_key, technology
        ) as since_quarter
    from changes
    qualify quarter = max(quarter) over ()
),

communes as (
    select
        area_code,
        technology,
        count(*) filter (where is_covered) as villages_covered,
        count(*) filter (where not is_covered) as villages_not_covered,
        count(*) filter (where is_covered is null) as villages_unknown,
        max(operators) as operators,
        max(reported_on) as reported_on,
        bool_or(has_samples) as has_samples,
        case
            when bool_or(not is_covered) then min(since_quarter) filter (where not is_covered)
            when bool_and(coalesce(is_covered, false)) then max(since_quarter)
        end as since_quarter
    from villages
    group by area_code, technology
),

areas as (
    {{ current_areas() }}
)

select
    'village' as level,
    v.area_code,
    coalesce(a.area_name, 'phần chưa xác định của ' || v.reported_area_name) as area_name,
    v.reported_area_code,
    v.reported_area_name,
    v.village_name,
    v.technology,
    v.coverage_status,
    v.since_quarter,
    v.reported_on,
    v.operators,
    v.operators_denying,
    v.not_answered_by,
    v.is_ambiguous,
    cast(null as bigint) as villages_covered,
    cast(null as bigint) as villages_not_covered,
    cast(null as bigint) as villages_unknown,
    if(v.coverage_status = 'unknown', 'missing', 'observed') as obs_status,
    v.has_samples
from villages as v
left join areas as a on v.area_code = a.area_code
union all by name
select
    'commune' as level,
    a.area_code,
    a.area_name,
    '' as reported_area_name,
    '' as village_name,
    t.technology,
    case
        when c.villages_not_covered > 0 then 'not_covered'
        when c.villages_covered > 0 and c.villages_unknown = 0 then 'covered'
        else 'unknown'
    end as coverage_status,
    c.since_quarter,
    c.reported_on,
    c.operators,
    false as is_ambiguous,
    c.villages_covered,
    c.villages_not_covered,
    c.villages_unknown,
    if(coalesce(c.villages_covered + c.villages_not_covered, 0) = 0, 'missing', 'observed') as obs_status,
    coalesce(c.has_samples, false) as has_samples
from areas as a
cross join unnest(['2G', '3G', '4G', '5G', 'fibre', 'mobile']) as t (technology)
left join communes as c on a.area_code = c.area_code and t.technology = c.technology
where a.area_code <> '{{ var("province_code") }}'
