-- One row per dossier received: what each component of the 766 index asks of it, as yes or no. Numerators and
-- denominators are counts of these, and `falls_short_in` leads from a lost point back to its dossiers.
{{ config(materialized='view') }}

with dossiers as (
    select * from {{ ref('int_dossiers') }}
    where received_month is not null
),

as_of as (
    select {{ last_day_of_dossiers() }} + interval '23:59:59' as moment
),

flags as (
    select
        load_no,
        is_synthetic,
        dossier_id,
        received_month,
        agency_code,
        agency_name,
        agency_level,
        commune_code,
        commune_name,
        commune_code_today,
        commune_name_today,
        area_match,
        procedure_code,
        procedure_field_code,
        is_resolved,
        -- 2.1 as one moment: whoever judges the dossier up to then finds it on time. Never (null) after a second
        -- supplement request, without a term, or with an end past the term; for ever when it ended within it.
        case
            when supplement_count > 1 or term_at is null then null
            when judged_end_at - to_seconds(waiting_seconds) <= term_at then timestamp '9999-12-31'
            when not is_resolved then term_at + to_seconds(waiting_seconds)
        end as on_time_until,
        -- 3.3
        channel = '2' as is_online,
        -- 3.6: an amount is due, or the procedure has a fee and the dossier does not state it
        fee_total_vnd > 0 or (has_procedure_fee and fee_count = 0) as has_obligation,
        coalesce(payment_code in ('1', '2'), false) as is_paid_online,
        -- 3.5a
        fee_count > 0 as has_fee_data,
        -- 4.1
        result_file_count > 0 as has_e_result,
        -- 4.2: files of what was handed in and of what came out
        paper_file_count > 0 and result_file_count > 0 as is_digitised,
        -- 4.3
        paper_reused_count > 0 as is_reused,
        coalesce(has_digitised_component, false) as has_digitised_component,
        -- 4.4
        paper_personal_store_count > 0 as is_from_personal_store,
        -- 4.5: an account verified by VNeID, papers of the personal store, or the population database itself
        coalesce(is_vneid_verified, false) or paper_personal_store_count > 0 or has_population_database
            as uses_population_data
    from dossiers
)

select
    f.*,
    -- components that count the dossier without crediting it; lateness as at the last day of data
    list_filter([
        if(coalesce(f.on_time_until < a.moment, true), 'DOSSIER_ON_TIME', null),
        if(coalesce(f.on_time_until < a.moment, true), 'DOSSIER_RECEIVING_SATISFACTION', null),
        if(not f.is_online, 'ONLINE_DOSSIER', null),
        if(f.has_obligation and not f.is_paid_online, 'PAYMENT_DOSSIER', null),
        if(not f.has_e_result, 'ORIGINAL_RESULT_AVAILABLE', null),
        if(not f.is_digitised, 'SO_HOA_GIAY_TO_GIAI_QUYET', null),
        if(not f.is_reused, 'REUSED_DIGITIZED_DATA', null),
        if(not f.is_from_personal_store, 'SYNCED_WITH_DVCQG_PERSONAL_STORAGE', null),
        if(not f.uses_population_data, 'CITIZEN_DATA_CONNECTED_DOSSIER', null)
    ], lambda code: code is not null) as falls_short_in
from flags as f
cross join as_of as a
