-- Numerator and denominator of each component that dossiers, the catalogue and petitions measure, by period, agency (or
-- the province as a whole) and field, which petitions have none of. A procedure has one field, so that counts of
-- procedures add up over the fields of one agency and period, though neither over agencies nor over periods.
{{ config(materialized='table') }}

with scored_from as (
    select min(valid_from) as day from {{ ref('qd766_components') }}
),

counts as (
    select * from {{ ref('int_qd766_counts') }}
    where month >= (select date_trunc('month', s.day) from scored_from as s)
),

petitions as (
    select * from {{ ref('int_petitions') }}
    where received_month >= (select date_trunc('month', s.day) from scored_from as s)
),

as_of as (
    select max(extracted_on) as petitions_day
    from {{ source('raw', 'files') }}
    where source = 'petitions' and rows_loaded > 0
),

periods as (
    select
        m.month,
        t.period_type,
        cast(date_trunc(t.period_type, m.month) as date) as period_start
    from (
        select month from counts
        union
        select received_month as month from petitions
    ) as m
    cross join (values ('month'), ('quarter'), ('year')) as t (period_type)
),

ends as (
    select
        *,
        cast(period_start + case period_type
            when 'month' then interval 1 month
            when 'quarter' then interval 3 month
            else interval 1 year
        end as date) - 1 as period_end
    from periods
),

-- petitions are judged at the end of that period, or of their last day while the period runs
judged as (
    select
        e.month,
        e.period_type,
        e.period_start,
        least(e.period_end, a.petitions_day) + interval '23:59:59' as petitions_judged_at
    from ends as e
    cross join as_of as a
    where e.period_start >= (select s.day from scored_from as s)
),

of_agencies as (
    select
        j.period_type,
        j.period_start,
        c.agency_code,
        c.procedure_code,
        c.procedure_field_code,
        any_value(c.agency_name) as agency_name,
        any_value(c.agency_level) as agency_level,
        sum(c.received) as received,
        any_value(o.on_time) as on_time,
        sum(c.online) as online,
        sum(c.with_obligation) as with_obligation,
        sum(c.paid_online) as paid_online,
        sum(c.with_fee_data) as with_fee_data,
        sum(c.e_result) as e_result,
        sum(c.digitised) as digitised,
        sum(c.reused) as reused,
        sum(c.from_personal_store) as from_personal_store,
        sum(c.population_data) as population_data
    from counts as c
    inner join judged as j on c.month = j.month
    left join {{ ref('int_on_time') }} as o
        on
            j.period_type = o.period_type
            and j.period_start = o.period_start
            and c.agency_code = o.agency_code
            and c.procedure_code = o.procedure_code
            and c.procedure_field_code = o.procedure_field_code
    group by j.period_type, j.period_start, c.agency_code, c.procedure_code, c.procedure_field_code
),

of_province as (
    select
        period_type,
        period_start,
        '{{ var("portal_code") }}' as agency_code,
        procedure_code,
        procedure_field_code,
        '' as agency_name,
        'total' as agency_level,
        sum(received) as received,
        sum(on_time) as on_time,
        sum(online) as online,
        sum(with_obligation) as with_obligation,
        sum(paid_online) as paid_online,
        sum(with_fee_data) as with_fee_data,
        sum(e_result) as e_result,
        sum(digitised) as digitised,
        sum(reused) as reused,
        sum(from_personal_store) as from_personal_store,
        sum(population_data) as population_data
    from of_agencies
    group by period_type, period_start, procedure_code, procedure_field_code
),

received as (
    select * from of_agencies
    union all
    select * from of_province
),

-- a petition counts for the agency that answers, and for the province
petitions_of_all as (
    select
        j.period_type,
        j.period_start,
        p.agency_code,
        p.agency_name,
        p.agency_level,
        p.kind,
        coalesce(p.on_time_until >= j.petitions_judged_at, false) as is_on_time,
        p.is_disliked
    from petitions as p
    inner join judged as j on p.received_month = j.month
),

petitioned as (
    select * from petitions_of_all
    where agency_code <> '{{ var("portal_code") }}'
    union all by name
    select * replace ('{{ var("portal_code") }}' as agency_code, '' as agency_name, 'total' as agency_level)
    from petitions_of_all
),

agencies as (
    select
        period_type,
        period_start,
        agency_code,
        any_value(agency_name) as agency_name,
        any_value(agency_level) as agency_level
    from (
        select
            period_type,
            period_start,
            agency_code,
            agency_name,
            agency_level
        from received
        union all
        select
            period_type,
            period_start,
            agency_code,
            agency_name,
            agency_level
        from petitioned
    ) as seen
    group by period_type, period_start, agency_code
),

-- procedures by who answers for them: the province for all, communes for those of their level, a department for those
-- of the fields that it leads
catalogue as (
    select
        unnest([  -- noqa: AL03
            '{{ var("portal_code") }}', case p.level when 'commune' then 'commune' else f.lead_body end
        ]) as competence,
        p.procedure_code,
        p.field_code as procedure_field_code,
        p.service_level in ('3', '4') as is_online_service,
        p.has_fee,
        p.subject in ('citizen', 'both') as is_for_citizens
    from {{ ref('int_procedures') }} as p
    inner join {{ ref('procedure_fields') }} as f on p.field_code = f.field_code
),

catalogue_fields as (
    select
        competence,
        procedure_field_code,
        count(*) as procedures,
        count(*) filter (where is_online_service) as services,
        count(*) filter (where has_fee) as fee_procedures,
        count(*) filter (where is_for_citizens) as citizen_procedures
    from catalogue
    group by competence, procedure_field_code
),

answers_for as (
    select
        *,
        case agency_level when 'total' then agency_code when 'commune' then 'commune' else agency_name end as competence
    from agencies
),

-- what was received, with what the catalogue states of the procedure (nulls where it does not know it)
placed as (
    select
        r.*,
        c.is_online_service,
        c.has_fee,
        c.is_for_citizens,
        own.procedure_code is null as is_beyond_competence
    from received as r
    inner join answers_for as a
        on r.period_type = a.period_type and r.period_start = a.period_start and r.agency_code = a.agency_code
    left join catalogue as c on r.procedure_code = c.procedure_code and c.competence = '{{ var("portal_code") }}'
    left join catalogue as own on r.procedure_code = own.procedure_code and a.competence = own.competence
),

-- counts of procedures: all that the agency answers for, and those received beyond its competence
parts as (
    select
        period_type,
        period_start,
        agency_code,
        procedure_field_code,
        received,
        on_time,
        online,
        with_obligation,
        paid_online,
        e_result,
        digitised,
        reused,
        from_personal_store,
        population_data,
        0 as procedures,
        0 as procedures_online,
        cast(is_online_service and is_beyond_competence as integer) as services,
        cast(is_online_service and online > 0 as integer) as services_used,
        cast(has_fee and is_beyond_competence as integer) as fee_procedures,
        cast(has_fee and paid_online > 0 as integer) as fee_procedures_paid,
        cast(has_fee and with_fee_data > 0 as integer) as fee_procedures_integrated,
        cast(is_for_citizens and is_beyond_competence as integer) as citizen_procedures,
        cast(is_for_citizens and population_data > 0 as integer) as citizen_procedures_connected
    from placed
    union all by name
    select
        a.period_type,
        a.period_start,
        a.agency_code,
        c.procedure_field_code,
        -- 3.1 is asked of the province and its departments; the portal gives communes nothing out of nothing
        if(a.agency_level in ('total', 'province'), c.procedures, 0) as procedures,
        if(a.agency_level in ('total', 'province'), c.services, 0) as procedures_online,
        c.services,
        c.fee_procedures,
        c.citizen_procedures
    from answers_for as a
    inner join catalogue_fields as c on a.competence = c.competence
),

by_field as (
    select
        period_type,
        period_start,
        agency_code,
        procedure_field_code,
        sum(received) as received,
        sum(on_time) as on_time,
        sum(online) as online,
        sum(with_obligation) as with_obligation,
        sum(paid_online) as paid_online,
        sum(e_result) as e_result,
        sum(digitised) as digitised,
        sum(reused) as reused,
        sum(from_personal_store) as from_personal_store,
        sum(population_data) as population_data,
        sum(procedures) as procedures,
        sum(procedures_online) as procedures_online,
        sum(services) as services,
        sum(services_used) as services_used,
        sum(fee_procedures) as fee_procedures,
        sum(fee_procedures_paid) as fee_procedures_paid,
        sum(fee_procedures_integrated) as fee_procedures_integrated,
        sum(citizen_procedures) as citizen_procedures,
        sum(citizen_procedures_connected) as citizen_procedures_connected
    from parts
    group by period_type, period_start, agency_code, procedure_field_code
),

by_petitions as (
    select
        period_type,
        period_start,
        agency_code,
        count(*) as petitions,
        count(*) filter (where kind = 'TTHC') as about_procedures,
        count(*) filter (where kind = 'STAFF') as about_staff,
        count(*) filter (where is_on_time) as on_time,
        -- those raised again would be taken off too, and are not marked in the files
        count(*) filter (where is_on_time and not is_disliked) as not_disliked
    from petitioned
    group by period_type, period_start, agency_code
),

shares as (
    select
        period_type,
        period_start,
        agency_code,
        procedure_field_code,
        unnest([  -- noqa: AL03
            { component_code: 'DOSSIER_ON_TIME', numerator: on_time, denominator: received },
            { component_code: 'ONLINE_PROVISION', numerator: procedures_online, denominator: procedures },
            { component_code: 'ONLINE_SERVICE_USED', numerator: services_used, denominator: services },
            { component_code: 'ONLINE_DOSSIER', numerator: online, denominator: received },
            { component_code: 'PAYMENT_DOSSIER', numerator: paid_online, denominator: with_obligation },
            { component_code: 'PAYMENT_PROCEDURE', numerator: fee_procedures_paid, denominator: fee_procedures },
            { component_code: 'PAYMENT_INTEGRATED', numerator: fee_procedures_integrated, denominator: fee_procedures },
            { component_code: 'ORIGINAL_RESULT_AVAILABLE', numerator: e_result, denominator: received },
            { component_code: 'SO_HOA_GIAY_TO_GIAI_QUYET', numerator: digitised, denominator: received },
            { component_code: 'REUSED_DIGITIZED_DATA', numerator: reused, denominator: received },
            {
                component_code: 'SYNCED_WITH_DVCQG_PERSONAL_STORAGE',
                numerator: from_personal_store,
                denominator: received
            },
            {
                component_code: 'CITIZEN_DATA_CONNECTED_FORMALITY',
                numerator: citizen_procedures_connected,
                denominator: citizen_procedures
            },
            { component_code: 'CITIZEN_DATA_CONNECTED_DOSSIER', numerator: population_data, denominator: received },
            -- no survey: the dossiers on time (complaints would be taken off, and are not in the logs)
            { component_code: 'DOSSIER_RECEIVING_SATISFACTION', numerator: on_time, denominator: received }
        ], recursive := true)
    from by_field
    union all by name
    select
        period_type,
        period_start,
        agency_code,
        '' as procedure_field_code,
        unnest([  -- noqa: AL03
            { component_code: 'PETITION_CLASSIFICATION_TTHC', numerator: about_procedures, denominator: petitions },
            { component_code: 'PETITION_CLASSIFICATION_STAFF', numerator: about_staff, denominator: petitions },
            { component_code: 'PETITION_PROCESSING_ON_TIME', numerator: on_time, denominator: petitions },
            { component_code: 'PETITION_HANDLING_SATISFACTION', numerator: not_disliked, denominator: petitions }
        ], recursive := true)
    from by_petitions
)

-- where there is nothing to count there is no row
select
    s.period_type,
    s.period_start,
    s.agency_code,
    a.agency_name,
    a.agency_level,
    s.procedure_field_code,
    s.component_code,
    cast(coalesce(s.numerator, 0) as bigint) as numerator,
    cast(s.denominator as bigint) as denominator
from shares as s
inner join agencies as a
    on s.period_type = a.period_type and s.period_start = a.period_start and s.agency_code = a.agency_code
where s.denominator > 0
