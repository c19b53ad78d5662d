-- What sources name that leads to no commune, or to one in spite of a code that was none on its day: one row per
-- source, code and spelling. Meanings are the units that code and name are on that day. A source that names communes is
-- a member of by_name, with the column of its day.

{% set by_name = {'bts_inventory': 'extracted_on', 'village_coverage': 'extracted_on', 'ispeed': 'month'} %}

with given as (
    {% for feed, day in by_name.items() %}
        select
            '{{ feed }}' as source,
            commune_code as code,
            commune_name as name,
            {{ day }} as day,
            file_no
        from {{ ref('stg_' ~ feed) }}
        where coalesce(commune_code, commune_name) is not null
        union all by name
    {% endfor %}
    -- agencies of the landed catalogue that call themselves the committee of a commune
    select
        'agencies' as source,
        agency_name as name,
        seen_to as day
    from {{ ref('stg_agencies') }}
    where regexp_matches({{ name_key('agency_name') }}, '^(ubnd|ủy ban nhân dân) (xã|phường|thị trấn) ')
)

select
    g.source,
    {{ stated('g.code', 'g.name') }} as name_given,
    g.code,
    {{ area_key('g.name') }} as name_key,
    case
        when g.code is not null and w_coded.area_code is null then 'code_not_in_force'
        when g.code is not null then 'code_and_name_differ'
        when w_named.candidates is not null then 'several_meanings'
        else 'unknown_name'
    end as problem,
    w.area_code as placed_in,
    nullif(
        concat_ws('; ', w_coded.area_code || ' ' || w_coded.kind || ' ' || w_coded.name, w_named.candidates), ''
    ) as meanings,
    count(*) as row_count,
    min(g.day) as first_on,
    max(g.day) as last_on,
    string_agg(distinct f.name, '; ' order by f.name) as files
from given as g
left join {{ source('raw', 'files') }} as f on g.file_no = f.file_no
{{ join_stated_commune('g.code', 'g.name', 'g.day') }}
where
    w.area_code is null
    or (g.code is not null and w_coded.area_code is null and w_answered.area_code is null)
group by all
