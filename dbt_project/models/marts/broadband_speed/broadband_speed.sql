-- Download, upload and latency by current commune, network and source: Ookla's tiles of the quarter, i-Speed as
-- published by month. Too few tests: no speed.
{{ config(materialized='table') }}

{% set min_tests, min_samples = 30, 300 %}

-- a file is complete: that a commune has no test in it rests on the file too
with ookla_asked as (
    select
        quarter,
        network,
        bool_or(has_samples) as has_samples
    from {{ ref('stg_ookla_tiles') }}
    group by quarter, network
),

ispeed_asked as (
    select
        month,
        operator,
        network,
        bool_or(has_samples) as has_samples
    from {{ ref('int_ispeed') }}
    group by month, operator, network
),

areas as (
    {{ current_areas() }}
),

measured as (
    select
        a.area_code,
        a.area_name,
        'quarter' as period_type,
        q.quarter as period_start,
        q.network,
        'all' as operator,
        'ookla' as source,
        {{ min_tests }} as min_tests,
        o.* exclude (quarter, network, area_code),
        q.has_samples
    from areas as a
    cross join ookla_asked as q
    left join {{ ref('int_ookla_speeds') }} as o
        on a.area_code = o.area_code and q.quarter = o.quarter and q.network = o.network
    union all by name
    select
        a.area_code,
        a.area_name,
        'month' as period_type,
        q.month as period_start,
        q.network,
        q.operator,
        'ispeed' as source,
        {{ min_samples }} as min_tests,
        i.download_mbps,
        i.upload_mbps,
        i.latency_ms,
        i.samples as tests,
        i.is_ambiguous,
        false as is_schematic,
        coalesce(i.has_samples, q.has_samples) as has_samples
    from areas as a
    cross join ispeed_asked as q
    left join {{ ref('int_ispeed') }} as i
        on a.area_code = i.area_code and q.month = i.month and q.network = i.network and q.operator = i.operator
    where a.area_code <> '{{ var("province_code") }}'
),

rated as (
    select
        *,
        case
            when is_ambiguous then 'ambiguous'
            when tests is null then 'no_test'
            when tests < min_tests then 'not_enough'
            when download_mbps is null then 'not_published'
            else 'rated'
        end as rating
    from measured
)

select
    area_code,
    area_name,
    period_type,
    period_start,
    network,
    operator,
    source,
    case when rating = 'rated' then round(download_mbps, 2) end as download_mbps,
    case when rating = 'rated' then round(upload_mbps, 2) end as upload_mbps,
    case when rating = 'rated' then round(latency_ms, 1) end as latency_ms,
    case when rating = 'rated' then round(tile_median_download_mbps, 2) end as tile_median_download_mbps,
    cast(tests as bigint) as tests,
    cast(devices as bigint) as devices,
    cast(tiles as bigint) as tiles,
    cast(min_tests as bigint) as min_tests,
    rating,
    case
        when rating <> 'rated' then 'missing'
        when is_schematic then 'estimated'
        else 'observed'
    end as obs_status,
    coalesce(has_samples, false) as has_samples
from rated
