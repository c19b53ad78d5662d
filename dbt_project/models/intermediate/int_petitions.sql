-- One row per petition with what the 766 index asks of it: items 5.1a to 5.3.
{{ config(materialized='table') }}

with petitions as (
    select * from {{ ref('stg_petitions') }}
),

working_days as (
    select * from {{ ref('int_working_days') }}
),

-- the n-th working day, by its number
nth_working_day as (
    select * from working_days where is_working_day
),

agencies as (
    select * from {{ ref('int_agencies') }}
),

due as (
    select
        p.*,
        coalesce(p.due_at, cast(n.day as timestamp) + interval '23:59:59') as term_at
    from petitions as p
    left join working_days as r on cast(p.received_at as date) = r.day
    -- item 5.2: without a due date, 15 working days
    left join nth_working_day as n on r.working_day_no + 15 = n.working_day_no
)

select
    d.petition_id,
    d.received_month,
    d.agency_code,
    coalesce(a.agency_name, '') as agency_name,
    coalesce(a.agency_level, 'unknown') as agency_level,
    d.kind,
    d.term_at,
    -- 5.2 as one moment: whoever judges the petition up to then finds it on time. Never (null) when it was answered
    -- late, for ever when it was answered within its term.
    case
        when d.answered_at <= d.term_at then timestamp '9999-12-31'
        when d.answered_at is null then d.term_at
    end as on_time_until,
    coalesce(not d.is_satisfied, false) as is_disliked
from due as d
left join agencies as a
    on d.agency_code = a.agency_code and cast(d.received_at as date) between a.valid_from and a.valid_to
