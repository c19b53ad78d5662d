-- Every fetched figure with the indicator that it is, if a row of statistic_series names it under the unit that it has.
{{ config(materialized='table') }}

with figures as (
    {% for name in statistic_sources() -%}
        select * from {{ ref('stg_' ~ name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
)

select
    f.* exclude (note),
    m.indicator,
    m.area_code,
    m.unit,
    m.factor,
    m.publisher,
    m.document,
    m.grade,
    nullif(concat_ws('; ', m.note, f.note), '') as note,
    case
        when m.indicator is null then 'unmapped'
        -- "%" instead of a count, or millions instead of thousands: a person must look before a factor is applied
        when lower(m.unit_label) <> coalesce(lower(f.unit_label), '') then 'unit_changed'
        else 'mapped'
    end as series_state
from figures as f
left join {{ ref('statistic_series') }} as m
    on
        f.source = m.source
        and f.dataset = m.dataset
        and (f.series = m.series or f.series glob m.series)
        and (m.area_label is null or lower(nfc_normalize(m.area_label)) = lower(f.area_label))
        and f.period_start >= m.valid_from
qualify row_number() over (
    partition by f.version
    order by coalesce(f.series = m.series, false) desc, m.area_label is null asc, m.valid_from desc, m.indicator asc
) = 1
