-- Every figure of statistics once, in the order of its publications, with what was in force before it, and held back
-- from use when it is no figure that can be believed without a look. What came first under a key stays.
{{ config(materialized='table') }}

with recursive registered as (
    select
        s.*,
        i.unit as registered_unit,
        i.valid_min,
        i.valid_max,
        i.indicator is null as is_unknown,
        a.indicator is not null as is_accepted,
        {{ fact_of('s') }} as fact,
        -- the part of a version that tells the order of loading: the day that a file speaks of must not let it in front
        s.version & ((cast(1 as bigint) << 48) - 1) as load_order
    from {{ ref('int_statistics') }} as s
    left join {{ ref('indicators') }} as i on s.indicator = i.indicator
    left join {{ ref('statistics_accepted') }} as a
        on
            s.indicator = a.indicator
            and s.area_code = a.area_code
            and s.period_type = a.period_type
            and s.period_start = a.period_start
            and s.source = a.source
            and s.vintage_on = a.vintage_on
            and s.value is not distinct from a.value
),

placed as (
    select
        *,
        row_number() over of_one_vintage as place,
        first_value(value) over of_one_vintage as value_taken,
        first_value(unit) over of_one_vintage as unit_taken,
        first_value(is_accepted) over of_one_vintage as was_accepted
    from registered
    window of_one_vintage as (partition by fact, vintage_on order by is_accepted desc, load_order asc)
),

-- a change between two publications as they came
moves as (
    select
        *,
        row_number() over of_fact as vintage_no,
        abs(value - lag(value) over of_fact) as move,
        {{ revision_floor('unit', 'lag(value) over of_fact') }} as floor_of_move
    from placed
    where place = 1
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
        cast(null as double) as previous_value,
        cast(null as date) as previous_vintage_on,
        cast(null as double) as revision_limit,
        cast(0 as bigint) as revision_no,
        {{ held_reason('v', 'cast(null as double)', '0') }} as held_reason
    from vintages as v
    where vintage_no = 1
    union all
    select
        n.*,
        {{ held_reason('n', 'n.previous_value', 'n.revision_limit') }} as held_reason
    from (
        select
            v.*,
            if(w.held_reason is null, w.value, w.previous_value) as previous_value,
            if(w.held_reason is null, w.vintage_on, w.previous_vintage_on) as previous_vintage_on,
            greatest(
                3 * v.largest_move,
                {{ revision_floor('v.unit', 'if(w.held_reason is null, w.value, w.previous_value)') }}
            ) as revision_limit,
            w.revision_no + if(w.held_reason is null, 1, 0) as revision_no
        from walked as w
        inner join vintages as v on w.fact = v.fact and w.vintage_no + 1 = v.vintage_no
    ) as n
)

select
    * exclude (place, value_taken, unit_taken, was_accepted, vintage_no, move, floor_of_move, largest_move, is_unknown),
    held_reason is null and vintage_on = max(if(held_reason is null, vintage_on, null)) over (partition by fact)
        as is_latest
from walked
union all by name
-- another value under a key that has one: the first stays, or what somebody accepted. The same value again is no news.
select
    * exclude (place, value_taken, unit_taken, was_accepted, is_unknown),
    value_taken as previous_value,
    vintage_on as previous_vintage_on,
    if(was_accepted, 'replaced', 'other_value') as held_reason,
    false as is_latest
from placed
where place > 1 and (value is distinct from value_taken or unit is distinct from unit_taken)
qualify row_number() over (partition by fact, vintage_on, value, unit order by load_order) = 1
