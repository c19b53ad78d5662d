-- The commune of every place of a base station or cell; what lies in none has no row.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with points as (
    select
        lon,
        lat
    from {{ ref('stg_bts_inventory') }}
    where lon is not null and lat is not null
    union
    select
        lon,
        lat
    from {{ ref('stg_opencellid_cells') }}
)

{{ located('points') }}
