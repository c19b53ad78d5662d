-- One row per step of a dossier, as reported to the National Public Service Portal.
select
    version,
    load_no,
    dossier_id,
    status,
    department_name,
    handled_at,
    started_at,
    step_due_at
from {{ source('raw', 'dvcqg_progress') }}
