-- Communes that sources named and that lead to none: names that the registry does not know, for a person to answer in
-- seeds/area_aliases.csv; codes that were none on their day, or are another commune's than the name, for the source to
-- mend. A source that names communes is a member here, by the macro area_names_to_review.
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

names as (
    {{ area_names_to_review('offices', 'agency_name', 'seen_to', 'agencies') }}
    {% for feed, day in by_name.items() %}
        union all
        {{ area_names_to_review(ref('stg_' ~ feed), 'commune_name', day, feed, code='commune_code') }}
    {% endfor %}
),

-- units in force then whose names look alike without marks and kind, for the eye only
alike as (
    select
        n.source,
        n.name_given,
        c.candidates,
        jaro_winkler_similarity(
            strip_accents(regexp_replace(n.name_key, '^[xpt]\. ', '')), strip_accents(c.name_key)
        ) as likeness
    from names as n
    inner join {{ ref('int_area_names') }} as c
        on c.match_kind = 'name' and n.last_on between c.valid_from and c.valid_to
),

near as (
    select
        source,
        name_given,
        array_to_string(list(candidates order by likeness desc, candidates asc)[1:3], '; ') as candidates
    from alike
    where likeness > 0.9
    group by source, name_given
)

select
    n.source,
    n.name_given,
    n.row_count,
    n.first_on,
    n.last_on,
    coalesce(n.meanings, r.candidates, '') as candidates,
    n.meanings is not null as is_ambiguous
from names as n
left join near as r on n.source = r.source and n.name_given = r.name_given
