-- One row per figure of a table that somebody brought, as published; which of two under one key counts is decided
-- later.
select
    version,
    load_no,
    indicator,
    area_code,
    period_type,
    period_start,
    value,
    unit,
    obs_status,
    missing_kind,
    published_on as vintage_on,
    source,
    nullif(concat_ws(', ', document, page), '') as document,
    grade,
    note
from {{ source('raw', 'published_tables') }}
