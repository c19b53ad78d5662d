-- Dossiers received, by month, agency and procedure, with those that each component of the 766 index credits. Counts
-- add up over months and agencies; procedures do not, and are counted from here for every period anew.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_months',
        post_hook="{{ mark_processed() }}"
    )
}}
-- depends_on: {{ ref('int_dossiers') }}, which gives the months to rebuild

with flags as (
    select * from {{ ref('int_qd766_flags') }}
    where {{ only_touched_months('received_month') }}
)

select
    received_month as month,
    agency_code,
    procedure_code,
    procedure_field_code,
    {{ agency_of_group() }},
    count(*) as received,
    -- whenever they are judged; dossiers whose term may still pass are judged in int_qd766_shares
    count(*) filter (where on_time_until = timestamp '9999-12-31') as on_time_for_good,
    count(*) filter (where is_online) as online,
    count(*) filter (where has_obligation) as with_obligation,
    count(*) filter (where has_obligation and is_paid_online) as paid_online,
    count(*) filter (where has_fee_data) as with_fee_data,
    count(*) filter (where has_e_result) as e_result,
    count(*) filter (where is_digitised) as digitised,
    count(*) filter (where is_reused) as reused,
    count(*) filter (where has_digitised_component) as with_digitised_component,
    count(*) filter (where is_from_personal_store) as from_personal_store,
    count(*) filter (where uses_population_data) as population_data,
    bool_or(is_synthetic) as has_samples
from flags
group by received_month, agency_code, procedure_code, procedure_field_code
