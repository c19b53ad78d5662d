-- What operators said of a village, one row a record of a landed report.
-- depends_on: {{ ref('operator_headings') }}, under which the files were read
select
    version,
    file_no,
    extracted_on,
    cast(date_trunc('quarter', extracted_on) as date) as quarter,
    operator,
    commune_code,
    commune_name,
    village,
    {{ name_key('village') }} as village_key,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre
from {{ source('raw', 'village_coverage') }}
where {{ is_not_replaced('village_coverage') }}
