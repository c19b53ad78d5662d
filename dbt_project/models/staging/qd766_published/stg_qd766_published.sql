-- One row a figure and day of recording: component, group or total of a unit, as the portal published it. Of two
-- answers of one day the later counts; figures that ship with the project stand below those of the portal itself.
with landed as (
    select
        version,
        recorded_on,
        endpoint,
        period_type,
        period_start,
        root_id,
        department_id,
        department_code,
        department_name,
        department_level,
        item_type,
        item_code,
        numerator,
        denominator,
        ratio_pct,
        score as points,
        max_score as max_points,
        rank,
        score_delta,
        flag,
        message,
        'A' as grade
    from {{ source('raw', 'qd766_published') }}
),

shipped as (
    select
        cast(0 as bigint) as version,
        department_id as root_id,
        'province' as department_level,
        s.* exclude (source)
    from {{ ref('qd766_published_hatinh') }} as s
),

figures as (
    select * from landed
    union all by name
    select * from shipped
),

-- names are spelt in several ways and move; three of the endpoints give no code: the id is what holds
codes as (
    select
        department_id,
        max(department_code) as code
    from figures
    where department_id is not null and department_code is not null
    group by department_id
)

select
    f.version,
    f.recorded_on,
    f.endpoint,
    f.period_type,
    f.period_start,
    coalesce(
        f.department_code,
        own.code,
        f.department_id,
        if(f.department_level = 'country', 'VN', f.department_name)
    ) as agency_code,
    f.department_name as agency_name,
    f.department_level,
    coalesce(root.code, f.root_id) as root_code,
    f.item_type,
    f.item_code,
    f.numerator,
    f.denominator,
    f.ratio_pct,
    f.points,
    f.max_points,
    f.rank,
    f.ranked_units,
    f.score_delta,
    f.flag,
    f.message,
    f.grade
from figures as f
left join codes as own on f.department_id = own.department_id
left join codes as root on f.root_id = root.department_id
qualify
    row_number() over (
        partition by f.endpoint, f.period_type, f.period_start, f.recorded_on, agency_code, f.item_code
        order by f.version desc
    ) = 1
