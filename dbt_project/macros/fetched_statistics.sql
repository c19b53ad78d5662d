{# Sources of published statistics: they share the columns of pipelines/sources/statistic_rows.py. #}
{% macro statistic_sources() -%}
    {{ return(['nso_pxweb', 'worldbank', 'sdmx', 'ckan', 'itu', 'nso_monthly']) }}
{%- endmacro %}

{#
  Staging of one source of statistics: every figure of every answer, with the meaning of its marks and flags. Which of
  two answers of one vintage counts is decided where vintages are judged, for all sources alike. Flags are the codes of
  SDMX's CL_OBS_STATUS; an unknown one is kept in `note`.
#}
{% macro statistic_figures(source_name) %}
select
    '{{ source_name }}' as source,
    version,
    dataset,
    series,
    series_label,
    area_label,
    period_label,
    period_type,
    period_start,
    value,
    unit_label,
    case
        when value is null and obs_flag = 'Q' then 'suppressed'
        when value is null then 'missing'
        when obs_flag in ('P', 'V') then 'preliminary'
        when obs_flag in ('E', 'F', 'I') then 'estimated'
        when obs_flag = 'U' then 'low_reliability'
        when obs_flag = 'D' then 'definition_differs'
        when obs_flag = 'B' then 'break'
        else 'observed'
    end as obs_status,
    case
        when value is not null or obs_flag = 'Q' then null
        when missing_mark = '-' then 'nil'
        when missing_mark in ('..', '...', '…', 'na') or obs_flag = 'L' then 'not_available'
        when obs_flag in ('M', 'H') then 'not_applicable'
        else 'unknown'
    end as missing_kind,
    case
        when obs_flag not in ('A', 'P', 'V', 'E', 'F', 'I', 'U', 'D', 'B', 'M', 'L', 'H', 'Q', 'O') then 'flag ' || obs_flag
    end as note,
    coalesce(updated_on, extracted_on) as vintage_on,
    -- what does not state when it was published was public on the day it was fetched
    if(updated_on is null, 'not_after', 'day') as vintage_precision
from {{ source('raw', source_name) }}
{% endmacro %}
