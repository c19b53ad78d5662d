-- What each operator last said of a village and technology, as of the end of a quarter: true, false, or null where it
-- is unknown. One row for every quarter in which anybody reported, so that who reports first in a quarter does not make
-- the others silent. A statement counts until the same quarter of the next year. What is older, what the operator's new
-- list names no more and what was said of a commune of before counts no more, but bears witness for two years: nobody
-- may make a gap of it.
-- A name that stands twice in a commune's report names two villages, or one twice over: both are unknown.
{{ config(materialized='table') }}

with quarters as (
    select
        told_in as quarter,
        last_day(cast(told_in + interval 2 month as date)) as last_day
    from {{ ref('int_village_told') }}
    group by told_in
),

newest as (
    select
        t.*,
        q.quarter,
        q.last_day,
        count(*) over (
            partition by
                q.quarter, t.operator, t.area_code, t.reported_area_name, t.village_key, t.technology, t.file_no
        ) > 1
        -- or two files of one day contradict each other
        or coalesce(bool_and(t.is_covered) over of_a_day <> bool_or(t.is_covered) over of_a_day, false) as is_ambiguous,
        max(t.told_in) over (partition by q.quarter, t.operator) as last_told_in
    from quarters as q
    inner join {{ ref('int_village_told') }} as t
        on q.last_day >= t.extracted_on and q.quarter <= t.told_in + interval 2 year
    window
        of_a_day as (
            partition by
                q.quarter, t.operator, t.area_code, t.reported_area_name, t.village_key, t.technology, t.extracted_on
        )
    qualify
        row_number() over (
            partition by q.quarter, t.operator, t.area_code, t.reported_area_name, t.village_key, t.technology
            order by t.is_told desc, t.version desc
        ) = 1
),

replaced as (
    select
        operator,
        area_code,
        reported_area_name,
        technology,
        extracted_on,
        min(later_on) as replaced_on
    from {{ ref('int_village_reports') }}
    where is_replaced
    group by operator, area_code, reported_area_name, technology, extracted_on
),

aged as (
    select
        n.*,
        n.quarter > n.told_in + interval 1 year
        or coalesce(n.last_day >= r.replaced_on, false)
        -- of what lies nowhere the operator's next report may name the right commune
        or (n.area_code = 'unknown' and n.told_in < n.last_told_in) as is_old
    from newest as n
    left join replaced as r
        on
            n.operator = r.operator and n.area_code = r.area_code and n.reported_area_name = r.reported_area_name
            and n.technology = r.technology and n.extracted_on = r.extracted_on
),

-- units under which a commune of today is reported on, all that became it together, and those that were split: by how
-- many villages of one operator at most
units as (
    select
        quarter,
        technology,
        area_code,
        reported_unit_since,
        max(villages) as villages
    from (
        select
            quarter,
            technology,
            area_code,
            operator,
            reported_unit_since,
            count(*) as villages
        from aged
        where is_told and not is_old and reported_unit_since is not null
        group by all
    ) as reported
    group by quarter, technology, area_code, reported_unit_since
),

-- the newest unit that is reported on as fully as those before it
units_in_force as (
    select
        quarter,
        technology,
        area_code,
        max(reported_unit_since) as since,
        max_by(villages, reported_unit_since) as villages
    from (
        select *
        from units
        where not starts_with(area_code, 'unknown')
        qualify
            5 * villages >= 4 * max(villages) over (
                partition by quarter, technology, area_code order by reported_unit_since
            )
    ) as whole
    group by quarter, technology, area_code
),

units_of_any as (
    select
        quarter,
        area_code,
        max(since) as since
    from units_in_force
    group by quarter, area_code
),

-- units that were split, all of whose heirs are reported on in their place
left_behind as (
    select
        u.quarter,
        u.technology,
        x.old_code,
        x.old_valid_from
    from units as u
    inner join {{ ref('area_crosswalk') }} as x
        on u.area_code = 'unknown part of ' || x.old_code and u.reported_unit_since = x.old_valid_from
    left join units_in_force as f
        on
            u.quarter = f.quarter and u.technology = f.technology and x.new_code = f.area_code
            and x.new_valid_from <= f.since
    group by u.quarter, u.technology, x.old_code, x.old_valid_from
    having count(*) = count(f.area_code) and 5 * sum(f.villages) >= 4 * max(u.villages)
),

judged as (
    select
        a.*,
        a.is_old or o.old_code is not null or coalesce(a.reported_unit_since < u.since, false) as is_left_behind
    from aged as a
    left join units_in_force as u
        on a.quarter = u.quarter and a.technology = u.technology and a.area_code = u.area_code
    left join units_of_any as y on a.quarter = y.quarter and a.area_code = y.area_code
    left join left_behind as o
        on
            a.quarter = o.quarter and a.technology = o.technology and a.reported_area_code = o.old_code
            and a.reported_unit_since = o.old_valid_from
    -- a village of which nothing is told would stand twice, were it taken from other units than those told of
    where a.is_told or coalesce(a.reported_unit_since = coalesce(u.since, y.since), true)
),

-- a village of a split unit may lie in any of its heirs
kept as (
    select *
    from judged
    where not is_left_behind or not starts_with(area_code, 'unknown part')
    union all
    select j.* replace (x.new_code as area_code)
    from judged as j
    inner join {{ ref('area_crosswalk') }} as x
        on j.reported_area_code = x.old_code and j.reported_unit_since = x.old_valid_from
    where j.is_left_behind and starts_with(j.area_code, 'unknown part')
),

known as (
    select
        * exclude (is_covered),
        case when not is_ambiguous then is_covered end as is_covered
    from kept
),

-- who says nothing of a generation that is no more leaves nothing open
generations as (
    select
        k.*,
        coalesce(k.is_covered, k.is_told or o.technology is null) as may_cover
    from known as k
    left join {{ ref('generations_switched_off') }} as o on k.technology = o.technology and k.last_day > o.last_day
    where k.technology <> 'fibre'
)

select
    quarter,
    operator,
    area_code,
    reported_area_name,
    village_key,
    technology,
    is_left_behind,
    reported_area_code,
    reported_unit_since,
    village_name,
    extracted_on as reported_on,
    is_told,
    is_of_its_own,
    is_ambiguous,
    is_covered
from known
union all
-- any generation: without signal only where all four are denied, or are no more
select
    quarter,
    operator,
    area_code,
    reported_area_name,
    village_key,
    'mobile' as technology,
    is_left_behind,
    max_by(reported_area_code, version) as reported_area_code,
    max(reported_unit_since) as reported_unit_since,
    max_by(village_name, version) as village_name,
    max(extracted_on) as reported_on,
    bool_or(is_told) as is_told,
    bool_or(is_of_its_own) as is_of_its_own,
    bool_or(is_ambiguous) as is_ambiguous,
    case
        when bool_or(is_covered) then true
        when count(*) filter (where not may_cover) = 4 then false
    end as is_covered
from generations
group by quarter, operator, area_code, reported_area_name, village_key, is_left_behind
