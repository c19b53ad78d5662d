-- Every agency over its validity, with the commune it serves as it was and the current unit that took its place. The
-- successor is null where a previous commune was split: which part a dossier belongs to is not known from the agency.
{{ config(materialized='table') }}

with agencies as (
    select * from {{ ref('agencies') }}
),

communes as (
    select * from {{ ref('areas') }} where level = 'commune'
),

successors as (
    select
        old_code,
        case when count(distinct new_code) = 1 then min(new_code) end as new_code,
        case when count(distinct new_code) = 1 then 'exact' else 'split' end as match
    from {{ ref('area_crosswalk') }}
    group by old_code
)

select
    a.agency_code,
    a.name as agency_name,
    {{ name_key('a.name') }} as agency_name_key,
    a.level as agency_level,
    a.valid_from,
    coalesce(a.valid_to, date '9999-12-31') as valid_to,
    then_.area_code as commune_code,
    then_.kind || ' ' || then_.name as commune_name,
    today.area_code as commune_code_today,
    today.kind || ' ' || today.name as commune_name_today,
    case
        when a.level <> 'commune' then 'not_commune'
        when then_.area_code is null then 'unknown'
        when then_.valid_to is null then 'exact'
        else coalesce(s.match, 'unknown')
    end as area_match
from agencies as a
left join communes as then_
    on
        a.area_code = then_.area_code
        and a.valid_from >= then_.valid_from
        and a.valid_from <= coalesce(then_.valid_to, date '9999-12-31')
left join successors as s on then_.area_code = s.old_code and then_.valid_to is not null
left join communes as today
    on
        today.area_code = case when then_.valid_to is null then then_.area_code else s.new_code end
        and today.valid_to is null
