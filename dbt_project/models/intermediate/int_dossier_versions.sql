-- Every version of every dossier, whatever feed it came by. A later day of content has the larger version.
{{ config(materialized='view') }}

select
    *,
    false as is_exported
from {{ ref('stg_dossiers') }}
union all by name
select
    *,
    false as is_exported
from {{ ref('stg_dvcqg_dossiers') }}
union all by name
select
    *,
    false as is_exported
from {{ ref('stg_igate_dossiers') }}
union all by name
select
    *,
    false as is_exported
from {{ ref('stg_onestop_dossiers') }}
union all by name
select
    *,
    true as is_exported
from {{ ref('int_onestop_exports') }}
