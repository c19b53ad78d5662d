-- How dossiers came in, by month of receipt, agency and field: channel and level of the online service.
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

counted as (
    select
        received_month as month,
        agency_code,
        procedure_field_code,
        {{ agency_of_group() }},
        count(*) as received,
        count(*) filter (where channel = '2') as online,
        count(*) filter (where channel = '1') as in_person,
        count(*) filter (where channel = '3') as by_post,
        count(*) filter (where service_level = '4') as full_service,
        count(*) filter (where service_level = '3') as partial_service,
        count(*) filter (where channel = '2' and service_level = '4') as online_full_service,
        count(*) filter (where channel = '2' and service_level = '3') as online_partial_service,
        -- QĐ 766 item 3.3: online, and an electronic result where a paper one is due
        count(*) filter (where channel = '2' and (not requires_paper_result or result_file_count > 0))
            as online_with_e_result,
        bool_or(is_synthetic) as has_samples
    from dossiers
    where
        received_month is not null
        and {{ only_touched_months('received_month') }}
    group by received_month, agency_code, procedure_field_code
)

select
    {{ month_agency_field() }},
    c.received,
    c.online,
    c.in_person,
    c.by_post,
    c.full_service,
    c.partial_service,
    c.online_full_service,
    c.online_partial_service,
    c.online_with_e_result,
    round(100.0 * c.online / c.received, 2) as online_pct,
    {{ status_of_month() }}
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
