-- One row per tile, quarter and network. A quarter that came again replaces the earlier file completely: tiles may be
-- gone.
select
    version,
    quarter,
    network,
    quadkey,
    {{ quadkey_lon('quadkey') }} as lon,
    {{ quadkey_lat('quadkey') }} as lat,
    download_kbps,
    upload_kbps,
    latency_ms,
    tests,
    devices,
    {{ is_of_sample('version') }} as has_samples
from {{ source('raw', 'ookla_tiles') }}
where {{ is_not_replaced('ookla_tiles') }}
qualify row_number() over (partition by quarter, network, quadkey order by version desc) = 1
