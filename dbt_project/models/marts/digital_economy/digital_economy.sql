-- The digital economy: the province's figures, or that it has none, with the nation's beside them. Where its share is
-- not published, the band in which most provinces lie, and an estimate where its inputs are known: rows of their own,
-- never in that of a published figure.
{{ config(materialized='table') }}

with inputs as (
    select
        s.area_code,
        s.year,
        s.value as share,
        s.value_low as share_low,
        s.value_high as share_high,
        i.value as intensity,
        i.value_low as intensity_low,
        i.value_high as intensity_high,
        s.grade as structure_grade,
        i.grade as intensity_grade
    from {{ ref('digital_economy_inputs') }} as s
    left join {{ ref('digital_economy_inputs') }} as i
        on s.industry = i.industry and s.year = i.year and i.area_code = 'VN' and i.input = 'intensity'
    where s.input = 'structure'
),

-- one industry without a value, or a structure that is not complete, and there is no estimate
estimates as (
    select
        area_code,
        make_date(year, 1, 1) as period_start,
        count(*) = count(share * intensity) and abs(sum(share) - 100) <= 0.5 as is_whole,
        sum(share * intensity) / 100 as value,
        sum(coalesce(share_low, share) * coalesce(intensity_low, intensity)) / 100 as value_low,
        sum(coalesce(share_high, share) * coalesce(intensity_high, intensity)) / 100 as value_high,
        max(greatest(structure_grade, intensity_grade)) as grade
    from inputs
    group by area_code, year
),

-- a band is known of one year: beside another year it is worth less, and its status shows it
bands as (
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
    select
        i.indicator,
        i.title_vi,
        i.title_en,
        i.unit,
        e.area_code,
        'year' as period_type,
        e.period_start,
        'estimated' as basis,
        if(e.is_whole, round(e.value, 2), null) as value,
        if(e.is_whole, round(e.value_low, 2), null) as value_low,
        if(e.is_whole, round(e.value_high, 2), null) as value_high,
        if(e.is_whole, 'estimated', 'missing') as obs_status,
        if(e.is_whole, null, 'not_available') as missing_kind,
        n.value as national_value,
        if(e.is_whole, e.grade, null) as grade,
        if(
            e.is_whole,
            'Estimate: structure of GRDP by industry × digital share of each industry in the nation '
            || '(digital_economy_inputs names the documents).',
            'No estimate: its inputs are not known (digital_economy_inputs).'
        ) as note
    from estimates as e
    inner join {{ ref('indicators') }} as i on i.indicator = 'digital_economy_share_pct'
    left join {{ ref('int_pillar_figures') }} as n
        on
            i.indicator = n.indicator
            and e.period_start = n.period_start
            and n.area_code = 'VN'
            and n.period_type = 'year'
            and n.basis = 'published'
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
