-- One row per dossier: its latest version, its agency and communes, and what the on-time rule needs.
-- QĐ 766 item 2.1: the end is the time of status 9, else 10, else 8 or 3; a single unanswered supplement request ends
-- the count at that moment; waiting for the applicant is deducted; a missing due date falls back on the statutory time.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_rows',
        unique_key='dossier_id',
        post_hook="{{ mark_processed() }}"
    )
}}

with versions as (
    select * from {{ ref('int_dossier_versions') }}
),

procedures as (
    select * from {{ ref('int_procedures') }}
),

latest as (
    select
        dossier_id,
        -- an export has no channel, fees or papers: it counts only where no feed knows the dossier
        coalesce(max(version) filter (where not is_exported), max(version)) as version,
        max(version) filter (where has_nested_lists) as nested_version,
        max(load_no) as load_no,
        min(received_month) as first_month,
        max(received_month) as last_month,
        count(*) as version_count
    from versions
    {% if is_incremental() %}
        where
            dossier_id in (select n.dossier_id from versions as n where n.load_no > {{ processed_load() }})
            -- a newer catalogue may give any dossier another field or term, and an export another procedure
            or (select max(c.load_no) from procedures as c) > {{ processed_load() }}
    {% endif %}
    group by dossier_id
),

-- where the latest version is of a feed that does not report papers, fees and supplements: the last one that did
earlier as (
    select v.*
    from versions as v
    inner join latest as l on v.version = l.nested_version and l.nested_version <> l.version
),

agencies as (
    select * from {{ ref('int_agencies') }}
),

working_days as (
    select * from {{ ref('int_working_days') }}
),

-- the n-th working day, by its number
nth_working_day as (
    select * from working_days where is_working_day
),

dossiers as (
    select
        v.* exclude (version, load_no, is_synthetic, procedure_field_code, agency_name, has_nested_lists, is_exported)
        replace (
            -- an export names a procedure, and the catalogue may have none or several of that name
            coalesce(v.procedure_code, '') as procedure_code,
            {%- for column in ['applicant_type', 'payment_code', 'has_digitised_component', 'is_vneid_verified'] %}
                coalesce(v.{{ column }}, e.{{ column }}) as {{ column }},
            {%- endfor %}
            {%- for column in [
                'paper_count', 'paper_file_count', 'paper_reused_count', 'paper_personal_store_count',
                'result_file_count', 'fee_count', 'fee_total_vnd', 'has_population_database', 'supplement_count',
                'waiting_seconds', 'open_request_at'
            ] %}
                coalesce(e.{{ column }}, v.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        greatest(l.load_no, (select max(c.load_no) from procedures as c)) as load_no,
        l.first_month,
        l.last_month,
        l.version_count,
        -- made up, or a procedure of the catalogue that is
        coalesce(v.is_synthetic, false) or coalesce(p.basis = 'illustrative', false) as is_synthetic,
        -- the catalogue knows the field of a procedure; the dossier's own field counts where the catalogue has none
        coalesce(p.field_code, v.procedure_field_code) as procedure_field_code,
        p.procedure_code is not null as is_procedure_known,
        coalesce(p.service_level, '') as service_level,
        coalesce(p.has_fee, false) as has_procedure_fee,
        coalesce(p.requires_paper_result, false) as requires_paper_result,
        coalesce(p.subject in ('citizen', 'both'), false) as is_citizen_procedure,
        p.statutory_days,
        p.statutory_unit,
        -- the day from which working days are counted; null where none are (a plain key keeps the joins below hashed)
        case
            when v.due_at is null and p.statutory_unit = 'working_day' then cast(v.received_at as date)
        end as working_days_from,
        coalesce(a.agency_name, '') as agency_name,
        coalesce(a.agency_level, 'unknown') as agency_level,
        a.commune_code,
        a.commune_name,
        a.commune_code_today,
        a.commune_name_today,
        coalesce(a.area_match, 'unknown') as area_match,
        coalesce(v.finished_at, v.returned_at, v.refused_at) as ended_at
    from versions as v
    inner join latest as l on v.version = l.version
    left join earlier as e on v.dossier_id = e.dossier_id
    left join procedures as p on v.procedure_code = p.procedure_code
    left join agencies as a
        on
            v.agency_code = a.agency_code
            and cast(coalesce(v.received_at, v.submitted_at) as date) between a.valid_from and a.valid_to
)

select
    d.* exclude (statutory_days, statutory_unit, working_days_from, open_request_at),
    d.ended_at is not null as is_resolved,
    -- the moment that counts as end for the rule, null while the dossier is open
    coalesce(
        d.ended_at,
        case when d.supplement_count = 1 then d.open_request_at end
    ) as judged_end_at,
    case
        when d.due_at is not null then d.due_at
        when d.statutory_unit = 'hour' then d.received_at + to_hours(d.statutory_days)
        -- a term in days ends when its last day ends, as one in working days does
        when d.statutory_unit = 'day'
            then date_trunc('day', d.received_at) + to_days(d.statutory_days) + interval '23:59:59'
        when d.statutory_unit = 'working_day' then cast(n.day as timestamp) + interval '23:59:59'
    end as term_at,
    case when d.due_at is not null then 'due_date' when d.statutory_days is not null then 'statutory' else 'none' end
        as term_basis,
    -- an end on a day before the receipt is a slip of the keyboard, and no time; on the day itself hours may be missing
    case
        when cast(d.ended_at as date) >= cast(d.received_at as date)
            then greatest(
                0, cast(date_diff('second', d.received_at, d.ended_at) as bigint) - d.waiting_seconds
            )
    end as processing_seconds        -- whole seconds: sums of them do not depend on the order of rows
from dossiers as d
left join working_days as r on d.working_days_from = r.day
left join nth_working_day as n on r.working_day_no + d.statutory_days = n.working_day_no
