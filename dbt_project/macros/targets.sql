{#
  The pace of an indicator over some years, after Eurostat: the compound annual growth rate in percent a year where a
  rate of growth has a meaning, else the absolute change a year (shares, ranks, values that may be zero or negative).
  The column pace_method states which.
#}
{% macro pace(first, last, years) -%}
    if(
        pace_method = 'growth_rate',
        100.0 * (pow({{ last }} / {{ first }}, 1.0 / {{ years }}) - 1),
        ({{ last }} - {{ first }}) / {{ years }}
    )
{%- endmacro %}

{#
  Values of some origins, united by the names of their columns: each origin is a model int_values_of_<origin>, and a table of
  some of them does not depend on the others. Only published figures have a qualifier, and what no system computes has
  neither numerator nor denominator. obs_status may be null: then it follows from the end of the period and the vintage.
#}
{% macro values_of(origins) -%}
    {%- for origin in origins %}
        select * from {{ ref('int_values_of_' ~ origin) }}
        {{ 'union all by name' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
  The values of `gathered` side by side with the words of the registry, and the one of each period that counts. Of a
  pillar, every indicator has a row: one without any value has status missing.
#}
{% macro side_by_side(gathered, pillar=none) -%}
    {%- set area_code = "coalesce(e.area_code, '" ~ var('province_code') ~ "')" if pillar else 'e.area_code' -%}
    select
        i.indicator,
        i.title_vi,
        i.title_en,
        {{ area_code }}{{ ' as area_code' if pillar }},
        n.area_name,
        e.period_type,
        e.period_start,
        -- a value of a period that was not over when it was taken covers the part before
        coalesce(
            e.last_month, cast(date_trunc('month', least(e.period_end, e.vintage_on)) as date)
        ) as last_month,
        e.value,
        {% if not pillar -%}
        e.qualifier,
        {% endif -%}
        i.unit,
        e.numerator,
        e.denominator,
        coalesce(e.obs_status, case
            when e.value is null then 'missing'
            when e.vintage_on < e.period_end then 'preliminary'
            else 'observed'
        end) as obs_status,
        e.basis,
        e.source,
        e.document,
        e.grade,
        e.vintage_on,
        e.value is not null
        -- a sample (no grade) counts only while nothing real is known of the indicator there: no pace from one to the other
        and (
            e.grade is not null
            or not bool_or(e.grade is not null and e.value is not null) over (partition by i.indicator, e.area_code)
        )
        and row_number() over (
            partition by i.indicator, e.area_code, e.period_type, e.period_start
            order by
                e.value is null asc, e.grade is null asc,
                -- what is contradicted by a better source, or rests on an assumption, goes before nothing
                e.grade = 'K' asc,
                list_position(['computed', 'reported', 'published', 'computed_in_part', 'estimated'], e.basis) asc,
                e.grade asc, e.vintage_on desc, e.denominator is null asc, e.source asc, e.document asc, e.value asc
        ) = 1 as is_chosen,
        {{ is_marked_as_sample('e.document') }} as has_samples
    from {{ ref('indicators') }} as i
    {{ 'left' if pillar else 'inner' }} join (
        select
            *,
            {{ last_day_of_period('period_type', 'period_start') }} as period_end
        from {{ gathered }}
    ) as e on i.indicator = e.indicator
    {{ join_area_title(area_code, 'e.period_type', 'e.period_start') }}
    {%- if pillar %}
    where i.pillar = '{{ pillar }}'
    {%- endif %}
{%- endmacro %}

{# A pillar that has no system of its own: what is reported and published of its indicators, and what is missing. #}
{% macro pillar_measures(pillar, also=[]) -%}
with gathered as (
    {{ values_of(['reports', 'statistics'] + also) }}
)

{{ side_by_side('gathered', pillar) }}
{%- endmacro %}
