-- What sources name that leads to no commune, or to one in spite of a code that was none on its day, for a person to
-- answer in seeds/area_aliases.csv or the source to correct; `hatinh area --review` lists it. A source that names
-- communes is a member here, by the macro area_names_to_review.
{{ config(materialized='view') }}

with offices as (
    -- agencies of the landed catalogue that call themselves the committee of a commune
    select
        agency_name,
        seen_to
    from {{ ref('stg_agencies') }}
    where regexp_matches({{ name_key('agency_name') }}, '^(ubnd|ủy ban nhân dân) (xã|phường|thị trấn) ')
),

{% set by_name = {'bts_inventory': 'extracted_on', 'village_coverage': 'extracted_on', 'ispeed': 'month'} %}

names as materialized (
    {{ area_names_to_review('offices', 'agency_name', 'seen_to', 'agencies') }}
    {% for feed, day in by_name.items() %}
        union all
        {{ area_names_to_review(
            ref('stg_' ~ feed), 'commune_name', day, feed, code='commune_code', file_no='file_no'
        ) }}
    {% endfor %}
),

-- every commune over its life, and what it became: what an earlier name or code leads to
lives as (
    select
        a.area_code,
        a.valid_from,
        coalesce(a.valid_to, date '9999-12-31') as valid_to,
        a.area_code || ' ' || a.kind || ' ' || a.name as title,
        {{ bare_name(area_key('a.name')) }} as bare_name,
        if(count(t.area_code) > 1, ' → một phần của / parts of ', ' → ')
        || string_agg(t.area_code || ' ' || t.kind || ' ' || t.name, ', ' order by t.area_code) as became
    from {{ ref('areas') }} as a
    left join {{ ref('area_crosswalk') }} as x on a.area_code = x.old_code and a.valid_from = x.old_valid_from
    left join {{ ref('areas') }} as t on x.new_code = t.area_code and x.new_valid_from = t.valid_from
    where a.level = 'commune'
    group by a.area_code, a.valid_from, a.valid_to, a.kind, a.name
),

-- units of other days that have exactly this code or name, of any spelling that is known
exact as (
    select distinct
        n.source,
        n.name_given,
        n.last_on,
        l.*
    from names as n
    left join {{ ref('int_area_names') }} as k on n.name_key = k.name_key and n.meanings is null
    inner join lives as l
        on
            n.last_on not between l.valid_from and l.valid_to
            and (
                n.code = l.area_code
                or (k.area_code = l.area_code and k.valid_from between l.valid_from and l.valid_to)
            )
),

-- else the units of any day whose names are nearest, by one letter at most, marks, kind and place aside: for the eye
-- only. Two letters make another commune of many a short name, and a hint that is far off is worse than none.
near as (
    select
        n.source,
        n.name_given,
        n.last_on,
        l.*
    from names as n
    anti join exact as e on n.source = e.source and n.name_given = e.name_given and n.last_on = e.last_on
    inner join lives as l on damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name) <= 1
    where n.meanings is null
    qualify
        damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name)
        = min(damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name))
            over (partition by n.source, n.name_given, n.last_on)
),

found as (
    select
        *,
        '' as mark
    from exact
    union all
    select
        *,
        'gần giống / near: ' as mark
    from near
),

hints as (
    select
        source,
        name_given,
        last_on,
        list(
            mark || title || case
                when valid_to < last_on then ' (đến / until ' || valid_to || ')' || coalesce(became, '')
                when valid_from > last_on then ' (từ / from ' || valid_from || ')'
                else ''
            end
            order by last_on not between valid_from and valid_to, area_code, valid_from
        )[1:4] as hints
    from found
    group by source, name_given, last_on
)

select
    n.source,
    n.name_given,
    n.problem,
    n.placed_in,
    n.row_count,
    n.first_on,
    n.last_on,
    n.files,
    concat_ws('; ', n.meanings, array_to_string(h.hints, '; ')) as candidates
from names as n
left join hints as h on n.source = h.source and n.name_given = h.name_given and n.last_on = h.last_on
