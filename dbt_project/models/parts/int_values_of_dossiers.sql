-- Values that the platform computes from dossiers, the catalogue of procedures and petitions.
-- A year that rests on a part of its dossiers is no match for what the portal counted of all: its basis is
-- computed_in_part, and it is chosen only where nobody published or reported the year.

{#- indicator, mart by month, numerator, denominator: a year is the sum of its months #}
{% set shares = [
    ('dossiers_online_pct', 'online_submission', 'online', 'received'),
    ('dossiers_fully_online_pct', 'online_submission', 'online_full_service', 'received'),
    ('dossiers_e_result_pct', 'digitisation', 'e_result', 'received'),
    ('dossiers_digitised_pct', 'digitisation', 'digitised', 'received'),
    ('dossiers_reused_pct', 'digitisation', 'reused', 'received'),
    ('dossiers_paid_online_pct', 'online_payment', 'paid_online', 'with_obligation'),
] -%}

with as_of as (
    select
        {{ last_day_of_dossiers() }} as day,
        coalesce(bool_or(synthetic), false) as is_synthetic
    from {{ source('raw', 'files') }}
    where source in ({{ dossier_feeds() }}, 'petitions', 'procedures', 'agencies') and rows_loaded > 0
),

-- item 2.1 of QĐ 766, judged at the end of the year and not of each month, and the marts by month
by_year as (
    select
        'dossiers_on_time_pct' as indicator,
        'dossier_timeliness' as source,
        period_start,
        cast(sum(on_time) as bigint) as numerator,
        cast(sum(received) as bigint) as denominator,
        max(last_month) as last_month
    from {{ ref('int_on_time') }}
    where period_type = 'year'
    group by period_start
    {%- for indicator, mart, numerator, denominator in shares %}
        union all
        select
            '{{ indicator }}' as indicator,
            '{{ mart }}' as source,
            cast(date_trunc('year', month) as date) as period_start,
            cast(sum({{ numerator }}) as bigint) as numerator,
            cast(sum({{ denominator }}) as bigint) as denominator,
            max(month) as last_month
        from {{ ref(mart) }}
        group by date_trunc('year', month)
    {%- endfor %}
),

computed as (
    select
        indicator,
        'year' as period_type,
        period_start,
        numerator,
        denominator,
        last_month,
        source,
        period_start not in (select y.period_start from {{ ref('int_complete_years') }} as y) as is_part,
        false as is_made_up
    from by_year
    union all
    select
        'dossiers_not_late_pct' as indicator,
        period_type,
        period_start,
        not_late as numerator,
        received as denominator,
        null as last_month,
        'satisfaction' as source,
        period_type = 'year'
        and period_start not in (select y.period_start from {{ ref('int_complete_years') }} as y) as is_part,
        false as is_made_up
    from {{ ref('satisfaction') }}
    where agency_code = '{{ var("portal_code") }}'
    union all
    select
        indicator,
        period_type,
        period_start,
        recomputed_numerator as numerator,
        recomputed_denominator as denominator,
        null as last_month,
        'qd766_scores' as source,
        recomputed_denominator < 0.8 * coalesce(published_denominator, 0) as is_part,
        is_recomputed_synthetic as is_made_up
    from {{ ref('int_province_components') }}
    where indicator in ('procedures_online_pct', 'petitions_on_time_pct')
)

select
    c.indicator,
    '{{ var("province_code") }}' as area_code,
    c.period_type,
    c.period_start,
    round(100.0 * c.numerator / c.denominator, 2) as value,
    c.numerator,
    c.denominator,
    if(c.is_part, 'preliminary', null) as obs_status,
    if(c.is_part, 'computed_in_part', 'computed') as basis,
    c.source,
    if(a.is_synthetic or c.is_made_up, {{ sample_document() }}, null) as document,
    if(a.is_synthetic or c.is_made_up, null, 'A') as grade,
    a.day as vintage_on,
    c.last_month
from computed as c
cross join as_of as a
where c.denominator > 0
