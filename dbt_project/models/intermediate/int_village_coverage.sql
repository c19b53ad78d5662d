-- What each operator says of a village and technology as of the end of a quarter: true, false, or null where it is
-- unknown. One row for every quarter in which anybody reported, so that who reports first in a quarter does not make
-- the others silent; a report stands for a year at most.
-- A name that stands twice in a commune's report names two villages, or one twice over: both are unknown.
{{ config(materialized='table') }}

with quarters as (
    select
        cast(date_trunc('quarter', extracted_on) as date) as quarter,
        last_day(cast(date_trunc('quarter', extracted_on) + interval 2 month as date)) as last_day
    from {{ ref('int_villages') }}
    group by all
),

-- the operator's newest report on a commune and, where that is a part, those before: what a whole one names no more is
-- gone
standing as (
    select
        q.quarter,
        v.*
    from quarters as q
    inner join {{ ref('int_villages') }} as v
        on q.last_day >= v.extracted_on and q.last_day < v.extracted_on + interval 1 year
    anti join {{ ref('int_village_reports') }} as r
        on
            v.operator = r.operator and v.area_code = r.area_code
            and v.extracted_on < r.extracted_on and q.last_day >= r.extracted_on
            and not r.is_part
),

newest as (
    select
        *,
        count(*) over (partition by quarter, operator, area_code, reported_area_name, village_key, file_no) > 1
            as is_ambiguous
    from standing
    qualify
        row_number() over (
            partition by quarter, operator, area_code, reported_area_name, village_key order by version desc
        ) = 1
),

-- units under which a commune of today is reported on: by how many villages of one operator at most
units as (
    select
        quarter,
        area_code,
        reported_unit_since,
        max(villages) as villages
    from (
        select
            quarter,
            operator,
            area_code,
            reported_unit_since,
            count(*) as villages
        from newest
        where not starts_with(area_code, 'unknown')
        group by all
    ) as reported
    group by quarter, area_code, reported_unit_since
),

-- the newest unit that is reported on as fully as those before it
units_in_force as (
    select
        quarter,
        area_code,
        max(reported_unit_since) as since
    from (
        select *
        from units
        qualify
            5 * villages
            >= 4 * max(villages) over (partition by quarter, area_code order by reported_unit_since)
    ) as whole
    group by quarter, area_code
),

-- old units all of whose heirs are reported on in their place
left_behind as (
    select
        q.quarter,
        x.old_code,
        x.old_valid_from
    from quarters as q
    cross join {{ ref('area_crosswalk') }} as x
    left join units_in_force as u
        on q.quarter = u.quarter and x.new_code = u.area_code and x.new_valid_from <= u.since
    group by q.quarter, x.old_code, x.old_valid_from
    having count(*) = count(u.area_code)
),

judged as (
    select
        n.*,
        o.old_code is not null or coalesce(n.reported_unit_since < u.since, false) as is_left_behind
    from newest as n
    left join units_in_force as u on n.quarter = u.quarter and n.area_code = u.area_code
    left join left_behind as o
        on
            n.quarter = o.quarter and n.reported_area_code = o.old_code
            and n.reported_unit_since = o.old_valid_from
),

-- of an old unit that is left behind counts nothing; in each of its heirs it bears witness, where its operator has not
-- reported whole since
kept as (
    select *
    from judged
    where not is_left_behind
    union all
    select e.* replace (x.new_code as area_code)
    from judged as e
    inner join {{ ref('area_crosswalk') }} as x
        on e.reported_area_code = x.old_code and e.reported_unit_since = x.old_valid_from
    anti join {{ ref('int_village_reports') }} as r
        on
            e.operator = r.operator and x.new_code = r.area_code
            and e.extracted_on < r.extracted_on and r.extracted_on < e.quarter + interval 3 month
            and not r.is_part
    where e.is_left_behind
),

told as (
    select
        *,
        unnest([
            { technology: '2G', is_covered: has_2g },
            { technology: '3G', is_covered: has_3g },
            { technology: '4G', is_covered: has_4g },
            { technology: '5G', is_covered: has_5g },
            { technology: 'fibre', is_covered: has_fibre },
            -- any generation; without signal only where all four are denied
            { technology: 'mobile', is_covered: has_2g or has_3g or has_4g or has_5g }
        ]) as told
    from kept
)

select
    quarter,
    extracted_on as reported_on,
    operator,
    area_code,
    reported_area_code,
    reported_area_name,
    reported_unit_since,
    village_key,
    village_name,
    is_left_behind,
    is_answered,
    is_ambiguous,
    is_beside_lost,
    told.technology,
    case when not is_ambiguous then told.is_covered end as is_covered
from told
