-- Item 2.1 of QĐ 766, the one definition: dossiers received and those of them on time, by month, quarter and year,
-- agency, procedure and field. What is open is judged at the end of the period, or of the last day of data while the
-- period runs: a year is not the sum of its months, since what was in term at the end of a month may be late by its
-- end.
{{ config(materialized='table') }}

with counts as (
    select * from {{ ref('int_qd766_counts') }}
),

judged as (
    {{ judged_periods('counts', 'month', last_day_of_dossiers()) }}
),

-- open dossiers whose term may still pass; all others are on time, or not, whenever they are judged
undecided as (
    select
        received_month as month,
        agency_code,
        procedure_code,
        procedure_field_code,
        on_time_until,
        count(*) as dossiers
    from {{ ref('int_qd766_flags') }}
    where not is_resolved and on_time_until < timestamp '9999-12-31'
    group by received_month, agency_code, procedure_code, procedure_field_code, on_time_until
),

undecided_on_time as (
    select
        j.period_type,
        j.period_start,
        u.agency_code,
        u.procedure_code,
        u.procedure_field_code,
        sum(u.dossiers) as dossiers
    from undecided as u
    inner join judged as j on u.month = j.month
    where u.on_time_until >= j.judged_at
    group by j.period_type, j.period_start, u.agency_code, u.procedure_code, u.procedure_field_code
),

last_months as (
    select
        j.period_type,
        j.period_start,
        c.agency_code,
        max(c.month) as month
    from counts as c
    inner join judged as j on c.month = j.month
    group by j.period_type, j.period_start, c.agency_code
),

-- an agency that got another name or level within a period has those of its last month
agencies as (
    select
        l.period_type,
        l.period_start,
        l.agency_code,
        max(c.agency_name) as agency_name,
        max(c.agency_level) as agency_level
    from last_months as l
    inner join counts as c on l.agency_code = c.agency_code and l.month = c.month
    group by l.period_type, l.period_start, l.agency_code
)

select
    j.period_type,
    j.period_start,
    c.agency_code,
    c.procedure_code,
    c.procedure_field_code,
    max(c.month) as last_month,
    cast(sum(c.received) as bigint) as received,
    cast(sum(c.on_time_for_good) + coalesce(any_value(u.dossiers), 0) as bigint) as on_time,
    bool_or(c.has_samples) as has_samples,
    any_value(a.agency_name) as agency_name,
    any_value(a.agency_level) as agency_level,
    -- the other counts of the index add up over months
    cast(sum(columns([
        'online', 'with_obligation', 'paid_online', 'with_fee_data', 'e_result', 'digitised', 'reused',
        'from_personal_store', 'population_data'
    ])) as bigint)
from counts as c
inner join judged as j on c.month = j.month
inner join agencies as a
    on j.period_type = a.period_type and j.period_start = a.period_start and c.agency_code = a.agency_code
left join undecided_on_time as u
    on
        j.period_type = u.period_type
        and j.period_start = u.period_start
        and c.agency_code = u.agency_code
        and c.procedure_code = u.procedure_code
        and c.procedure_field_code = u.procedure_field_code
group by j.period_type, j.period_start, c.agency_code, c.procedure_code, c.procedure_field_code
