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

-- how often a name stands in a file
named as (
    select
        *,
        count(*) over (partition by operator, area_code, unit, village_key, technology, file_no) as times
    from {{ ref('int_village_told') }}
),

newest as (
    select
        t.*,
        q.quarter,
        q.last_day,
        -- in each file of its day that tells of it the name stands twice, or they contradict each other
        coalesce(min(t.times) filter (where t.is_told) over of_a_day > 1, t.times > 1)
        or coalesce(bool_and(t.is_covered) over of_a_day <> bool_or(t.is_covered) over of_a_day, false) as is_ambiguous,
        max(t.told_in) over (partition by q.quarter, t.operator) as last_told_in
    from quarters as q
    inner join named as t
        on q.last_day >= t.extracted_on and q.quarter <= t.told_in + interval 2 year
    window
        of_a_day as (
            partition by q.quarter, t.operator, t.area_code, t.unit, t.village_key, t.technology, t.extracted_on
        )
    qualify
        row_number() over (
            partition by q.quarter, t.operator, t.area_code, t.unit, t.village_key, t.technology
            -- of files of a day the one that says something, in whatever order they came
            order by
                t.is_told desc, t.extracted_on desc, t.is_covered is not null desc, t.village_name asc, t.version desc
        ) = 1
),

replaced as (
    select
        operator,
        area_code,
        unit,
        technology,
        extracted_on,
        min(later_on) as replaced_on
    from {{ ref('int_village_reports') }}
    where is_replaced
    group by operator, area_code, unit, technology, extracted_on
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
            n.operator = r.operator and n.area_code = r.area_code and n.unit = r.unit
            and n.technology = r.technology and n.extracted_on = r.extracted_on
),

-- the newest unit under which a commune of today is reported on: what was said of those before it are the same places
units as (
    select
        quarter,
        area_code,
        max(reported_unit_since) as since
    from aged
    where is_told and not is_old and not starts_with(area_code, 'unknown')
    group by quarter, area_code
),

-- units that were split, and those of their heirs that are reported on
split_up as (
    select distinct
        u.quarter,
        x.old_code,
        x.old_valid_from
    from units as u
    inner join {{ ref('area_crosswalk') }} as x on u.area_code = x.new_code and u.since >= x.new_valid_from
),

judged as (
    select
        a.*,
        a.is_old
        or coalesce(a.reported_unit_since < u.since, false)
        or (starts_with(a.area_code, 'unknown part') and s.old_code is not null) as is_left_behind
    from aged as a
    left join units as u on a.quarter = u.quarter and a.area_code = u.area_code
    left join split_up as s
        on a.quarter = s.quarter and a.reported_area_code = s.old_code and a.reported_unit_since = s.old_valid_from
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

-- generations as they are on air at the quarter's end: of one that was switched off counts only what was told since
on_air as (
    select
        k.*,
        o.technology is not null as is_off,
        4 - (
            select count(*) from {{ ref('generations_switched_off') }} as e where k.last_day > e.last_day
        ) as generations
    from known as k
    left join {{ ref('generations_switched_off') }} as o on k.technology = o.technology and k.last_day > o.last_day
    where k.technology <> 'fibre' and (o.technology is null or (k.is_told and k.extracted_on > o.last_day))
)

select
    quarter,
    operator,
    area_code,
    unit,
    village_key,
    technology,
    is_left_behind,
    reported_area_code,
    reported_area_name,
    reported_unit_since,
    village_name,
    extracted_on as reported_on,
    is_told,
    is_of_its_own,
    is_ambiguous,
    is_covered
from known
union all
-- any generation: without signal only where all that are on air are denied
select
    quarter,
    operator,
    area_code,
    unit,
    village_key,
    'mobile' as technology,
    is_left_behind,
    any_value(reported_area_code) as reported_area_code,
    any_value(reported_area_name) as reported_area_name,
    any_value(reported_unit_since) as reported_unit_since,
    arg_max(village_name, (extracted_on, village_name)) as village_name,
    max(extracted_on) as reported_on,
    bool_or(is_told) as is_told,
    bool_or(is_of_its_own) as is_of_its_own,
    bool_or(is_ambiguous) as is_ambiguous,
    case
        when bool_or(is_covered) then true
        when
            count(*) filter (where not is_off and not is_covered) = any_value(generations)
            and count(*) filter (where is_off and is_covered is null) = 0
            then false
    end as is_covered
from on_air
group by quarter, operator, area_code, unit, village_key, is_left_behind
-- of a village that a new list left out, generations that this tells nothing of remain: they say nothing
having bool_or(is_told) or count(*) filter (where not is_off) = any_value(generations)
