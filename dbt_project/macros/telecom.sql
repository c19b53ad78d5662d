{# Longitude or latitude within a Web Mercator tile of zoom 16, from its quadkey: of its middle, or so far from its west or north. #}
{% macro quadkey_lon(quadkey, at=0.5) -%}
    ({{ _quadkey_axis(quadkey, 1) }} + {{ at }}) / 65536 * 360 - 180
{%- endmacro %}

{% macro quadkey_lat(quadkey, at=0.5) -%}
    degrees(atan(sinh(pi() * (1 - 2 * ({{ _quadkey_axis(quadkey, 2) }} + {{ at }}) / 65536))))
{%- endmacro %}

{# One axis of the tile: bit 1 of each base-4 digit is x, bit 2 is y. #}
{% macro _quadkey_axis(quadkey, bit) -%}
    list_sum(list_transform(
        range(1, 17), lambda i: (((cast(substr({{ quadkey }}, i, 1) as integer) & {{ bit }}) // {{ bit }}) << (16 - i))
    ))
{%- endmacro %}

{# Population of the current communes and of the province, as the registry prefers it. #}
{% macro populations() -%}
    select
        f.area_code,
        f.value as population,
        f.as_of as population_as_of,
        f.source as population_source
    from {{ ref('area_facts') }} as f
    inner join {{ ref('areas') }} as a on f.area_code = a.area_code and f.valid_from = a.valid_from
    where
        f.fact = 'population' and f.is_preferred and a.valid_to is null
        and (a.level = 'commune' or a.area_code = '{{ var("province_code") }}')
{%- endmacro %}

{# Current communes and the province itself: what telecom marts have a row for. #}
{% macro current_areas() -%}
    select
        area_code,
        kind || ' ' || name as area_name
    from {{ ref('areas') }}
    where valid_to is null and (level = 'commune' or area_code = '{{ var("province_code") }}')
{%- endmacro %}

{# Of files with the same subject (`subject` of the source) only the last counts, completely; the load records which. #}
{% macro is_not_replaced(feed) -%}
    file_no not in (
        select f.file_no
        from {{ source('raw', 'files') }} as f
        where f.source = '{{ feed }}' and f.replaced_by is not null
    )
{%- endmacro %}
