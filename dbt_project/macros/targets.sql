{#
  The pace of an indicator over some years, after Eurostat: the compound annual growth rate in percent a year where a
  rate of growth has a meaning, else the absolute change a year (shares, ranks, values that may be zero or negative).
  The column pace_method says which.
#}
{% macro pace(first, last, years) -%}
    if(
        pace_method = 'growth_rate',
        100.0 * (pow({{ last }} / {{ first }}, 1.0 / {{ years }}) - 1),
        ({{ last }} - {{ first }}) / {{ years }}
    )
{%- endmacro %}
