-- What a commune's name means on a date: one row per key and validity, so that a join on both finds at most one.
-- Keys are those of the macro area_key: the name alone, the name after its kind, and both followed by its district, its
-- province or both. A key that means several units has no area_code but its candidates: it is not guessed, and a row of
-- the seed area_aliases answers it.
{{ config(materialized='table') }}

with units as (
    select
        area_code,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        level,
        kind,
        name,
        parent_code
    from {{ ref('areas') }}
),

communes as (
    select * exclude (level, parent_code)
    from units
    where level = 'commune'
),

-- what a commune lies in, as offices write it behind the name: with its kind or without it
places as (
    select distinct
        c.area_code,
        c.valid_from,
        concat_ws(', ', near.place, far.place) as place
    from units as c
    inner join units as p on c.parent_code = p.area_code and c.valid_from between p.valid_from and p.valid_to
    left join units as g on p.parent_code = g.area_code and c.valid_from between g.valid_from and g.valid_to
    cross join unnest([p.kind || ' ' || p.name, p.name, null]) as near (place)
    cross join unnest([g.kind || ' ' || g.name, g.name, null]) as far (place)
    where c.level = 'commune' and coalesce(near.place, far.place) is not null
),

spellings as (
    select
        c.*,
        s.spelling,
        s.match_kind
    from communes as c
    cross join (values (c.name, 'name'), (c.kind || ' ' || c.name, 'kind_and_name')) as s (spelling, match_kind)
    union all
    -- an alias without its kind is known with it too; one that has it gives a key that nobody writes
    select
        c.*,
        s.spelling,
        'alias' as match_kind
    from {{ ref('area_aliases') }} as a
    inner join communes as c on a.area_code = c.area_code and a.valid_from = c.valid_from
    cross join unnest([a.alias, c.kind || ' ' || a.alias]) as s (spelling)
),

placed as (
    select * from spellings
    union all by name
    select
        s.* exclude (spelling, match_kind),
        s.spelling || ', ' || p.place as spelling,
        'with_place' as match_kind
    from spellings as s
    inner join places as p on s.area_code = p.area_code and s.valid_from = p.valid_from
),

keyed as (
    select
        *,
        {{ area_key('spelling') }} as name_key
    from placed
),

-- a key changes its meaning only on these days; between two of them it has one
days as (
    select
        name_key,
        valid_from as day
    from keyed
    union
    select
        name_key,
        valid_to + 1 as day
    from keyed
    where valid_to < date '9999-12-31'
),

slices as (
    select
        name_key,
        day as valid_from,
        coalesce(lead(day) over (partition by name_key order by day) - 1, date '9999-12-31') as valid_to
    from days
),

meanings as (
    select
        d.name_key,
        d.valid_from,
        d.valid_to,
        s.area_code,
        s.kind || ' ' || s.name as area_name,
        s.match_kind
    from slices as d
    inner join keyed as s on d.name_key = s.name_key and d.valid_from between s.valid_from and s.valid_to
)

select
    name_key,
    valid_from,
    valid_to,
    case when count(distinct area_code) = 1 then min(area_code) end as area_code,
    case when count(distinct area_code) = 1 then min(area_name) end as area_name,
    -- the registry's own spelling before an alias of the same unit
    case when count(distinct area_code) = 1 then max(match_kind) else 'ambiguous' end as match_kind,
    string_agg(distinct area_code || ' ' || area_name, '; ' order by area_code || ' ' || area_name) as candidates
from meanings
group by name_key, valid_from, valid_to
