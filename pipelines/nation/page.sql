-- One row per indicator and province: of each indicator the period that most provinces have, the latest of these.
with latest as (
    select distinct
        measure,
        period_type,
        period_start,
        provinces
    from province_comparison
    where table_name = 'indicator_values'
    qualify row_number() over (
        partition by measure
        order by provinces desc, period_start desc nulls last, period_type asc
    ) = 1
)

select
    c.measure,
    c.province_code,
    c.title_vi,
    c.title_en,
    c.unit,
    c.period_type,
    c.period_start,
    c.value,
    c.rank,
    c.provinces,
    c.median,
    c.has_samples,
    c.is_stale
from province_comparison as c
inner join latest as l
    on
        c.measure = l.measure
        and c.period_type is not distinct from l.period_type
        and c.period_start is not distinct from l.period_start
where c.table_name = 'indicator_values'
order by c.title_vi, c.measure, c.province_code
