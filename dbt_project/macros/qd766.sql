{#
  The arithmetic of the QĐ 766 index as the National Public Service Portal applies it. The text below is the only one:
  dbt creates these functions at the start of a run (on-run-start: qd766_functions()), and the check of recorded answers
  runs the same statements. It is plain SQL, so that both can: nothing of dbt's templates inside.
  Maxima, thresholds and conventions are not here: they are rows of the seed qd766_components.
#}
{% macro qd766_functions() %}
-- JavaScript's x.toFixed(2) for 0 <= x <= 100: the nearest hundredth to the exact binary value, the larger one on a tie.
-- Times 2^60 a double becomes an integer without loss, and integers settle the tie: floor(100x + 1/2) = (200x + 1) // 2.
-- (Below 2^-8 digits fall off, and every such x is 0.00.) round() would not do: it multiplies first.
create or replace macro qd766_to_fixed(x) as
    cast(
        (cast(x * pow(2, 60) as hugeint) * 200 + cast(pow(2, 60) as hugeint)) // cast(pow(2, 61) as hugeint) / 100
        as decimal(9, 2)
    );

-- Percent of a share, in doubles and in this order: 1/48 gives 2.083333333333333, and the portal's 0.12 of 6 points.
-- Kept within 0 and 100, whatever the counts are; null without a denominator.
create or replace macro qd766_percent(numerator, denominator, rounding) as
    case rounding
        when 'percent_then_points' then cast(qd766_to_fixed(
            greatest(0, least(100, cast(numerator as double) / nullif(denominator, 0) * 100))
        ) as double)
        else greatest(0, least(100, cast(numerator as double) / nullif(denominator, 0) * 100))
    end;

-- Points of one component; the arguments after the counts are the columns of its row in the seed.
-- Null is not zero: a component without counts has no points, and its maximum still stands.
create or replace macro qd766_points(
    numerator, denominator, rule, max_points, threshold_pct, zero_convention, rounding
) as
    cast(case
        when rule = 'constant' then max_points
        when rule = 'unscored' or numerator is null or denominator is null then null
        when denominator = 0 then case zero_convention when 'zero' then 0 when 'full' then max_points end
        else qd766_to_fixed(least(
            max_points,
            cast(max_points as double) * qd766_percent(numerator, denominator, rounding) / coalesce(threshold_pct, 100)
        ))
    end as decimal(9, 2));

-- Points of a group: the sum of its components as rounded, none of them counting 0. The index is the sum of the groups.
create or replace macro qd766_total(points) as
    cast(coalesce(sum(points), 0) as decimal(9, 2));
{% endmacro %}

{# First day that the rules of the index are valid. #}
{% macro first_day_of_index() -%}
    (select min(valid_from) from {{ ref('qd766_components') }})
{%- endmacro %}

{# Agency of a group, or the province as a whole where the grouping sets leave the agency out. #}
{% macro agency_or_province() -%}
    if(grouping(agency_code) = 1, '{{ var("portal_code") }}', agency_code) as agency_code,
    if(grouping(agency_code) = 1, '', {{ name_of_group() }}) as agency_name,
    if(grouping(agency_code) = 1, 'total', {{ level_of_group() }}) as agency_level
{%- endmacro %}

{# Name and level of a group of rows of one agency: where they differ, one that is known, the same in every run. #}
{% macro name_of_group() -%} max(agency_name) {%- endmacro %}
{% macro level_of_group() -%} max_by(agency_level, agency_name) {%- endmacro %}

{# What the province does under its own code is part of the province as a whole, and no agency of its own. #}
{% macro is_agency_or_province() -%}
    (grouping(agency_code) = 1 or agency_code <> '{{ var("portal_code") }}')
{%- endmacro %}
