-- Where there is no signal or fibre, by what operators last said: every village that a report in force names, and every
-- commune. Covered, not covered or unknown; a commune that nobody reported on is unknown.
{{ config(materialized='table') }}

with technologies as (
    select unnest(['2G', '3G', '4G', '5G', 'fibre', 'mobile']) as technology
),

states as (
    select
        *,
        case when is_covered then 'covered' when not is_covered then 'not_covered' else 'unknown' end as coverage_status
    from {{ ref('int_village_states') }}
),

-- a village keeps its history when its commune becomes another, where no other village there had the name
known_as as (
    select
        *,
        dense_rank() over (order by quarter) as quarter_no,
        case
            when
                min(reported_area_name) over (partition by quarter, area_code, village_key, technology)
                <> max(reported_area_name) over (partition by quarter, area_code, village_key, technology)
                then reported_area_name
            else ''
        end as told_apart_by
    from states
),

-- runs of one state in quarters on end: the newest run tells since when
runs as (
    select
        *,
        coalesce(
            coverage_status <> lag(coverage_status) over village
            or quarter_no <> lag(quarter_no) over village + 1,
            true
        ) as is_change
    from known_as
    window village as (partition by area_code, told_apart_by, village_key, technology order by quarter)
),

-- what no report in force names any more is gone
villages as (
    select
        *,
        max(quarter) filter (where is_change) over (
            partition by area_code, told_apart_by, village_key, technology
        ) as since_quarter
    from runs
    qualify quarter = max(quarter) over ()
),

communes as (
    select
        area_code,
        technology,
        count(*) as villages,
        count(*) filter (where coverage_status = 'covered') as villages_covered,
        count(*) filter (where coverage_status = 'not_covered') as villages_not_covered,
        count(*) filter (where coverage_status = 'unknown') as villages_unknown,
        max(operators) as operators,
        max(reported_on) as reported_on,
        min(since_quarter) filter (where coverage_status = 'not_covered') as not_covered_since,
        max(since_quarter) filter (where coverage_status = 'covered') as covered_since
    from villages
    group by area_code, technology
),

areas as (
    {{ areas_of_today() }}
)

select
    'village' as level,
    v.area_code,
    case
        when a.area_code is not null then a.area_name
        when v.reported_area_code is not null then 'phần chưa xác định của ' || v.reported_area_name
        else 'Không rõ đơn vị'
    end as area_name,
    v.reported_area_code,
    v.reported_area_name,
    v.village_name,
    v.technology,
    v.coverage_status,
    v.since_quarter,
    v.reported_on,
    v.operators,
    v.is_ambiguous,
    v.unknown_because,
    cast(null as bigint) as villages_covered,
    cast(null as bigint) as villages_not_covered,
    cast(null as bigint) as villages_unknown
from villages as v
left join areas as a on v.area_code = a.area_code
union all
select
    'commune' as level,
    a.area_code,
    a.area_name,
    cast(null as varchar) as reported_area_code,
    '' as reported_area_name,
    '' as village_name,
    t.technology,
    -- one village without is a gap; one that nobody knows of leaves the rest unknown
    case
        when c.villages_not_covered > 0 then 'not_covered'
        when c.villages_covered = c.villages then 'covered'
        else 'unknown'
    end as coverage_status,
    case
        when c.villages_not_covered > 0 then c.not_covered_since
        when c.villages_covered = c.villages then c.covered_since
    end as since_quarter,
    c.reported_on,
    c.operators,
    false as is_ambiguous,
    cast(null as varchar) as unknown_because,
    c.villages_covered,
    c.villages_not_covered,
    c.villages_unknown
from areas as a
cross join technologies as t
left join communes as c on a.area_code = c.area_code and t.technology = c.technology
where a.area_code <> '{{ var("province_code") }}'
