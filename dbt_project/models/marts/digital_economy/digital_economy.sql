-- The digital economy: the province's figures, or that it has none, with the nation's beside them. Where its share is
-- not published, the band in which most provinces lie, and an estimate where its inputs are known: rows of their own,
-- never in that of a published figure.
{{ config(materialized='table') }}

-- a band is known of one year: beside another year it is worth less, and its status shows it
with bands as (
    select
        f.indicator,
        f.title_vi,
        f.title_en,
        f.unit,
        f.area_code,
        f.period_type,
        f.period_start,
        'band' as basis,
        b.value_low,
        b.value_high,
        'missing' as obs_status,
        'not_available' as missing_kind,
        f.national_value,
        b.source,
        b.document,
        if(b.year = year(f.period_start), b.grade, 'C') as grade,
        if(b.year = year(f.period_start), b.note, b.note || ' It is the band of ' || b.year || '.') as note
    from {{ ref('int_pillar_figures') }} as f
    inner join {{ ref('digital_economy_inputs') }} as b on b.input = 'band'
    where
        f.indicator = 'digital_economy_share_pct'
        and f.area_code = '{{ var("province_code") }}'
        and f.period_type = 'year'
        and f.period_start is not null
        and f.value is null
    qualify
        row_number() over (partition by f.period_start order by abs(b.year - year(f.period_start)), b.year) = 1
),

every as (
    select
        * exclude (pillar),
        cast(null as double) as value_low,
        cast(null as double) as value_high
    from {{ ref('int_pillar_figures') }}
    where pillar = 'digital_economy'
    union all by name
    select * from {{ ref('int_digital_economy_estimates') }}
    union all by name
    select * from bands
)

select
    e.indicator,
    e.title_vi,
    e.title_en,
    e.area_code,
    n.area_name,
    e.period_type,
    e.period_start,
    e.basis,
    e.value,
    e.value_low,
    e.value_high,
    e.unit,
    e.obs_status,
    e.missing_kind,
    e.national_value,
    e.source,
    e.document,
    e.grade,
    e.vintage_on,
    cast(e.source_count as integer) as source_count,
    e.note,
    coalesce(e.has_samples, false) as has_samples
from every as e
{{ join_area_title('e.area_code', 'e.period_type', 'e.period_start') }}
