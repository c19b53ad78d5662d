-- Published figures after a look at their own arithmetic: what cannot be keeps its row and its reason and loses its
-- value, so that one impossible figure holds back nothing else.
with figures as (
    select * from {{ ref('stg_qd766_published') }}
),

components as (
    select
        component_code,
        group_code,
        max_points
    from {{ ref('qd766_components') }}
    qualify row_number() over (partition by component_code order by valid_from desc) = 1
),

-- the parts of a group come from the endpoint of that group, those of the index from the list of provinces
parts as (
    select
        f.period_type,
        f.period_start,
        f.recorded_on,
        f.agency_code,
        c.group_code as item_code,
        sum(f.points) as points
    from figures as f
    inner join components as c on f.item_code = c.component_code
    group by f.period_type, f.period_start, f.recorded_on, f.agency_code, c.group_code
    union all
    select
        period_type,
        period_start,
        recorded_on,
        agency_code,
        'TOTAL' as item_code,
        sum(points) as points
    from figures
    where item_type = 'group' and endpoint = 'service-results' and department_level <> 'country'
    group by period_type, period_start, recorded_on, agency_code
),

judged as (
    select
        f.*,
        case
            when f.numerator < 0 or f.denominator < 0 or f.points < 0 then 'negative'
            when (f.numerator is null) <> (f.denominator is null) then 'half_missing'
            when f.numerator > f.denominator then 'numerator_above_denominator'
            when f.points > coalesce(f.max_points, c.max_points) then 'above_maximum'
            -- the list of provinces is read at another moment than the group's own endpoint
            when
                (f.item_type = 'total' or f.endpoint <> 'service-results' or f.grade = 'A-copy')
                and abs(f.points - p.points) > 0.01 + 1e-9
                then 'parts_do_not_sum'
        end as problem,
        -- places as the portal's list has them, impossible totals too: who stands below one keeps the place
        if(
            f.item_type = 'total' and f.department_level = 'province',
            coalesce(f.rank, rank() over (
                partition by f.period_type, f.period_start, f.recorded_on, f.item_type, f.department_level
                order by f.points desc nulls last
            )),
            null
        ) as place,
        coalesce(f.ranked_units, count(*) over (
            partition by f.period_type, f.period_start, f.recorded_on, f.item_type, f.department_level
        )) as placed_units
    from figures as f
    left join components as c on f.item_code = c.component_code
    left join parts as p
        on
            f.period_type = p.period_type
            and f.period_start = p.period_start
            and f.recorded_on = p.recorded_on
            and f.agency_code = p.agency_code
            and f.item_code = p.item_code
)

select
    recorded_on,
    endpoint,
    period_type,
    period_start,
    agency_code,
    agency_name,
    department_level,
    root_code,
    item_type,
    item_code,
    {% for figure in ['numerator', 'denominator', 'ratio_pct', 'points'] -%}
        if(problem is null, {{ figure }}, null) as {{ figure }},
    {% endfor -%}
    cast(if(problem is null, place, null) as integer) as rank,
    cast(if(item_type = 'total', placed_units, null) as integer) as ranked_units,
    max_points,
    flag,
    message,
    grade,
    problem,
    has_samples,
    row_number() over (
        partition by period_type, period_start, agency_code, item_code
        order by recorded_on desc, endpoint = 'service-results', version desc
    ) = 1 as is_latest
from judged
