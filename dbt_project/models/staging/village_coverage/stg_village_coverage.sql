-- Operators' reports on coverage by village, one row per record.
-- depends_on: {{ ref('operator_headings') }}, under which the files were read
select
    version,
    file_no,
    {{ row_no_of('version') }} as row_no,
    extracted_on,
    operator,
    commune_code,
    commune_name,
    village,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre,
    {{ is_of_sample('version') }} as has_samples
from {{ source('raw', 'village_coverage') }}
where {{ is_not_replaced('village_coverage') }}
