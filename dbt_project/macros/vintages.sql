{# The number of the file that a row came with, out of its version; 0 of what ships with the project. #}
{% macro file_no_of(version) -%}
    (({{ version }} >> 28) & 1048575)
{%- endmacro %}

{# The row's place in that file. #}
{% macro row_no_of(version) -%}
    ({{ version }} & 268435455)
{%- endmacro %}

{# What makes a figure of statistics the same figure in two publications of one source. #}
{% macro fact_of(alias) -%}
    concat_ws('|', {{ alias }}.indicator, {{ alias }}.area_code, {{ alias }}.period_type, {{ alias }}.period_start, {{ alias }}.source)
{%- endmacro %}

{#
  How far a figure may move between two publications before somebody has to look, whatever its history: one percentage
  point of a share, a tenth of any other quantity. The numbers are ours; docs/methods/statistics.md states why.
#}
{% macro revision_floor(unit, value) -%}
    if({{ unit }} = '%', 1.0, 0.1 * abs({{ value }}))
{%- endmacro %}

{#
  Whether one value is the other with fewer digits, at most a thousandth away: an office prints 300 380 and its interface
  gives 300 379.673.
#}
{% macro is_rounding_of(value, other) -%}
    list_bool_or(
        [
            round({{ value }}::double, d::integer) = {{ other }} or round({{ other }}::double, d::integer) = {{ value }}
            for d in range(-6, 7)
        ]
    ) and abs({{ value }} - {{ other }}) <= 0.001 * abs({{ other }})
{%- endmacro %}

{# Why a figure is not taken at once, or null. `before` is the active value, `allowed` how far it may move from it. #}
{% macro held_reason(row, before, allowed) -%}
    case
        when {{ row }}.is_unknown then 'unknown_indicator'
        when {{ row }}.is_accepted then null
        when coalesce({{ row }}.unit, '') <> {{ row }}.registered_unit then 'unit_changed'
        when {{ row }}.value < {{ row }}.valid_min or {{ row }}.value > {{ row }}.valid_max then 'out_of_range'
        when {{ row }}.value is null and {{ before }} is not null then 'value_gone'
        -- what differs in the last bits of a double is no difference
        when abs({{ row }}.value - {{ before }}) > {{ allowed }} + 1e-9 then 'jump'
    end
{%- endmacro %}
