-- Each target of the scheme that has a measure: its latest year, beside the value asked for.
{{ config(materialized='table') }}

with targets as (
    select * from {{ ref('targets') }}
),

timeliness as (
    select
        cast(year(month) as integer) as year,
        sum(early + on_time + in_process) as numerator,
        sum(received) as denominator,
        max(month) as last_month
    from {{ ref('dossier_timeliness') }}
    group by year(month)
),

online as (
    select
        cast(year(month) as integer) as year,
        sum(online) as numerator,
        sum(received) as denominator,
        max(month) as last_month
    from {{ ref('online_submission') }}
    group by year(month)
),

measures as (
    select
        'dossiers_on_time_pct' as indicator,
        *
    from timeliness
    union all
    select
        'dossiers_online_pct' as indicator,
        *
    from online
)

select
    t.target_id,
    t.title_vi,
    t.title_en,
    t.pillar,
    t.indicator,
    '{{ var("province_code") }}' as area_code,
    m.year,
    m.last_month,
    cast(m.numerator as bigint) as numerator,
    cast(m.denominator as bigint) as denominator,
    round(100.0 * m.numerator / m.denominator, 2) as value,
    t.unit,
    cast(t.target_value as double) as target_value,
    cast(t.target_year as integer) as target_year,
    t.direction,
    round(100.0 * m.numerator / m.denominator - cast(t.target_value as double), 2) as distance,
    if(m.denominator is null, 'missing', 'observed') as obs_status,
    t.document,
    t.grade
from targets as t
left join measures as m on t.indicator = m.indicator
