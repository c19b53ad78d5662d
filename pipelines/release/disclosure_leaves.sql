-- What every month, agency and field received, with all measures of the open edition: the finest rows that it is made of.
-- Parameter: $months, the months wanted. Several marts count the same dossiers; the four are joined by their common key.
with days as (
    select
        received_month as month,
        agency_code,
        procedure_field_code,
        count(processing_seconds) as timed,
        round(sum(processing_seconds) / 86400.0, 4) as days_sum
    from intermediate.int_dossiers
    where list_contains($months, received_month)
    group by received_month, agency_code, procedure_field_code
),

levels as (
    select
        *,
        year(month) as year,
        -- agencies that the registry does not know are counted with the departments: alone they are too few
        if(agency_level in ('commune', 'district'), agency_level, 'province') as level,
        case
            when agency_level = 'commune' then coalesce(commune_code_today, area_match)
            when agency_level = 'unknown' then 'unknown'
            else agency_code
        end as unit
    from marts.dossier_timeliness
    where list_contains($months, month)
),

-- an office belongs to one unit in a year, the latest, or sums over the year would not add up
latest as (
    select
        agency_code,
        year,
        arg_max(unit, month) as unit,
        arg_max(level, month) as level,
        arg_max(agency_name, month) as agency_name,
        arg_max(coalesce(commune_name_today, ''), month) as commune_name,
        arg_max(agency_level, month) as agency_level,
        arg_max(area_match, month) as area_match
    from levels
    group by agency_code, year
)

select
    strftime(month, '%Y-%m') as month,
    agency_code as agency,
    l.unit,
    l.level,
    procedure_field_code as field,
    coalesce(l.agency_name, '') as agency_name,
    case
        when l.agency_level = 'commune' and l.area_match = 'exact' then l.commune_name
        when l.agency_level in ('province', 'district') then coalesce(l.agency_name, '')
        else ''
    end as unit_name,
    case
        when l.agency_level = 'commune' then if(l.area_match = 'exact', 'commune', l.area_match)
        when l.agency_level = 'province' then 'department'
        else l.agency_level
    end as unit_kind,
    coalesce(t.procedure_field_name, '') as field_name,
    t.received,
    t.late + t.overdue as late_or_overdue,
    t.early,
    coalesce(d.timed, 0) as timed,
    s.online,
    s.full_service,
    p.with_obligation,
    p.paid_online,
    e.e_result,
    e.digitised,
    e.reused,
    e.population_data,
    coalesce(d.days_sum, 0) as days_sum
from levels as t
inner join latest as l using (agency_code, year)
inner join marts.online_submission as s using (month, agency_code, procedure_field_code)
inner join marts.online_payment as p using (month, agency_code, procedure_field_code)
inner join marts.digitisation as e using (month, agency_code, procedure_field_code)
left join days as d using (month, agency_code, procedure_field_code)
order by month, agency_code, procedure_field_code
