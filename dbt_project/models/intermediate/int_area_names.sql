-- What a commune's name means on a date: one row a key and validity, so that a join on both finds at most one.
-- Keys are those of the macro area_key: the name alone, and the name after its kind. A key that means several units has
-- no area_code but its candidates: it is not guessed, and a row of the seed area_aliases answers it.
{{ config(materialized='table') }}

with communes as (
    select
        area_code,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        kind,
        name
    from {{ ref('areas') }}
    where level = 'commune'
),

spellings as (
    select
        *,
        name as spelling,
        'name' as match_kind
    from communes
    union all
    select
        *,
        kind || ' ' || name as spelling,
        'kind_and_name' as match_kind
    from communes
    union all
    select
        c.*,
        a.alias as spelling,
        'alias' as match_kind
    from {{ ref('area_aliases') }} as a
    inner join communes as c on a.area_code = c.area_code and a.valid_from = c.valid_from
    union all
    -- an alias without its kind is known with it too; one that has it gives a key that nobody writes
    select
        c.*,
        c.kind || ' ' || a.alias as spelling,
        'alias' as match_kind
    from {{ ref('area_aliases') }} as a
    inner join communes as c on a.area_code = c.area_code and a.valid_from = c.valid_from
),

keyed as (
    select
        *,
        {{ area_key('spelling') }} as name_key
    from spellings
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
    -- the registry's own spelling before an alias that says the same
    case when count(distinct area_code) = 1 then max(match_kind) else 'ambiguous' end as match_kind,
    string_agg(distinct area_code || ' ' || area_name, '; ' order by area_code || ' ' || area_name) as candidates
from meanings
group by name_key, valid_from, valid_to
