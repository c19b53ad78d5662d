{#
  Rules of single columns, one test per model: a node of dbt costs more than the query. One row, in which each rule has
  the count of its failures under its name: rows that are null, and values that are not of the list.
  `pipelines/transform/column_rules.py` knows these names; the gate has each rule as evidence of its own.
#}
{% test column_rules(model, not_null=[], accepted_values={}) %}
    {%- set rules = [] %}
    {%- for column in not_null %}
        {%- do rules.append(('not_null_' ~ column, 'count(*) - count(' ~ column ~ ')')) %}
    {%- endfor %}
    {%- for column, values in accepted_values.items() %}
        {%- set listed = "'" ~ values | join("', '") ~ "'" %}
        {%- set other = 'case when ' ~ column ~ ' not in (' ~ listed ~ ') then ' ~ column ~ ' end' %}
        {%- do rules.append(('accepted_values_' ~ column, 'count(distinct ' ~ other ~ ')')) %}
    {%- endfor %}
    {{- config(fail_calc='sum(' ~ rules | map(attribute=0) | join(' + ') ~ ')') }}
    select
        {%- for name, failures in rules %}
        {{ failures }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
{% endtest %}

{# The columns together are a key: no two rows share them. #}
{% test unique_key(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# The columns together are a row of the table that `to` names; where one of them is null nothing is checked. #}
{% test is_a_row_of(model, columns, to, of_columns) %}
    select m.*
    from {{ model }} as m
    left join {{ to }} as o
        on true {% for column in columns %} and m.{{ column }} = o.{{ of_columns[loop.index0] }}{% endfor %}
    where o.{{ of_columns[0] }} is null {%- for column in columns %} and m.{{ column }} is not null{% endfor %}
{% endtest %}

{# The complete text matches the pattern, which people know by what it is `like`. #}
{% test matches(model, column_name, pattern, like) %}
    select * from {{ model }} where not regexp_full_match({{ column_name }}, '{{ pattern }}')
{% endtest %}

{# The parts of every row sum to its total. #}
{% test equal_sum(model, parts, total) %}
    select *
    from {{ model }}
    where {{ parts | join(' + ') }} is distinct from {{ total }}
{% endtest %}

{# The model has a row for each row of the table that `of` names, or for each value of its column `distinct`. #}
{% test same_row_count(model, of, distinct=none, condition='true') %}
    {%- set counted = 'count(distinct ' ~ distinct ~ ')' if distinct else 'count(*)' %}
    select m.n as model_rows, o.n as other_rows
    from (select count(*) as n from {{ model }}) as m
    cross join (select {{ counted }} as n from {{ of }} where {{ condition }}) as o
    where m.n <> o.n
{% endtest %}

{# The column has as many different values as `of` has rows: a registry is complete. #}
{% test as_many_as(model, column, of, of_condition='true', condition='true') %}
    select count(distinct {{ column }}) as found
    from {{ model }}
    where {{ condition }}
    having count(distinct {{ column }}) <> (select count(*) from {{ of }} where {{ of_condition }})
{% endtest %}

{# Two models carry the same total of a column: what one counts, the other counts. #}
{% test same_total(model, column, of, of_expression, condition='true') %}
    select m.n as model_total, o.n as other_total
    from (select coalesce(sum({{ column }}), 0) as n from {{ model }}) as m
    cross join (select coalesce({{ of_expression }}, 0) as n from {{ of }} where {{ condition }}) as o
    where m.n <> o.n
{% endtest %}

{# No row for which the rule holds. #}
{% test rows_that_break(model, rule) %}
    select * from {{ model }} where {{ rule }}
{% endtest %}

{# The key is in the registry, and the columns have what the registry states. #}
{% test agrees_with_registry(model, to, key, columns) %}
    select m.*
    from {{ model }} as m
    left join {{ to }} as r on m.{{ key }} = r.{{ key }}
    where r.{{ key }} is null
    {%- for column in columns %} or m.{{ column }} is distinct from r.{{ column }}{% endfor %}
{% endtest %}

{# In every group of `by`, both models carry the same totals of the columns: nothing is lost or won on the way. #}
{% test same_totals(model, of, columns, by) %}
    select {{ by }}{% for column in columns %}, sum({{ column }}) as {{ column }}_too_many{% endfor %}
    from (
        select {{ by }}{% for column in columns %}, {{ column }}{% endfor %} from {{ model }}
        union all
        select {{ by }}{% for column in columns %}, -{{ column }}{% endfor %} from {{ of }}
    ) as both_sides
    group by {{ by }}
    having {% for column in columns %}sum({{ column }}) <> 0{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}

{# No active inventory of a quarter has most of its sites missing in the one that counts: a part, not an older whole. #}
{% test no_inventory_is_left_out(model) %}
    select
        i.operator,
        i.file_no,
        count(distinct i.site_code) as sites,
        count(distinct m.site_code) as still_listed
    from {{ source('raw', 'bts_inventory') }} as i
    left join {{ model }} as m
        on
            i.operator = m.operator and i.site_code = m.site_code
            and cast(date_trunc('quarter', i.extracted_on) as date) = m.quarter
    where i.{{ is_not_replaced('bts_inventory') }}
    group by i.operator, i.file_no
    having count(distinct m.site_code) < 0.5 * count(distinct i.site_code)
{% endtest %}

{# Every record names a commune of its day, by code or else by name: what does not is in no commune's figures. #}
{% test names_a_commune(model, code, day, spelling=none, condition='true') %}
    select m.*
    from (select * from {{ model }} where {{ condition }}) as m
    {{ join_stated_commune('m.' ~ code, 'm.' ~ spelling if spelling else 'cast(null as varchar)', day) }}
    where w.area_code is null
{% endtest %}
