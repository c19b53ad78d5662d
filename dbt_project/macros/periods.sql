{# The last day of a period; of a state, of the month or year that the source names. #}
{% macro last_day_of_period(period_type, period_start) -%}
    last_day(cast({{ period_start }} + case {{ period_type }}
        when 'year' then interval 11 month
        when 'half' then interval 5 month
        when 'quarter' then interval 2 month
        else interval 0 month
    end as date))
{%- endmacro %}

{#
  The months of a relation, each in its month, quarter and year, with the moment at which what is open is judged: the end
  of the period, or of the last day of data while the period runs.
#}
{% macro judged_periods(relation, month, last_day) -%}
    select
        m.month,
        m.period_type,
        m.period_start,
        least({{ last_day_of_period('m.period_type', 'm.period_start') }}, {{ last_day }})
        + interval '23:59:59' as judged_at
    from (
        select distinct
            {{ month }} as month,
            unnest(['month', 'quarter', 'year']) as period_type,
            cast(date_trunc(period_type, {{ month }}) as date) as period_start
        from {{ relation }}
    ) as m
{%- endmacro %}
