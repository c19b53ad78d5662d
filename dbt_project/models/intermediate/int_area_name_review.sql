-- Names that lead to no commune, with the units that may be meant, for a person to answer in seeds/area_aliases.csv or
-- the source to correct; `hatinh area --review` lists it.
{{ config(materialized='view') }}

with names as materialized (
    select * from {{ ref('int_unplaced_names') }}
),

-- every commune over its life, and what it became: what an earlier name or code leads to
lives as (
    select
        a.area_code,
        a.valid_from,
        coalesce(a.valid_to, date '9999-12-31') as valid_to,
        a.area_code || ' ' || a.kind || ' ' || a.name as title,
        {{ bare_name(area_key('a.name')) }} as bare_name,
        if(count(t.area_code) > 1, ' → parts of ', ' → ')
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
        l.*,
        '' as mark
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
        l.*,
        'near: ' as mark
    from names as n
    anti join exact as e on n.source = e.source and n.name_given = e.name_given and n.last_on = e.last_on
    inner join lives as l on damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name) <= 1
    where n.meanings is null
    qualify
        damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name)
        = min(damerau_levenshtein({{ bare_name('n.name_key') }}, l.bare_name))
            over (partition by n.source, n.name_given, n.last_on)
),

hints as (
    select
        source,
        name_given,
        last_on,
        list(
            mark || title || case
                when valid_to < last_on then ' (until ' || valid_to || ')' || coalesce(became, '')
                when valid_from > last_on then ' (from ' || valid_from || ')'
                else ''
            end
            order by last_on not between valid_from and valid_to, area_code, valid_from
        )[1:4] as hints
    from (
        select * from exact
        union all
        select * from near
    ) as found
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
