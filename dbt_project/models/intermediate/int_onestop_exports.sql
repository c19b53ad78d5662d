-- Exported versions of dossiers in the columns of the feeds. The code of the procedure is looked up by its name, where
-- the catalogue has exactly one procedure of that name.
{{ config(materialized='view') }}

with exports as (
    select * from {{ ref('stg_onestop_exports') }}
),

named_once as (
    select
        {{ name_key('name_vi') }} as name_key,
        min(procedure_code) as procedure_code
    from {{ ref('int_procedures') }}
    group by all
    having count(*) = 1
)

select
    e.* exclude (procedure_name_key)
    replace (coalesce(e.procedure_code, n.procedure_code) as procedure_code)
from exports as e
left join named_once as n on e.procedure_name_key = n.name_key
