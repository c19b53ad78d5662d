-- Where there is no signal or fibre, by what operators last said: every village that a report names, and every commune.
-- Covered, not covered or unknown; a commune that nobody reported on is unknown. Of a commune of today the villages
-- count that were reported under its newest unit: those of its predecessors were reported anew, whatever their names.
{{ config(materialized='table') }}

with technologies as (
    select unnest(['2G', '3G', '4G', '5G', 'fibre', 'mobile']) as technology
),

-- a quarter's statements of all operators together
states as (
    select
        area_code,
        reported_area_code,
        reported_area_name,
        village_key,
        technology,
        quarter,
        arg_max(village_name, reported_on) as village_name,
        max(reported_on) as reported_on,
        bool_or(is_ambiguous) as is_ambiguous,
        case
            when bool_or(is_covered) then 'covered'
            when count(*) = count(is_covered) then 'not_covered'
            else 'unknown'
        end as coverage_status
    from {{ ref('int_village_coverage') }}
    group by area_code, reported_area_code, reported_area_name, reported_unit_since, village_key, technology, quarter
    qualify reported_unit_since is not distinct from max(reported_unit_since) over (partition by area_code)
),

-- runs of one state: the newest run tells since when
runs as (
    select
        *,
        coalesce(
            coverage_status <> lag(coverage_status) over (
                partition by area_code, reported_area_name, village_key, technology order by quarter
            ),
            true
        ) as is_change
    from states
),

villages as (
    select
        area_code,
        reported_area_code,
        reported_area_name,
        village_key,
        technology,
        arg_max(village_name, quarter) as village_name,
        arg_max(coverage_status, quarter) as coverage_status,
        arg_max(is_ambiguous, quarter) as is_ambiguous,
        max(quarter) as last_quarter,
        max(reported_on) as reported_on,
        max(quarter) filter (where is_change) as since_quarter
    from runs
    group by area_code, reported_area_code, reported_area_name, village_key, technology
),

communes as (
    select
        area_code,
        technology,
        count(*) as villages,
        count(*) filter (where coverage_status = 'covered') as villages_covered,
        count(*) filter (where coverage_status = 'not_covered') as villages_not_covered,
        count(*) filter (where coverage_status = 'unknown') as villages_unknown,
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
    v.is_ambiguous,
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
    false as is_ambiguous,
    c.villages_covered,
    c.villages_not_covered,
    c.villages_unknown
from areas as a
cross join technologies as t
left join communes as c on a.area_code = c.area_code and t.technology = c.technology
where a.area_code <> '{{ var("province_code") }}'
