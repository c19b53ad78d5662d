-- The 766 index of every province on every day that the list was recorded: total, place and groups as published.
{{ config(materialized='table') }}

with listed as (
    select * from {{ ref('stg_qd766_judged') }}
    where endpoint = 'service-results' and department_level = 'province'
),

-- a list is one figure: where its parts do not sum, which of them is wrong is not known
rows_of_list as (
    select
        period_type,
        period_start,
        recorded_on,
        agency_code,
        any_value(agency_name) as agency_name,
        max(rank) as rank,
        max(ranked_units) as ranked_units,
        max(points) filter (where item_type = 'total') as total_points,
        {% for code in ['CKMB', 'TDGQ', 'CLGQ', 'TTTT', 'MDSH', 'MDHL'] -%}
            max(points) filter (where item_code = '{{ code }}') as {{ code | lower }}_points,
        {% endfor -%}
        min(problem) as problem,
        max(grade) as grade,
        coalesce(bool_or(has_samples), false) as has_samples
    from listed
    group by period_type, period_start, recorded_on, agency_code
),

versions as (
    select
        l.period_start,
        max_by(c.formula_version, c.valid_from) as formula_version
    from (select distinct period_start from rows_of_list) as l
    inner join {{ ref('qd766_components') }} as c on l.period_start >= c.valid_from
    group by l.period_start
)

select
    l.period_type,
    l.period_start,
    l.recorded_on as published_on,
    l.agency_code,
    l.agency_name,
    l.agency_code = '{{ var("portal_code") }}' as is_own_province,
    {% for figure in ['total_points', 'ckmb_points', 'tdgq_points', 'clgq_points', 'tttt_points', 'mdsh_points',
                      'mdhl_points', 'rank'] -%}
        if(l.problem is null, l.{{ figure }}, null) as {{ figure }},
    {% endfor -%}
    l.ranked_units,
    cast(null as double) as score_delta,
    v.formula_version,
    l.period_start >= date '2025-07-01' as is_after_merger,
    if(l.problem is null, 'observed', 'blocked') as published_status,
    l.problem as published_problem,
    l.grade,
    if(
        l.problem is null,
        {{ status_of_period('l.period_type', 'l.period_start', 'l.recorded_on') }},
        'missing'
    ) as obs_status,
    l.has_samples
from rows_of_list as l
left join versions as v on l.period_start = v.period_start
