-- The share of the digital economy, estimated from the structure of GRDP by industry and the digital share of each
-- industry in the nation: a row per area and year of the inputs, without a value where one of them is not known.
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
        count(*) = count(share * intensity) and abs(sum(share) - 100) <= 0.5 as is_complete,
        sum(share * intensity) / 100 as value,
        sum(coalesce(share_low, share) * coalesce(intensity_low, intensity)) / 100 as value_low,
        sum(coalesce(share_high, share) * coalesce(intensity_high, intensity)) / 100 as value_high,
        max(greatest(structure_grade, intensity_grade)) as grade
    from inputs
    group by area_code, year
)

select
    i.indicator,
    i.title_vi,
    i.title_en,
    i.unit,
    e.area_code,
    'year' as period_type,
    e.period_start,
    'estimated' as basis,
    if(e.is_complete, round(e.value, 2), null) as value,
    if(e.is_complete, round(e.value_low, 2), null) as value_low,
    if(e.is_complete, round(e.value_high, 2), null) as value_high,
    if(e.is_complete, 'estimated', 'missing') as obs_status,
    if(e.is_complete, null, 'not_available') as missing_kind,
    n.value as national_value,
    if(e.is_complete, e.grade, null) as grade,
    if(
        e.is_complete,
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
