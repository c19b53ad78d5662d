-- Digitisation of dossiers, by month of receipt, agency and field: QĐ 766 items 4.1 to 4.5b.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_months',
        post_hook="{{ mark_processed() }}"
    )
}}
-- depends_on: {{ ref('int_dossiers') }}, which gives the months to rebuild

with counts as (
    select * from {{ ref('int_qd766_counts') }}
    where {{ only_touched_months('month') }}
),

fields as (
    select * from {{ ref('procedure_fields') }}
),

counted as (
    select
        c.month,
        c.agency_code,
        c.procedure_field_code,
        {{ agency_of_group('c') }},
        cast(sum(c.received) as bigint) as received,
        cast(sum(c.e_result) as bigint) as e_result,
        cast(sum(c.digitised) as bigint) as digitised,
        cast(sum(c.reused) as bigint) as reused,
        cast(sum(c.from_personal_store) as bigint) as from_personal_store,
        cast(sum(c.population_data) as bigint) as population_data,
        cast(sum(c.with_digitised_component) as bigint) as with_digitised_component,
        bool_or(c.has_samples) as has_samples
    from counts as c
    group by c.month, c.agency_code, c.procedure_field_code
)

select
    {{ month_agency_field() }},
    c.received,
    c.e_result,
    c.digitised,
    c.reused,
    c.from_personal_store,
    c.population_data,
    round(100.0 * c.e_result / c.received, 2) as e_result_pct,
    round(100.0 * c.digitised / c.received, 2) as digitised_pct,
    round(100.0 * c.reused / c.received, 2) as reused_pct,
    round(100.0 * c.from_personal_store / c.received, 2) as from_personal_store_pct,
    round(100.0 * c.population_data / c.received, 2) as population_data_pct,
    -- 4.3 read otherwise: not what the portal counts, shown beside it
    c.with_digitised_component,
    round(100.0 * c.with_digitised_component / c.received, 2) as with_digitised_component_pct,
    {{ status_of_month() }}
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
