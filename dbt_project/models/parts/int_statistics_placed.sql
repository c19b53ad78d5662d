-- Figures of statistics with what the registry states of them, in the order in which they came under their key: the one
-- of place 1, the first or one that somebody accepted, is the value taken.
with registered as (
    select
        s.* replace ({{ status_of_figure('s', 'i') }} as obs_status),
        i.unit as registered_unit,
        i.valid_min,
        i.valid_max,
        i.indicator is null as is_unknown,
        a.indicator is not null as is_accepted,
        {{ fact_of('s') }} as fact,
        f.landed_at
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
    -- what ships with the project has version 0 and was there first
    left join {{ source('raw', 'files') }} as f on {{ file_no_of('s.version') }} = f.file_no
)

select
    *,
    row_number() over of_one_vintage as place,
    first_value(value) over of_one_vintage as value_taken,
    first_value(unit) over of_one_vintage as unit_taken,
    first_value(is_accepted) over of_one_vintage as was_accepted
from registered
window of_one_vintage as (
    partition by fact, vintage_on order by is_accepted desc, landed_at asc nulls first, version asc
)
