-- Each operator's newest yes or no on a village and technology in the four quarters up to each quarter with a report.
-- A blank is no answer, nor is a yes and a no of one day. Reports by communes that no longer exist at the quarter's end
-- no longer count.
{{ config(materialized='table') }}

with answers as (
    select
        operator,
        area_code,
        reported_area_code,
        reported_area_name,
        reported_unit_since,
        reported_unit_until,
        village_key,
        village_name,
        extracted_on,
        has_samples,
        unnest([  -- noqa: AL03
            { technology: '2G', is_covered: has_2g },
            { technology: '3G', is_covered: has_3g },
            { technology: '4G', is_covered: has_4g },
            { technology: '5G', is_covered: has_5g },
            { technology: 'fibre', is_covered: has_fibre }
        ], recursive := true)
    from {{ ref('int_villages') }}
    where not_counted_because is null
),

daily as (
    select
        * exclude (village_name, is_covered, has_samples),
        max(village_name) as village_name,
        coalesce(bool_or(has_samples), false) as has_samples,
        bool_or(is_covered) as says_yes,
        bool_or(not is_covered) as says_no
    from answers
    group by all
),

quarters as (
    select distinct
        cast(date_trunc('quarter', extracted_on) as date) as quarter,
        last_day(cast(quarter + interval 2 month as date)) as last_day
    from daily
),

newest as (
    select
        q.quarter,
        q.last_day,
        d.operator,
        d.area_code,
        d.reported_area_code,
        d.reported_area_name,
        d.reported_unit_since,
        d.village_key,
        d.technology,
        max(d.extracted_on) as named_on,
        arg_max(d.village_name, d.extracted_on) as village_name,
        bool_or(d.has_samples) as has_samples,
        max(d.extracted_on) filter (where d.says_yes is not null) as answered_on,
        arg_max(d.says_yes, d.extracted_on) as says_yes,
        arg_max(d.says_no, d.extracted_on) as says_no
    from quarters as q
    inner join daily as d
        on
            q.quarter - interval 9 month <= d.extracted_on and q.last_day >= d.extracted_on
            and q.last_day <= d.reported_unit_until
    group by all
),

by_technology as (
    select
        * exclude (says_yes, says_no),
        says_yes and says_no as is_contradictory,
        case when says_yes <> says_no then says_yes end as is_covered
    from newest
),

-- any generation: yes with one yes, no with a no on each that is on air; after a generation is switched off only
-- answers given since then count for it
mobile as (
    select
        t.* exclude (technology, answered_on, is_contradictory, is_covered, has_samples),
        'mobile' as technology,
        max(t.answered_on) as answered_on,
        bool_or(t.is_contradictory) as is_contradictory,
        bool_or(t.has_samples) as has_samples,
        case
            when bool_or(t.is_covered) filter (where o.last_day is null or t.answered_on > o.last_day) then true
            when bool_and(coalesce(not t.is_covered, false)) filter (where o.last_day is null) then false
        end as is_covered
    from by_technology as t
    left join {{ ref('generations_switched_off') }} as o on t.technology = o.technology and t.last_day > o.last_day
    where t.technology <> 'fibre'
    group by all
)

select * from by_technology  -- noqa: AM07
union all by name
select * from mobile
