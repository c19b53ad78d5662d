-- Rows of the tables that were copied from the portal, as they stand; int_ispeed decides which of them counts.
select
    extracted_on,
    file_no,
    version,
    month,
    commune_code,
    commune_name,
    operator,
    network,
    download_mbps,
    upload_mbps,
    latency_ms,
    samples,
    {{ is_of_sample('version') }} as has_samples
from {{ source('raw', 'ispeed') }}
