-- Years whose dossiers are all here: no month is missing from January on; the portal counted at most a quarter more.
with years as (
    select
        cast(date_trunc('year', month) as date) as period_start,
        count(distinct month) as months,
        max(month) as last_month,
        sum(received) as received
    from {{ ref('dossier_timeliness') }}
    group by date_trunc('year', month)
)

select y.period_start
from years as y
left join {{ ref('int_province_components') }} as s
    on y.period_start = s.period_start and s.period_type = 'year' and s.item_code = 'DOSSIER_ON_TIME'
where
    y.months = date_diff('month', y.period_start, y.last_month) + 1
    and y.received >= 0.8 * coalesce(s.published_denominator, 0)
