-- Digitisation of dossiers, by month of receipt, agency and field: QĐ 766 items 4.1 to 4.5b.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_months',
        post_hook="{{ mark_processed() }}"
    )
}}
-- depends_on: {{ ref('int_dossiers') }}, which tells the months to rebuild

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
        any_value(c.agency_name) as agency_name,
        any_value(c.agency_level) as agency_level,
        any_value(c.commune_code) as commune_code,
        any_value(c.commune_name) as commune_name,
        any_value(c.commune_code_today) as commune_code_today,
        any_value(c.commune_name_today) as commune_name_today,
        any_value(c.area_match) as area_match,
        cast(sum(c.received) as bigint) as received,
        cast(sum(c.e_result) as bigint) as e_result,
        cast(sum(c.digitised) as bigint) as digitised,
        cast(sum(c.reused) as bigint) as reused,
        cast(sum(c.from_personal_store) as bigint) as from_personal_store,
        cast(sum(c.population_data) as bigint) as population_data
    from counts as c
    group by c.month, c.agency_code, c.procedure_field_code
)

select
    c.month,
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
    c.month >= date '2025-07-01' as is_after_merger,
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
    round(100.0 * c.population_data / c.received, 2) as population_data_pct
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
