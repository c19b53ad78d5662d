-- Open dossiers on the last day of data, by agency and field: how long they have been open and when they are due.
{{ config(materialized='table') }}

with as_of as (
    select {{ last_day_of_dossiers() }} as day
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

fields as (
    select * from {{ ref('procedure_fields') }}
),

open_dossiers as (
    select
        d.*,
        a.day as as_of_date,
        date_diff('day', cast(d.received_at as date), a.day) as age_days,
        -- waiting for the applicant moves the due day; while a single request is unanswered it goes on moving
        date_diff('day', a.day, cast(
            d.term_at
            + to_seconds(d.waiting_seconds)
            + coalesce(a.day + interval '23:59:59' - d.judged_end_at, interval '0 seconds')
            as date
        )) as days_to_due
    from {{ ref('int_dossiers') }} as d
    cross join as_of as a
    left join statuses as s on d.status = s.status_code
    where
        not d.is_resolved
        and d.received_month is not null
        -- an end without its time is an end all the same
        and not coalesce(s.is_finished, false)
),

counted as (
    select
        agency_code,
        procedure_field_code,
        any_value(as_of_date) as as_of_date,
        {{ agency_of_group() }},
        count(*) as open_dossiers,
        count(*) filter (where days_to_due < -30) as overdue_over_30_days,
        count(*) filter (where days_to_due between -30 and -8) as overdue_8_to_30_days,
        count(*) filter (where days_to_due between -7 and -1) as overdue_1_to_7_days,
        count(*) filter (where days_to_due = 0) as due_today,
        count(*) filter (where days_to_due between 1 and 3) as due_in_1_to_3_days,
        count(*) filter (where days_to_due between 4 and 7) as due_in_4_to_7_days,
        count(*) filter (where days_to_due > 7) as due_later,
        count(*) filter (where days_to_due is null) as without_term,
        median(age_days) as median_age_days,
        bool_or(is_synthetic) as has_samples
    from open_dossiers
    group by agency_code, procedure_field_code
)

select
    c.agency_code,
    c.agency_name,
    c.agency_level,
    c.commune_code,
    c.commune_name,
    c.commune_code_today,
    c.commune_name_today,
    c.area_match,
    c.procedure_field_code,
    coalesce(f.name_vi, '') as procedure_field_name,
    c.as_of_date,
    c.open_dossiers,
    c.overdue_over_30_days,
    c.overdue_8_to_30_days,
    c.overdue_1_to_7_days,
    c.due_today,
    c.due_in_1_to_3_days,
    c.due_in_4_to_7_days,
    c.due_later,
    c.without_term,
    case when c.open_dossiers >= {{ var('min_cell_count') }} then round(c.median_age_days, 1) end as median_age_days,
    if(c.open_dossiers < {{ var('min_cell_count') }}, 'suppressed', 'observed') as age_status,
    'observed' as obs_status,
    c.has_samples
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
