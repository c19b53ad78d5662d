-- Figures that agencies reported: the active report of each, who gave it, and its grade.
with files as (
    -- samples are loaded only while nobody has reported: all reports are made up, or none is
    select coalesce(bool_or(synthetic) filter (where rows_loaded > 0), false) as is_synthetic
    from {{ source('raw', 'files') }}
    where source = 'reported_indicators'
)

select
    r.*,
    a.agency_name,
    if(r.value is null, 'missing', r.value_status) as obs_status,
    f.is_synthetic,
    if(f.is_synthetic, null, 'A') as grade
from {{ ref('stg_reported_indicators') }} as r
cross join files as f
inner join {{ ref('int_agencies') }} as a
    on r.agency_code = a.agency_code and r.period_end between a.valid_from and a.valid_to
