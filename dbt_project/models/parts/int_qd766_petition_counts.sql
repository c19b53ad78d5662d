-- Petitions that the 766 index counts, by month, quarter and year. A petition counts for the agency that answers it and
-- for the province as a whole, which answers some itself.
with petitions as (
    select * from {{ ref('int_petitions') }}
),

judged as (
    {{ judged_periods('petitions', 'received_month', last_day_of("'petitions'")) }}
),

petitions_of_periods as (
    select
        p.*,
        j.period_type,
        j.period_start,
        coalesce(p.on_time_until >= j.judged_at, false) as is_on_time
    from petitions as p
    inner join judged as j on p.received_month = j.month
)

select
    period_type,
    period_start,
    {{ agency_or_province() }},
    count(*) as petitions,
    count(*) filter (where kind = 'TTHC') as about_procedures,
    count(*) filter (where kind = 'STAFF') as about_staff,
    count(*) filter (where is_on_time) as on_time,
    -- those raised again would be taken off too, and are not marked in the files
    count(*) filter (where is_on_time and not is_disliked) as not_disliked
from petitions_of_periods
where period_start >= {{ first_day_of_index() }}
group by period_type, period_start, rollup (agency_code)
having {{ is_agency_or_province() }}
