{#
  Cost follows the change. Every typed row carries the number of the load that brought it (load_no). A model remembers
  in meta.processed up to which load, and up to which day of data, it has been built, in the transaction that builds it.
  A mart by month then rebuilds the months that newer rows touch, and those that were not over at that day, and no other.
  A change of models, seeds or macros rebuilds everything: the platform runs dbt with --full-refresh then.
#}

{# Where an engine computes the rows of dossiers they are a view, of which dbt knows no increment: `increment` asks. #}
{% macro is_incremental() -%}
    {{ return(model.config.materialized == 'incremental' if var('increment', false) else dbt.is_incremental()) }}
{%- endmacro %}

{# Last load that this model, or the one of the name, has seen; 0 before its first build. #}
{% macro processed_load(name=none) -%}
    coalesce((
        select max(p.load_no) from {{ source('meta', 'processed') }} as p where p.model = '{{ name or this.identifier }}'
    ), 0)
{%- endmacro %}

{# Post-hook: remember what this model has been built from. #}
{% macro mark_processed(name=none) -%}
    insert or replace into meta.processed
    select
        '{{ name or this.identifier }}',
        coalesce(max(load_no), 0),
        max(extracted_on) filter (where rows_loaded > 0 and source in ({{ dossier_feeds() }}))
    from raw.files
{%- endmacro %}

{# Months of receipt that must be rebuilt in this model, one column: month. #}
{% macro touched_months(name=none) -%}
    select distinct cast(unnest(generate_series(d.first_month, d.last_month, interval 1 month)) as date) as month
    from {{ ref('int_dossiers') }} as d
    where d.load_no > {{ processed_load(name) }}
    union
    -- the months that were still running on the last day of data: open dossiers are judged at a later moment now
    select distinct d.received_month as month
    from {{ ref('int_dossiers') }} as d
    where d.received_month >= (
        select date_trunc('month', p.extracted_on)
        from {{ source('meta', 'processed') }} as p where p.model = '{{ name or this.identifier }}'
    )
{%- endmacro %}

{# Restricts a model by month to the months to rebuild; nothing in a full build. #}
{% macro only_touched_months(column) -%}
    {%- if is_incremental() -%}
        {{ column }} in (select t.month from ({{ touched_months() }}) as t)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Incremental strategy: the touched months are deleted from the table and inserted again. #}
{% macro get_incremental_replace_months_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    delete from {{ arg_dict["target_relation"] }}
    where month in (select t.month from ({{ touched_months() }}) as t);

    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }}
{%- endmacro %}

{# Incremental strategy: rows with the keys of the new ones are replaced by them. #}
{% macro get_incremental_replace_rows_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    {%- set key = arg_dict["unique_key"] -%}
    delete from {{ arg_dict["target_relation"] }}
    where {{ key }} in (select n.{{ key }} from {{ arg_dict["temp_relation"] }} as n);

    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }}
{%- endmacro %}
