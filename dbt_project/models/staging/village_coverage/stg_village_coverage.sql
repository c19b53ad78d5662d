-- What operators said of a village, one row a record of a landed report.
-- depends_on: {{ ref('operator_headings') }}, under which the files were read
{%- set parts = "'^(thôn|xóm|bản|làng|tổ dân phố|tdp|khối phố|khối|tổ)(?:[ .:]+(.+)|([0-9].*))$'" %}
with told as (
    select
        *,
        -- "Thôn 03" is Thôn 3
        regexp_replace({{ name_key('village') }}, '(^|[^0-9])0+([0-9])', '\1\2', 'g') as spelling
    from {{ source('raw', 'village_coverage') }}
    where {{ is_not_replaced('village_coverage') }}
)

select
    version,
    file_no,
    extracted_on,
    cast(date_trunc('quarter', extracted_on) as date) as quarter,
    operator,
    commune_code,
    commune_name,
    village,
    case
        when regexp_extract(spelling, {{ parts }}, 1) in ('tổ dân phố', 'tdp', 'khối phố', 'khối', 'tổ') then 'tdp'
        else nullif(regexp_extract(spelling, {{ parts }}, 1), '')
    end as village_kind,
    coalesce(
        nullif(regexp_extract(spelling, {{ parts }}, 2) || regexp_extract(spelling, {{ parts }}, 3), ''), spelling
    ) as village_key,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre
from told
