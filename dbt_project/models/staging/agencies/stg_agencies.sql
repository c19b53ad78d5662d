-- One row per agency and name: the days on which landed catalogues gave it that name. A catalogue is complete, so an
-- agency that the latest one leaves out was last seen earlier.
with daily as (
    select
        *,
        {{ name_key('agency_name') }} as name_key
    from {{ source('raw', 'agencies') }}
    qualify row_number() over (partition by agency_code, extracted_on order by version desc) = 1
),

marked as (
    select
        *,
        coalesce(name_key <> lag(name_key) over (partition by agency_code order by extracted_on), true) as is_renamed
    from daily
),

numbered as (
    select
        *,
        count(*) filter (where is_renamed) over (partition by agency_code order by extracted_on) as name_no
    from marked
)

select
    agency_code,
    arg_max(agency_name, extracted_on) as agency_name,
    arg_max(level_code, extracted_on) as level_code,
    cast(name_no as integer) as name_no,
    min(extracted_on) as seen_from,
    max(extracted_on) as seen_to,
    max(extracted_on) = max(max(extracted_on)) over () as is_current
from numbered
group by agency_code, name_no
