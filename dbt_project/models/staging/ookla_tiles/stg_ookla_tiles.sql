-- One row a tile, quarter and network. A quarter that came again replaces the earlier file whole: tiles may be gone.
with newest as (
    select
        *,
        max(file_no) over (partition by quarter, network) as newest_file
    from {{ source('raw', 'ookla_tiles') }}
)

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
    devices
from newest
where file_no = newest_file
qualify row_number() over (partition by quarter, network, quadkey order by version desc) = 1
