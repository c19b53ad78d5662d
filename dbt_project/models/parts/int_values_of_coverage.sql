-- Coverage of the province by all operators together. A share of villages is its lower end: villages that are surely
-- covered, of all. There is no value of a quarter whose villages are not representative, nor of one to which fewer
-- operators delivered their sites than to one before: it would be of another set. Speeds are not among the values: they
-- derive from Ookla's tiles, whose licence would apply to every table that took them in.
with coverage as (
    select
        *,
        inventories = max(inventories) over (partition by technology order by period_start) as has_all_inventories
    from {{ ref('telecom_coverage') }}
    where area_code = '{{ var("province_code") }}' and operator = 'all'
),

indicators as (
    from (
        values
        ('mobile_coverage_villages_pct', 'mobile', true),
        ('villages_4g_pct', '4G', true),
        ('villages_5g_pct', '5G', true),
        ('fibre_villages_pct', 'fibre', true),
        ('bts_per_1000', 'mobile', false)
    ) as i (indicator, technology, is_share)
),

files as (
    select
        max(extracted_on) as day,
        coalesce(bool_or(synthetic), false) as is_synthetic
    from {{ source('raw', 'files') }}
    where source in ('bts_inventory', 'village_coverage') and rows_loaded > 0
)

select
    i.indicator,
    c.area_code,
    c.period_type,
    c.period_start,
    if(i.is_share, c.villages_covered_least_pct, c.sites_per_1000) as value,
    if(i.is_share, c.villages_covered, c.sites) as numerator,
    if(i.is_share, c.villages_covered + c.villages_not_covered + c.villages_unknown, c.population) as denominator,
    'computed' as basis,
    'telecom_coverage' as source,
    if(f.is_synthetic, {{ sample_document() }}, null) as document,
    if(f.is_synthetic, null, 'B') as grade,
    least(f.day, last_day(cast(c.period_start + interval 2 month as date))) as vintage_on
from coverage as c
inner join indicators as i on c.technology = i.technology
cross join files as f
where if(i.is_share, c.is_representative, c.has_all_inventories and c.sites_per_1000 is not null)
