-- Timeliness of dossiers by month of receipt, agency and field: QĐ 766 item 2.1.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_months',
        post_hook="{{ mark_processed() }}"
    )
}}

with dossiers as (
    select * from {{ ref('int_dossiers') }}
),

fields as (
    select * from {{ ref('procedure_fields') }}
),

as_of as (
    select {{ last_day_of_dossiers() }} as day
),

-- an open dossier is judged at the end of its month, or at the end of the last day of data while the month runs
judged as (
    select
        d.*,
        least(
            coalesce(d.judged_end_at, timestamp '9999-12-31'),
            case
                when d.is_resolved then timestamp '9999-12-31'
                else least(last_day(d.received_month), a.day) + interval '23:59:59'
            end
        ) - to_seconds(d.waiting_seconds) as effective_end_at
    from dossiers as d
    cross join as_of as a
    where
        d.received_month is not null
        and {{ only_touched_months('d.received_month') }}
),

outcomes as (
    select
        *,
        case
            when supplement_count > 1 then if(is_resolved, 'late', 'overdue')
            when term_at is null then 'no_term'
            when effective_end_at > term_at then if(is_resolved, 'late', 'overdue')
            when not is_resolved then 'in_process'
            when cast(effective_end_at as date) < cast(term_at as date) then 'early'
            else 'on_time'
        end as outcome
    from judged
),

counted as (
    select
        received_month as month,
        agency_code,
        procedure_field_code,
        {{ agency_of_group() }},
        count(*) as received,
        count(*) filter (where is_resolved) as resolved,
        count(*) filter (where outcome = 'early') as early,
        count(*) filter (where outcome = 'on_time') as on_time,
        count(*) filter (where outcome = 'late') as late,
        count(*) filter (where outcome = 'in_process') as in_process,
        count(*) filter (where outcome = 'overdue') as overdue,
        count(*) filter (where outcome = 'no_term') as no_term,
        count(processing_seconds) as timed,
        sum(processing_seconds) / (86400.0 * count(processing_seconds)) as mean_days,
        median(processing_seconds) / 86400.0 as median_days,
        bool_or(is_synthetic) as has_samples
    from outcomes
    group by received_month, agency_code, procedure_field_code
)

select
    {{ month_agency_field() }},
    c.received,
    c.resolved,
    c.early,
    c.on_time,
    c.late,
    c.in_process,
    c.overdue,
    c.no_term,
    round(100.0 * (c.early + c.on_time + c.in_process) / c.received, 2) as on_time_pct,
    case when c.timed >= {{ var('min_cell_count') }} then round(c.mean_days, 2) end as mean_days,
    case when c.timed >= {{ var('min_cell_count') }} then round(c.median_days, 2) end as median_days,
    case
        when c.timed = 0 then 'missing'
        when c.timed < {{ var('min_cell_count') }} then 'suppressed'
        else 'observed'
    end as days_status,
    {{ status_of_month() }}
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
