-- What operators said of a village, one row a record of a landed report.
-- depends_on: {{ ref('operator_headings') }}, under which the files were read
{%- set kinds = 'thôn|xóm|bản|làng|tổ dân phố|tdp|khối phố|khối|tổ' %}
with told as (
    select
        *,
        -- "Thôn 03" is Thôn 3
        regexp_replace({{ name_key('village') }}, '(^|[^0-9])0+([0-9])', '\1\2', 'g') as spelling
    from {{ source('raw', 'village_coverage') }}
    where {{ is_not_replaced('village_coverage') }}
),

-- "Tổ dân phố 5", "TDP5": the kind, and what follows it after a mark or as a number
parted as (
    select
        *,
        regexp_extract(
            spelling, '^({{ kinds }})(?:[ .:]+(.+)|([0-9].*))$', ['kind', 'name', 'number']
        ) as parts
    from told
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
        when parts.kind in ('tổ dân phố', 'tdp', 'khối phố', 'khối', 'tổ') then 'tdp'
        else nullif(parts.kind, '')
    end as village_kind,
    coalesce(nullif(parts.name || parts.number, ''), spelling) as village_key,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre
from parted
