-- When the next figure of each published series is expected: the newest known period, carried on by the release
-- calendar. A figure is overdue on a day after expected_on; the reader chooses that day.
{{ config(materialized='table') }}

with known as (
    select
        s.*,
        {{ last_day_of_period('s.period_type', 's.period_start') }} as period_end
    from {{ ref('statistics') }} as s
    -- a sample is no publication
    where s.is_latest and s.value is not null and s.grade is not null
),

newest as (
    select
        c.indicator,
        c.area_code,
        c.publisher,
        c.every_months,
        c.lag_months,
        c.day_of_month,
        c.basis,
        k.period_type,
        k.period_start,
        k.period_end,
        k.vintage_on
    from {{ ref('release_calendar') }} as c
    left join known as k on c.indicator = k.indicator and c.area_code = k.area_code
    -- a yearly series is carried on from its newest year, not from a quarter that was printed in between
    qualify
        row_number() over (
            partition by c.indicator, c.area_code
            order by (c.every_months >= 12 and k.period_type = 'year') desc, k.period_end desc, k.vintage_on desc
        ) = 1
),

expected as (
    select
        *,
        last_day(cast(period_end + to_months(every_months) as date)) as next_period_end,
        last_day(cast(date_trunc('month', next_period_end) + to_months(lag_months) as date)) as last_day_of_month
    from newest
)

select
    e.indicator,
    i.pillar,
    i.title_vi,
    i.title_en,
    e.area_code,
    n.area_name,
    e.publisher,
    e.period_type,
    e.period_start,
    e.vintage_on,
    e.next_period_end,
    least(
        cast(date_trunc('month', e.last_day_of_month) + to_days(e.day_of_month - 1) as date), e.last_day_of_month
    ) as expected_on,
    e.basis as calendar_basis
from expected as e
inner join {{ ref('indicators') }} as i on e.indicator = i.indicator
{{ join_area_title('e.area_code', 'e.period_type', 'e.period_start') }}
