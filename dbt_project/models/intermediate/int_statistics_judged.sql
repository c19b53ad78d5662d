-- Every figure of statistics once, in the order of its publications, with the figure that was active before it, and
-- held back from use when it is no figure that can be believed without a look. What landed first under a key stays,
-- whatever day its file covers.
{{ config(materialized='table') }}

with recursive figures as (
    select
        * exclude (place, value_taken, unit_taken, was_accepted),
        -- an older publication that came after a newer one: it is judged by that one, which nothing can unsettle
        coalesce(landed_at, timestamp '1970-01-01') > min(coalesce(landed_at, timestamp '1970-01-01')) over (
            partition by fact order by vintage_on rows between 1 following and unbounded following
        ) as came_late
    from {{ ref('int_statistics_placed') }}
    where place = 1
),

-- a change between two publications as they came
moves as (
    select
        *,
        row_number() over of_fact as vintage_no,
        abs(value - lag(value) over of_fact) as move,
        {{ revision_floor('unit', 'lag(value) over of_fact') }} as floor_of_move
    from figures
    where not coalesce(came_late, false)
    window of_fact as (partition by fact order by vintage_on)
),

-- a series' history of revisions, up to the day before: a jump that nobody accepted does not widen what is allowed
vintages as (
    select
        *,
        coalesce(max(if(move <= floor_of_move or is_accepted, move, null)) over (
            partition by indicator, area_code, source
            order by vintage_on range between unbounded preceding and interval 1 day preceding
        ), 0) as largest_move
    from moves
),

walked as (
    select
        *,
        cast(null as double) as before_value,
        cast(null as date) as before_vintage_on,
        cast(null as double) as revision_limit,
        {{ held_reason('v', 'cast(null as double)', '0') }} as held_reason
    from vintages as v
    where vintage_no = 1
    union all
    select
        n.*,
        {{ held_reason('n', 'n.before_value', 'n.revision_limit') }} as held_reason
    from (
        select
            v.*,
            if(w.held_reason is null, w.value, w.before_value) as before_value,
            if(w.held_reason is null, w.vintage_on, w.before_vintage_on) as before_vintage_on,
            greatest(
                3 * v.largest_move,
                {{ revision_floor('v.unit', 'if(w.held_reason is null, w.value, w.before_value)') }}
            ) as revision_limit
        from walked as w
        inner join vintages as v on w.fact = v.fact and w.vintage_no + 1 = v.vintage_no
    ) as n
),

latecomers as (
    select
        l.*,
        w.value as before_value,
        w.vintage_on as before_vintage_on,
        greatest(3 * w.largest_move, {{ revision_floor('w.unit', 'w.value') }}) as revision_limit
    from figures as l
    left join walked as w on l.fact = w.fact and l.vintage_on < w.vintage_on and w.held_reason is null
    where l.came_late
    qualify row_number() over (partition by l.fact, l.vintage_on order by w.vintage_on) = 1
),

judged as (
    select * exclude (vintage_no, move, floor_of_move, largest_move) from walked
    union all by name
    select
        l.*,
        {{ held_reason('l', 'l.before_value', 'l.revision_limit') }} as held_reason
    from latecomers as l
)

select
    * exclude (landed_at, is_unknown, came_late, before_value, before_vintage_on),
    if(held_reason is null, lag(value) over active, before_value) as previous_value,
    if(held_reason is null, lag(vintage_on) over active, before_vintage_on) as previous_vintage_on,
    if(held_reason is null, row_number() over active - 1, null) as revision_no,
    held_reason is null and lead(vintage_on) over active is null as is_latest
from judged
window active as (partition by fact, held_reason is null order by vintage_on)
union all by name
-- another value under a key that has one: the first stays, or what somebody accepted. The same value again is no news,
-- and with other digits no matter for review.
select
    * exclude (landed_at, is_unknown, place, value_taken, unit_taken, was_accepted),
    value_taken as previous_value,
    vintage_on as previous_vintage_on,
    case
        when unit = unit_taken and {{ is_rounding_of('value', 'value_taken') }} then 'rounding'
        when was_accepted then 'replaced'
        else 'other_value'
    end as held_reason,
    false as is_latest
from {{ ref('int_statistics_placed') }}
where place > 1 and (value is distinct from value_taken or unit is distinct from unit_taken)
qualify row_number() over (partition by fact, vintage_on, value, unit order by landed_at nulls first, version) = 1
