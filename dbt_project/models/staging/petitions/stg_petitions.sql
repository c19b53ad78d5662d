-- One row per petition: its latest version.
select
    version,
    load_no,
    petition_id,
    agency_code,
    received_at,
    cast(date_trunc('month', received_at) as date) as received_month,
    due_at,
    answered_at,
    coalesce(kind, 'OTHER') as kind,
    is_satisfied
from {{ source('raw', 'petitions') }}
qualify row_number() over (partition by petition_id order by version desc) = 1
