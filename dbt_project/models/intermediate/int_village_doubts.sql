-- Villages that all who name them say are not covered, with others of the commune that may be the same under another
-- name, or are it in an earlier word: nobody tells of both, and the other is not denied. Where only numbers differ they
-- are two, and in two communes of one day. Where both count now, a row of seeds/village_aliases.csv answers.
{{ config(materialized='view') }}

-- who told of a village before, and when, where that name stood in one unit: nothing else of that report is it
with told_before as (
    select
        quarter,
        area_code,
        village_key,
        technology,
        any_value(unit) as unit,
        any_value(reported_unit_since) as reported_unit_since,
        list(distinct { operator: witness, day: reported_on }) as reports
    from {{ ref('int_village_statements') }}
    where is_left_behind and tellers is not null
    group by quarter, area_code, village_key, technology
    having count(distinct unit) = 1
)

select
    d.quarter,
    d.area_code,
    d.unit,
    d.reported_area_name,
    d.village_key,
    d.technology,
    d.village_name,
    d.operators,
    o.village_key as other_key,
    o.village_name as other_name,
    o.reported_area_name as other_area_name,
    o.operators as other_operators,
    o.is_left_behind as is_earlier
from {{ ref('int_village_statements') }} as d
inner join {{ ref('int_village_statements') }} as o
    on
        d.quarter = o.quarter and d.area_code = o.area_code and d.technology = o.technology
        -- who only names a village, as in a list of fibre, says nothing of its signal
        and not list_has_any(d.tellers, o.tellers)
left join told_before as b
    on
        d.quarter = b.quarter and d.area_code = b.area_code and d.technology = b.technology
        and d.village_key = b.village_key and o.village_key <> b.village_key
        -- numbers were given anew when units became one; a unit of the same day is another place
        and (
            d.unit = b.unit
            or (d.reported_unit_since > b.reported_unit_since and not regexp_matches(d.village_key, '[0-9]'))
        )
where
    d.is_denied_by_all and not d.is_left_behind and not o.is_denied_by_all
    and not d.is_of_its_own and not o.is_of_its_own
    and not coalesce(list_contains(b.reports, { operator: o.witness, day: o.reported_on }), false)
    and not coalesce(
        case
            when d.unit <> o.unit then d.reported_unit_since = o.reported_unit_since
            else
                d.village_key <> o.village_key
                and regexp_replace(d.village_key, '[0-9]+$', '#') = regexp_replace(o.village_key, '[0-9]+$', '#')
        end,
        false
    )
