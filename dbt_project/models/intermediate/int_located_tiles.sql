-- The commune of the middle of every tile; what lies in none has no row.
{{ config(materialized='table', pre_hook="{{ load_spatial() }}") }}

with points as (
    select distinct
        lon,
        lat
    from {{ ref('stg_ookla_tiles') }}
)

{{ located('points') }}
