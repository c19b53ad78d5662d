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
  Where values come from, one macro per origin, united by the names of their columns, so that a table of some of them does
  not depend on the others. Only published figures have a qualifier, and what no system computes has neither numerator nor
  denominator. obs_status may be null: then it follows from the end of the period and the vintage.
#}

{# Figures that others published, newest vintage of each source; one that was derived is an estimate. #}
{% macro values_published() -%}
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        qualifier,
        obs_status,
        if(obs_status = 'estimated', 'estimated', 'published') as basis,
        source,
        document,
        grade,
        vintage_on
    from {{ ref('statistics') }}
    where is_latest
{%- endmacro %}

{# What two pillars derive from published figures. Their published ones are in statistics, each with its source. #}
{% macro values_derived() -%}
    {%- for mart in ['digital_economy', 'digital_society'] %}
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        obs_status,
        'estimated' as basis,
        '{{ mart }}' as source,
        if(has_samples, 'Dữ liệu mẫu – synthetic', note) as document,
        grade,
        vintage_on
    from {{ ref(mart) }}
    where basis <> 'published' and value is not null
    {{ 'union all by name' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# What agencies report; a report that has not come is no value. #}
{% macro values_reported() -%}
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        obs_status,
        'reported' as basis,
        agency_name as source,
        -- a report without grade is one of the samples
        if(grade is null, 'Dữ liệu mẫu – synthetic', null) as document,
        grade,
        reported_on as vintage_on
    from {{ ref('reported_indicators') }}
    where report_status <> 'missing'
{%- endmacro %}

{#
  Coverage of the province by all operators together. A share of villages is its lower end: villages that are surely
  covered, of all. There is no value of a quarter whose villages are not representative, nor of one to which fewer
  operators delivered their sites than to one before: it would be of another set. Speeds are not among the values: they
  derive from Ookla's tiles, whose licence would reach every table that took them in.
#}
{% macro values_covered() -%}
    select
        i.indicator,
        t.area_code,
        t.period_type,
        t.period_start,
        if(i.is_share, t.villages_covered_least_pct, t.sites_per_1000) as value,
        if(i.is_share, t.villages_covered, t.sites) as numerator,
        if(i.is_share, t.villages_covered + t.villages_not_covered + t.villages_unknown, t.population) as denominator,
        'computed' as basis,
        'telecom_coverage' as source,
        if(f.is_synthetic, 'Dữ liệu mẫu – synthetic', null) as document,
        if(f.is_synthetic, null, 'B') as grade,
        least(f.day, last_day(cast(t.period_start + interval 2 month as date))) as vintage_on
    from (
        select
            *,
            inventories = max(inventories) over (partition by technology order by period_start) as has_all_inventories
        from {{ ref('telecom_coverage') }}
        where area_code = '{{ var("province_code") }}' and operator = 'all'
    ) as t
    inner join (values
        ('mobile_coverage_villages_pct', 'mobile', true),
        ('villages_4g_pct', '4G', true),
        ('villages_5g_pct', '5G', true),
        ('fibre_villages_pct', 'fibre', true),
        ('bts_per_1000', 'mobile', false)
    ) as i (indicator, technology, is_share) on t.technology = i.technology
    cross join (
        select
            max(extracted_on) as day,
            coalesce(bool_or(synthetic), false) as is_synthetic
        from {{ source('raw', 'files') }}
        where source in ('bts_inventory', 'village_coverage') and rows_loaded > 0
    ) as f
    where if(i.is_share, t.is_representative, t.has_all_inventories and t.sites_per_1000 is not null)
{%- endmacro %}

{# Score and place of the province in the list of the 766 index, as last published. #}
{% macro values_listed() -%}
    select
        t.indicator,
        '{{ var("province_code") }}' as area_code,
        h.period_type,
        h.period_start,
        t.value,
        'published' as basis,
        'Cổng Dịch vụ công quốc gia' as source,
        h.grade,
        h.published_on as vintage_on
    from {{ ref('rank_history') }} as h
    cross join lateral (
        values ('qd766_score_points', h.total_points), ('qd766_rank', cast(h.rank as double))
    ) as t (indicator, value)
    where h.is_own_province and t.value is not null
    qualify
        row_number() over (
            partition by t.indicator, h.period_type, h.period_start order by h.published_on desc
        ) = 1
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
{% macro pillar_measures(pillar, ranks=false, coverage=false) -%}
with gathered as (
    {{ values_reported() }}
    union all by name
    -- columns that no origin here may have
    select
        cast(null as bigint) as numerator,
        cast(null as bigint) as denominator,
        cast(null as date) as last_month
    where false
    union all by name
    {{ values_published() }}
    {% if ranks -%}
    union all by name
    ({{ values_listed() }})
    {%- endif %}
    {% if coverage -%}
    union all by name
    {{ values_covered() }}
    {%- endif %}
)

{{ side_by_side('gathered', pillar) }}
{%- endmacro %}
