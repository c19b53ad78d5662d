-- Fees and charges paid online, by month of receipt, agency and field: QĐ 766 items 3.6, 3.5a and 3.5b.
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

procedures as (
    select * from {{ ref('int_procedures') }}
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
        cast(sum(c.with_obligation) as bigint) as with_obligation,
        cast(sum(c.paid_online) as bigint) as paid_online,
        count(*) filter (where p.has_fee) as fee_procedures_received,
        count(*) filter (where p.has_fee and c.paid_online > 0) as fee_procedures_paid_online,
        count(*) filter (where p.has_fee and c.with_fee_data > 0) as fee_procedures_with_fee_data,
        bool_or(c.has_samples) as has_samples
    from counts as c
    left join procedures as p on c.procedure_code = p.procedure_code
    group by c.month, c.agency_code, c.procedure_field_code
)

select
    {{ month_agency_field() }},
    c.received,
    c.with_obligation,
    c.paid_online,
    round(100.0 * c.paid_online / nullif(c.with_obligation, 0), 2) as paid_online_pct,
    c.fee_procedures_received,
    c.fee_procedures_paid_online,
    c.fee_procedures_with_fee_data,
    {{ status_of_month() }}
from counted as c
left join fields as f on c.procedure_field_code = f.field_code
