-- Calendar with the running number of the working day; what is not a working day carries the number of the one before.
{{ config(materialized='table') }}

with days as (
    select cast(unnest(generate_series(date '2015-01-01', date '2035-12-31', interval 1 day)) as date) as day
),

marked as (
    select
        d.day,
        isodow(d.day) < 6 and h.holiday_date is null as is_working_day
    from days as d
    left join {{ ref('public_holidays') }} as h on d.day = h.holiday_date
)

select
    day,
    is_working_day,
    cast(count(*) filter (where is_working_day) over (order by day) as integer) as working_day_no
from marked
