-- One row a month, commune as written, operator and network: the newest version.
select
    version,
    month,
    commune_code,
    commune_name,
    operator,
    network,
    download_mbps,
    upload_mbps,
    latency_ms,
    samples
from {{ source('raw', 'ispeed') }}
qualify
    row_number() over (
        partition by month, operator, network, commune_code, {{ area_key('commune_name') }}
        order by version desc
    ) = 1
