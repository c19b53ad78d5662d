{#
  The status of a row: obs_status is a code of the seed obs_statuses, which maps it to SDMX (docs/methods/statuses.md).
  A row has one: the first that holds of missing or suppressed, preliminary, low_reliability, estimated,
  definition_differs, break, observed.
#}

{# First day after the merger of 1 July 2025: units, agencies and the way of intake changed, and with them the series. #}
{% macro series_break() -%}
    date '2025-07-01'
{%- endmacro %}

{# Status by period alone: preliminary while the period runs on the last day of data, break where it holds the merger. #}
{% macro status_of_period(period_type, period_start, last_day, otherwise="'observed'") -%}
    case
        when {{ last_day_of_period(period_type, period_start) }} > {{ last_day }} then 'preliminary'
        when {{ series_break() }} between {{ period_start }} and {{ last_day_of_period(period_type, period_start) }}
            then 'break'
        else {{ otherwise }}
    end
{%- endmacro %}

{#
  Status of a published figure: as its publisher marks it, else what the registry of indicators states of its year.
  comparable_from is the first year of the definition that counts today.
#}
{% macro status_of_figure(figure, registry) -%}
    case
        when {{ figure }}.obs_status <> 'observed' then {{ figure }}.obs_status
        when {{ figure }}.grade = 'K' then 'low_reliability'
        when year({{ figure }}.period_start) < {{ registry }}.comparable_from then 'definition_differs'
        when year({{ figure }}.period_start) = {{ registry }}.comparable_from then 'break'
        else {{ figure }}.obs_status
    end
{%- endmacro %}

{# Whether a record came with a made-up file, out of its version. Few files are: a short list, hashed once. #}
{% macro is_of_sample(version) -%}
    coalesce({{ file_no_of(version) }} in (
        select sample_files.file_no from {{ source('raw', 'files') }} as sample_files where sample_files.synthetic
    ), false)
{%- endmacro %}

{# The last columns of every mart by month, agency and field; `c` counts. #}
{% macro status_of_month() -%}
    {{ status_of_period("'month'", 'c.month', last_day_of_dossiers()) }} as obs_status,
    c.has_samples
{%- endmacro %}

{# The document of a value that is made up: its first two words mark it. #}
{% macro sample_document() -%}
    'Dữ liệu mẫu – synthetic'
{%- endmacro %}

{# Whether a value of an indicator is made up: its document states so, whatever way it came. #}
{% macro is_marked_as_sample(document) -%}
    coalesce(starts_with({{ document }}, 'Dữ liệu mẫu'), false)
{%- endmacro %}

{# By period and agency, and for the province: whether a dossier or a procedure behind the 766 index is made up. #}
{% macro made_up_dossiers() -%}
    select
        period_type,
        period_start,
        agency_code,
        bool_or(has_samples) as has_samples
    from {{ ref('int_on_time') }}
    group by period_type, period_start, agency_code
    union all
    select
        period_type,
        period_start,
        '{{ var("portal_code") }}' as agency_code,
        bool_or(has_samples) as has_samples
    from {{ ref('int_on_time') }}
    group by period_type, period_start
{%- endmacro %}
