{#
  Geography that survives the merger of 1 July 2025. A commune is (code, date): codes and names were used again.

  Counts are carried to the current communes by two macros, for any relation with a code and a date:

      select ..., w.area_code_today, sum({{ carried_count('c.received') }}) as received
      from counts as c {{ join_area_weights('c.commune_code', 'c.month') }}
      group by ...

  Carry counts that are already summed over what the result groups by, not single records, and divide afterwards:
  shares are never carried. What the weights do not know keeps a code that is no commune, so totals stay.
#}

{# Left join of int_area_weights: one row per current unit that took a part; none where code and date name no commune. #}
{% macro join_area_weights(code, day, alias='w') -%}
    left join {{ ref('int_area_weights') }} as {{ alias }}
        on {{ code }} = {{ alias }}.area_code and {{ day }} between {{ alias }}.valid_from and {{ alias }}.valid_to
{%- endmacro %}

{#
  The part of a count that goes to the row's current unit, a whole number. Each part is what lies between two rounded
  marks of the count, so the parts sum to it whatever the weights are. Without a unit the count stays as it is.
#}
{% macro carried_count(measure, alias='w') -%}
    coalesce(
        cast(round({{ measure }} * {{ alias }}.weight_to) - round({{ measure }} * {{ alias }}.weight_from) as bigint),
        {{ measure }}
    )
{%- endmacro %}

{# The same for an amount that may be divided further, as kilometres or đồng. #}
{% macro carried_amount(measure, alias='w') -%}
    {{ measure }} * coalesce({{ alias }}.weight, 1)
{%- endmacro %}

{#
  A commune's name as a key, for int_area_names: name_key, ð of other keyboards as đ, and the kind in one form (Xã, X. and
  UBND xã are "x. "), in one expression. A district or province behind the name is one form too: ", huyện X", "- H. X" and
  "(huyện X)" are ", h. x"; which places a name may be followed by, int_area_names knows.
#}
{% macro area_key(expression) -%}
    regexp_replace(
        regexp_replace(
            regexp_replace(
                replace({{ name_key(expression) }}, 'ð', 'đ'),
                '^(?:(?:ubnd|ủy ban nhân dân) )?(?:(x)ã?|(p)(?:hường)?|(t)(?:t|hị trấn))(?:\. ?| )',
                '\1\2\3. '
            ),
            '[ ,;()]+(?:(h)(?:uyện |\. ?)|(t)(?:hị )?(x)(?:ã |\. ?| )|(t)(?:hành )?(p)(?:hố |\. ?| )|(tỉnh) )',
            ', \1\2\3\4\5\6. ',
            'g'
        ),
        '(, (?:h|tx|tp|tỉnh)\. [^()]*)\)$',
        '\1'
    )
{%- endmacro %}

{# Of such a key the name alone, without kind, place and marks: for names that look alike, never to place anything. #}
{% macro bare_name(key) -%}
    replace(strip_accents(regexp_replace({{ key }}, '^[xpt]\. |,.*$', '', 'g')), 'đ', 'd')
{%- endmacro %}

{# Left join of int_area_names on a name and a date: at most one row; area_code is null where the name means several. #}
{% macro join_area_names(name, day, alias='n') -%}
    left join {{ ref('int_area_names') }} as {{ alias }}
        on {{ area_key(name) }} = {{ alias }}.name_key and {{ day }} between {{ alias }}.valid_from and {{ alias }}.valid_to
{%- endmacro %}

{#
  Left join of the commune that a record names, by code or else by name, on its day: what was reported. Where code and name
  are of two communes nobody knows which was meant: none. A code that is none on that day leaves it to the name, unless it
  was another commune's before that went elsewhere; int_area_name_review lists it all the same. A row of area_aliases for
  code and name together, as the review writes them, goes before all of that. At most one row, also for a commune that was
  split; w.area_code and w.area_name are the unit as it was, null where none is known.

  A macro, since one model of all stated communes would depend on every source that names one: coverage_gaps on 6 sources
  instead of 2, broadband_speed on 7 instead of 4, and the gate would hold back speeds for a fault in a list of villages.
#}
{% macro join_stated_commune(code, name, day, alias='w') -%}
    left join {{ ref('areas') }} as {{ alias }}_coded
        on
            {{ code }} = {{ alias }}_coded.area_code and {{ alias }}_coded.level = 'commune'
            and {{ day }} between {{ alias }}_coded.valid_from and coalesce({{ alias }}_coded.valid_to, date '9999-12-31')
    {{ join_area_names(name, day, alias ~ '_named') }}
    {# the name alone where there is no code #}
    {{ join_area_names(stated(code, name), day, alias ~ '_answered') }}
    left join (
        select
            area_code,
            list(area_code_today) as went_to
        from {{ ref('int_area_weights') }}
        group by area_code
    ) as {{ alias }}_was on {{ code }} = {{ alias }}_was.area_code
    left join {{ ref('int_area_weights') }} as {{ alias }}
        on
            case
                when {{ alias }}_answered.area_code is not null then {{ alias }}_answered.area_code
                when {{ code }} is null then null
                when {{ alias }}_coded.area_code = coalesce({{ alias }}_named.area_code, {{ alias }}_coded.area_code)
                    then {{ alias }}_coded.area_code
                when
                    {{ alias }}_coded.area_code is null
                    and ({{ alias }}_was.area_code is null or list_contains({{ alias }}_was.went_to, {{ alias }}_named.area_code))
                    then {{ alias }}_named.area_code
            end = {{ alias }}.area_code
            and {{ day }} between {{ alias }}.valid_from and {{ alias }}.valid_to
            and {{ alias }}.weight_from = 0 and {{ alias }}.weight_to > 0
{%- endmacro %}

{# A record's code and name as one spelling, which the review lists and a row of area_aliases answers. #}
{% macro stated(code, name) -%}
    concat_ws(' ', {{ code }}, {{ name }})
{%- endmacro %}

{# The current commune that took the stated one whole; else null: a village or a mast of a split one is in one part. #}
{% macro current_commune(alias='w') -%}
    case when {{ alias }}.weight_to = 1 and {{ alias }}.weight_method <> 'unknown' then {{ alias }}.area_code_today end
{%- endmacro %}

{#
  Left join of int_area_titles: what a code of any level was called on the last day of a period, today where there is no
  period. A figure of a period in which the code was used again is of the unit that stood at its end.
#}
{% macro join_area_title(code, period_type, period_start, alias='n') -%}
    left join {{ ref('int_area_titles') }} as {{ alias }}
        on
            {{ code }} = {{ alias }}.area_code
            and coalesce({{ last_day_of_period(period_type, period_start) }}, date '9999-12-31')
            between {{ alias }}.valid_from and {{ alias }}.valid_to
{%- endmacro %}
