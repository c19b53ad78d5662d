-- The 766 index as the portal published it beside what the dossiers give: by period, unit and item, either or both.
with published as (
    select * from {{ ref('stg_qd766_judged') }}
    where
        is_latest
        and (
            agency_code = '{{ var("portal_code") }}'
            or starts_with(agency_code, '{{ var("portal_code") }}.')
            or root_code = '{{ var("portal_code") }}'
        )
),

-- made up are samples, and the procedures that ship with the project until the official ones stand in their place
files as (
    select
        coalesce(bool_or(synthetic), false) as is_synthetic,
        coalesce(
            (select bool_or(p.basis = 'illustrative') from {{ ref('int_procedures') }} as p), false
        ) as is_catalogue_made_up
    from {{ source('raw', 'files') }}
    where source in ({{ dossier_feeds() }}, 'petitions', 'procedures', 'agencies') and rows_loaded > 0
),

versions as (
    select
        p.period_start,
        max_by(c.formula_version, c.valid_from) as formula_version
    from (select distinct period_start from published) as p
    inner join {{ ref('qd766_components') }} as c on p.period_start >= c.valid_from
    group by p.period_start
)

select
    coalesce(p.period_type, r.period_type) as period_type,
    coalesce(p.period_start, r.period_start) as period_start,
    coalesce(p.agency_code, r.agency_code) as agency_code,
    coalesce(r.item_code, p.item_code) as item_code,
    coalesce(nullif(r.agency_name, ''), p.agency_name, '') as agency_name,
    coalesce(r.agency_level, case p.department_level
        when 'province' then 'total' when 'department' then 'province' when 'commune' then 'commune' else 'unknown'
    end) as agency_level,
    p.item_type as published_item_type,
    p.numerator as published_numerator,
    p.denominator as published_denominator,
    p.points as published_points,
    p.flag as published_flag,
    p.recorded_on as published_on,
    case when p.item_code is null then 'missing' when p.problem is null then 'observed' else 'blocked' end
        as published_status,
    p.problem as published_problem,
    p.grade,
    r.numerator as recomputed_numerator,
    r.denominator as recomputed_denominator,
    r.points as recomputed_points,
    if(
        r.item_code is null, null, f.is_synthetic or (f.is_catalogue_made_up and r.is_of_catalogue)
    ) as is_recomputed_synthetic,
    r.item_code is not null as is_recomputed,
    coalesce(r.formula_version, v.formula_version) as formula_version
from published as p
full join {{ ref('int_qd766_recomputed') }} as r
    on
        p.period_type = r.period_type
        and p.period_start = r.period_start
        and p.agency_code = r.agency_code
        and p.item_code = r.item_code
left join versions as v on p.period_start = v.period_start
cross join files as f
