-- One row per version of a dossier, as exported by people. Exports name the procedure and give no code of it: the name
-- is kept as a key, by which int_onestop_exports looks the code up.
select
    v.*,
    {{ name_key('e.procedure_name') }} as procedure_name_key
from (
    {{ dossier_versions(source('raw', 'onestop_exports')) }}
) as v
inner join {{ source('raw', 'onestop_exports') }} as e on v.version = e.version
