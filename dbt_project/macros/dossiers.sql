{#
  Feeds of dossiers: sources whose raw tables have the same columns, so that one dossier is one whatever way it came.
  A new feed is named here, has a staging model of one line and is a member of int_dossier_versions.
  Exports are the poorest of them: int_dossiers uses them only for dossiers that no other feed has.
#}
{% macro dossier_feeds() -%}
    'dossiers', 'dvcqg_dossiers', 'igate_dossiers', 'onestop_dossiers', 'onestop_exports'
{%- endmacro %}

{# One row per version of a dossier, as loaded; nested lists reduced to what the measures ask. #}
{% macro dossier_versions(relation) -%}
select
    version,
    load_no,
    {{ is_of_sample('version') }} as is_synthetic,
    dossier_id,
    agency_code,
    agency_name,
    procedure_code,
    field_code as procedure_field_code,
    coalesce(channel, '1') as channel,          -- QĐ 766: a missing channel counts as in person
    applicant_type,
    status,
    submitted_at,
    received_at,
    cast(date_trunc('month', received_at) as date) as received_month,
    due_at,
    finished_at,
    returned_at,
    refused_at,
    payment_code,
    has_digitised_component,
    is_vneid_verified,
    -- a feed without nested lists leaves their counts null: it does not report them
    papers is not null as has_nested_lists,
    len(papers) as paper_count,
    len(list_filter(papers, lambda p: p.has_file)) as paper_file_count,
    len(list_filter(papers, lambda p: p.is_reused)) as paper_reused_count,
    len(list_filter(papers, lambda p: p.is_from_personal_store)) as paper_personal_store_count,
    len(list_filter(results, lambda r: r.has_file)) as result_file_count,
    len(fees) as fee_count,
    coalesce(list_sum(list_transform(fees, lambda f: f.amount_vnd)), 0) as fee_total_vnd,
    list_has_any(databases, ['7']) as has_population_database,
    len(supplements) as supplement_count,
    -- seconds spent waiting for the applicant, over the requests that were answered
    cast(coalesce(list_sum(list_transform(
        list_filter(supplements, lambda s: s.received_at is not null and s.requested_at is not null),
        lambda s: greatest(0, date_diff('second', s.requested_at, s.received_at))
    )), 0) as bigint) as waiting_seconds,
    -- the moment of an unanswered request
    list_min(list_transform(
        list_filter(supplements, lambda s: s.received_at is null), lambda s: s.requested_at
    )) as open_request_at
from {{ relation }}
{%- endmacro %}

{# Last day that the landed files of some sources describe, as a scalar: what is open is judged no later. #}
{% macro last_day_of(sources) -%}
    (select max(extracted_on) from {{ source('raw', 'files') }} where source in ({{ sources }}) and rows_loaded > 0)
{%- endmacro %}

{% macro last_day_of_dossiers() -%}
    {{ last_day_of(dossier_feeds()) }}
{%- endmacro %}

{# Columns that an agency's code decides in a month, for a model that groups by the code. #}
{% macro agency_of_group(alias='') -%}
    {%- set from = alias ~ '.' if alias else '' -%}
    {%- for column in [
        'agency_name', 'agency_level', 'commune_code', 'commune_name', 'commune_code_today', 'commune_name_today',
        'area_match'] %}
    any_value({{ from }}{{ column }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The first columns of every mart by month, agency and field, in the readers' order; `c` counts, `f` names fields. #}
{% macro month_agency_field() -%}
    c.month,
    c.agency_code,
    c.agency_name,
    c.agency_level,
    c.commune_code,
    c.commune_name,
    c.commune_code_today,
    c.commune_name_today,
    c.area_match,
    c.procedure_field_code,
    coalesce(f.name_vi, '') as procedure_field_name,
    c.month >= {{ series_break() }} as is_after_merger
{%- endmacro %}
