-- Speeds of Ookla by quarter, network and current commune, and of the province: the mean of the tiles, weighted with
-- their tests, which a tile on a border shares out by area.
with tiles as (
    select
        t.* exclude (tests, devices),
        p.area_code,
        p.is_schematic,
        p.has_middle,
        {{ carried_count('t.tests', 'p') }} as tests,
        {{ carried_count('t.devices', 'p') }} as devices
    from {{ ref('stg_ookla_tiles') }} as t
    inner join {{ ref('int_located_tiles') }} as p on t.quadkey = p.quadkey
)

select
    quarter,
    network,
    coalesce(area_code, '{{ var("province_code") }}') as area_code,
    sum(download_kbps * tests) / sum(tests) / 1000 as download_mbps,
    sum(upload_kbps * tests) / sum(tests) / 1000 as upload_mbps,
    sum(latency_ms * tests) / sum(tests) as latency_ms,
    -- each tile once, in the commune of its middle
    median(download_kbps) filter (where has_middle) / 1000 as tile_median_download_mbps,
    sum(tests) as tests,
    nullif(sum(devices), 0) as devices,
    nullif(count(*) filter (where has_middle), 0) as tiles,
    bool_or(is_schematic) as is_schematic
from tiles
-- of a corner that is too small for one test nothing is known
where tests > 0
group by grouping sets ((quarter, network, area_code), (quarter, network))
