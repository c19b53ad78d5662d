-- What the shares of the 766 index are made of: dossiers and procedures counted by period, agency (or the province as a
-- whole) and field. Procedures are all that the agency answers for, and those received that it does not answer for.
with received as (
    select
        period_type,
        period_start,
        {{ agency_or_province() }},
        procedure_code,
        procedure_field_code,
        sum(columns(* exclude (
            period_type, period_start, agency_code, agency_name, agency_level, procedure_code, procedure_field_code,
            last_month, has_samples
        )))
    from {{ ref('int_on_time') }}
    where period_start >= {{ first_day_of_index() }}
    group by period_type, period_start, procedure_code, procedure_field_code, rollup (agency_code)
    having {{ is_agency_or_province() }}
),

-- the province answers for all procedures, communes for those of their level, a department for those of its fields
procedures as (
    select
        p.procedure_code,
        p.field_code as procedure_field_code,
        case p.level when 'commune' then 'commune' else f.lead_body end as answered_by,
        p.service_level in ('3', '4') as is_online_service,
        p.has_fee,
        p.subject in ('citizen', 'both') as is_for_citizens
    from {{ ref('int_procedures') }} as p
    inner join {{ ref('procedure_fields') }} as f on p.field_code = f.field_code
),

agencies as (
    select
        period_type,
        period_start,
        agency_code,
        {{ name_of_group() }} as agency_name,
        {{ level_of_group() }} as agency_level,
        case {{ level_of_group() }}
            when 'total' then agency_code when 'commune' then 'commune' else {{ name_of_group() }}
        end as answers_as
    from (
        select * from received
        union all by name
        select * from {{ ref('int_qd766_petition_counts') }}
    ) as seen
    group by period_type, period_start, agency_code
),

catalogue as (
    select
        if(grouping(answered_by) = 1, '{{ var("portal_code") }}', answered_by) as answered_by,
        procedure_field_code,
        count(*) as procedures,
        count(*) filter (where is_online_service) as services,
        count(*) filter (where has_fee) as fee_procedures,
        count(*) filter (where is_for_citizens) as citizen_procedures
    from procedures
    group by procedure_field_code, rollup (answered_by)
),

-- what was received, with what the catalogue states of the procedure (nulls where it does not know it)
placed as (
    select
        r.* exclude (agency_name, agency_level),
        p.is_online_service,
        p.has_fee,
        p.is_for_citizens,
        a.agency_level <> 'total' and coalesce(p.answered_by <> a.answers_as, true) as is_of_another
    from received as r
    inner join agencies as a using (period_type, period_start, agency_code)
    left join procedures as p on r.procedure_code = p.procedure_code
),

parts as (
    select
        * exclude (procedure_code, with_fee_data, is_online_service, has_fee, is_for_citizens, is_of_another),
        cast(is_online_service and is_of_another as integer) as services,
        cast(is_online_service and online > 0 as integer) as services_used,
        cast(has_fee and is_of_another as integer) as fee_procedures,
        cast(has_fee and paid_online > 0 as integer) as fee_procedures_paid,
        cast(has_fee and with_fee_data > 0 as integer) as fee_procedures_integrated,
        cast(is_for_citizens and is_of_another as integer) as citizen_procedures,
        cast(is_for_citizens and population_data > 0 as integer) as citizen_procedures_connected
    from placed
    union all by name
    select
        a.period_type,
        a.period_start,
        a.agency_code,
        c.* exclude (answered_by) replace (
            -- 3.1 is asked of the province and its departments; the portal gives communes nothing out of nothing
            if(a.agency_level in ('total', 'province'), c.procedures, 0) as procedures
        ),
        if(a.agency_level in ('total', 'province'), c.services, 0) as procedures_online
    from agencies as a
    inner join catalogue as c on a.answers_as = c.answered_by
)

select
    p.period_type,
    p.period_start,
    p.agency_code,
    any_value(a.agency_name) as agency_name,
    any_value(a.agency_level) as agency_level,
    p.procedure_field_code,
    sum(columns(p.* exclude (period_type, period_start, agency_code, procedure_field_code)))
from parts as p
inner join agencies as a using (period_type, period_start, agency_code)
group by p.period_type, p.period_start, p.agency_code, p.procedure_field_code
