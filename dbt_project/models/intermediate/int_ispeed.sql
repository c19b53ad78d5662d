-- One row per month, commune, operator and network of i-Speed: from the table of the newest day, of two of one day the
-- one that landed last; an old table may be found late. Where that table has several different values, it is not known
-- which one is meant. Months begin with the current communes: medians of earlier months could not be carried to them.
{{ config(materialized='table') }}

with placed as (
    select
        s.month,
        s.operator,
        s.network,
        w.area_code,
        {
            download_mbps: s.download_mbps, upload_mbps: s.upload_mbps, latency_ms: s.latency_ms, samples: s.samples
        } as speeds,
        s.has_samples
    from {{ ref('stg_ispeed') }} as s
    {{ join_stated_commune('s.commune_code', 's.commune_name', 's.month') }}
    where w.area_code is not null
    qualify rank() over (
        partition by s.month, s.operator, s.network, w.area_code
        order by s.extracted_on desc, s.file_no desc
    ) = 1
),

different as (
    select
        month,
        operator,
        network,
        area_code,
        list(distinct speeds) as speeds,
        coalesce(bool_or(has_samples), false) as has_samples
    from placed
    group by month, operator, network, area_code
)

select
    month,
    operator,
    network,
    area_code,
    len(speeds) > 1 as is_ambiguous,
    case when len(speeds) = 1 then speeds[1].download_mbps end as download_mbps,
    case when len(speeds) = 1 then speeds[1].upload_mbps end as upload_mbps,
    case when len(speeds) = 1 then speeds[1].latency_ms end as latency_ms,
    case when len(speeds) = 1 then speeds[1].samples end as samples,
    has_samples
from different
