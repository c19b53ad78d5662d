-- One row per figure and day of recording: component, group or total of a unit, as the portal published it. Of two
-- answers of one day the later counts; figures that ship with the project give way to those of the portal itself.
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
        flag,
        message,
        'A' as grade
    from {{ source('raw', 'qd766_published') }}
),

recorded as (
    select
        cast(0 as bigint) as version,
        department_id as root_id,
        'province' as department_level,
        r.* exclude (source)
    from {{ ref('qd766_recorded') }} as r
),

items as (
    select
        item_code,
        max_points,
        if(item_code = 'TOTAL', 'total', 'group') as item_type,
        if(item_code = 'TOTAL', 'total', lower(item_code)) || '_points' as list_column
    from {{ ref('qd766_items') }}
    where max_points is not null
),

-- lists of all provinces: a column per group and one of the total become a row each
listed as (
    select
        cast(0 as bigint) as version,
        'service-results' as endpoint,
        'province' as department_level,
        i.item_type,
        i.item_code,
        i.max_points,
        p.* exclude (list_column, source)
    from (
        unpivot {{ ref('qd766_provinces') }}
        on total_points, ckmb_points, tdgq_points, clgq_points, tttt_points, mdsh_points, mdhl_points
        into name list_column value points
    ) as p
    inner join items as i on p.list_column = i.list_column
),

figures as (
    select * from landed
    union all by name
    select * from recorded
    union all by name
    select * from listed
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
    f.flag,
    f.message,
    f.grade,
    {{ is_of_sample('f.version') }} as has_samples
from figures as f
left join codes as own on f.department_id = own.department_id
left join codes as root on f.root_id = root.department_id
qualify
    row_number() over (
        partition by f.endpoint, f.period_type, f.period_start, f.recorded_on, agency_code, f.item_code
        order by f.version desc
    ) = 1
