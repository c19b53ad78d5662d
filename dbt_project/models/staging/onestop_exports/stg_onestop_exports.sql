-- One row a version of a dossier, as exported by people. The code of the procedure is looked up by its name, where the
-- catalogue has exactly one procedure of that name.
with named_once as (
    select
        {{ name_key('name_vi') }} as name_key,
        min(procedure_code) as procedure_code
    from {{ ref('int_procedures') }}
    group by all
    having count(*) = 1
),

keyed as (
    select
        *,
        {{ name_key('procedure_name') }} as name_key
    from {{ source('raw', 'onestop_exports') }}
),

exports as (
    select k.* replace (coalesce(k.procedure_code, n.procedure_code) as procedure_code)
    from keyed as k
    left join named_once as n on k.name_key = n.name_key
)

{{ dossier_versions('exports') }}
