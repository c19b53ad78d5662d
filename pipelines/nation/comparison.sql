-- The provinces side by side: one row per province, measure, period and breakdown, with its rank and its difference to
-- the median of the provinces that have the figure. Without a direction there is no rank: of "ms" the highest is the
-- slowest. Nothing is summed or averaged over provinces.
select
    province_code,
    table_name,
    measure,
    period_type,
    period_start,
    breakdown,
    title_vi,
    title_en,
    unit,
    direction,
    value,
    cast(count(*) over alike as integer) as provinces,
    case
        when direction in ('more', 'less')
            then cast(rank() over (alike order by if(direction = 'less', value, -value)) as integer)
    end as rank,
    round(median(value) over alike, 6) as median,
    round(value - median(value) over alike, 6) as difference_to_median,
    obs_status,
    has_samples,
    is_stale
from measured
window alike as (partition by table_name, measure, period_type, period_start, breakdown, unit)
