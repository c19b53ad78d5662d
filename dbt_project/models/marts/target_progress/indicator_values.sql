-- Every value of every indicator side by side: computed by the platform, reported by agencies, published by others.
-- Nothing overwrites anything; is_chosen marks the one of a period that the targets are measured by. A new origin is
-- one more member of `gathered`, with the columns of the others.
-- A year that rests on a part of its dossiers is no match for what the portal counted of all: it says so
-- (computed_in_part) and is chosen only where nobody published or reported the year.
{{ config(materialized='table') }}

{#- indicator, mart by month, numerator, denominator: a year is the sum of its months #}
{% set shares = [
    ('dossiers_online_pct', 'online_submission', 'online', 'received'),
    ('dossiers_fully_online_pct', 'online_submission', 'online_full_service', 'received'),
    ('dossiers_e_result_pct', 'digitisation', 'e_result', 'received'),
    ('dossiers_digitised_pct', 'digitisation', 'digitised', 'received'),
    ('dossiers_reused_pct', 'digitisation', 'reused', 'received'),
    ('dossiers_paid_online_pct', 'online_payment', 'paid_online', 'with_obligation'),
] -%}
{#- components of the 766 index by indicator; the last two have no mart by month and are taken as recomputed too #}
{% set components = {
    'DOSSIER_ON_TIME': 'dossiers_on_time_pct',
    'ONLINE_DOSSIER': 'dossiers_online_pct',
    'ORIGINAL_RESULT_AVAILABLE': 'dossiers_e_result_pct',
    'SO_HOA_GIAY_TO_GIAI_QUYET': 'dossiers_digitised_pct',
    'REUSED_DIGITIZED_DATA': 'dossiers_reused_pct',
    'PAYMENT_DOSSIER': 'dossiers_paid_online_pct',
    'DOSSIER_RECEIVING_SATISFACTION': 'dossiers_not_late_pct',
    'ONLINE_PROVISION': 'procedures_online_pct',
    'PETITION_PROCESSING_ON_TIME': 'petitions_on_time_pct',
} -%}

with as_of as (
    select
        {{ last_day_of_dossiers() }} as day,
        coalesce(bool_or(synthetic), false) as is_synthetic
    from {{ source('raw', 'files') }}
    where source in ({{ dossier_feeds() }}, 'petitions', 'procedures', 'agencies') and rows_loaded > 0
),

-- origin: item 2.1 of QĐ 766, judged at the end of the year and not of each month, and the marts by month
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
    union all
    {% for indicator, mart, numerator, denominator in shares %}
        select
            '{{ indicator }}' as indicator,
            '{{ mart }}' as source,
            cast(date_trunc('year', month) as date) as period_start,
            cast(sum({{ numerator }}) as bigint) as numerator,
            cast(sum({{ denominator }}) as bigint) as denominator,
            max(month) as last_month
        from {{ ref(mart) }}
        group by date_trunc('year', month)
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

items as (
    {% for component, indicator in components.items() %}
        select
            '{{ component }}' as item_code,
            '{{ indicator }}' as indicator
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- origin: the 766 index of the province as a whole
scores as (
    select
        s.*,
        i.indicator
    from {{ ref('qd766_scores') }} as s
    inner join items as i on s.item_code = i.item_code
    where s.agency_code = '{{ var("portal_code") }}'
),

-- years whose dossiers are all here: no month is missing from January on, and the portal counted at most a quarter more
whole_years as (
    select d.period_start
    from (
        select
            cast(date_trunc('year', month) as date) as period_start,
            count(distinct month) as months,
            max(month) as last_month,
            sum(received) as received
        from {{ ref('dossier_timeliness') }}
        group by date_trunc('year', month)
    ) as d
    left join scores as s
        on d.period_start = s.period_start and s.period_type = 'year' and s.item_code = 'DOSSIER_ON_TIME'
    where
        d.months = date_diff('month', d.period_start, d.last_month) + 1
        and d.received >= 0.8 * coalesce(s.published_denominator, 0)
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
        period_start not in (select w.period_start from whole_years as w) as is_part,
        false as is_made_up
    from by_year
    union all
    select
        'dossiers_not_late_pct' as indicator,
        period_type,
        period_start,
        not_late as numerator,
        received as denominator,
        cast(null as date) as last_month,
        'satisfaction' as source,
        period_type = 'year' and period_start not in (select w.period_start from whole_years as w) as is_part,
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
    from scores
    where indicator in ('procedures_online_pct', 'petitions_on_time_pct')
),

gathered as (
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
        if(a.is_synthetic or c.is_made_up, 'Dữ liệu mẫu – synthetic', null) as document,
        if(a.is_synthetic or c.is_made_up, null, 'A') as grade,
        a.day as vintage_on,
        c.last_month
    from computed as c
    cross join as_of as a
    where c.denominator > 0
    union all by name
    select
        indicator,
        '{{ var("province_code") }}' as area_code,
        period_type,
        period_start,
        round(100.0 * published_numerator / published_denominator, 2) as value,
        published_numerator as numerator,
        published_denominator as denominator,
        cast(null as varchar) as obs_status,
        'published' as basis,
        'Cổng Dịch vụ công quốc gia' as source,
        cast(null as varchar) as document,
        grade,
        published_on as vintage_on,
        cast(null as date) as last_month
    from scores
    where published_denominator > 0
    union all by name
    ({{ values_listed() }})
    union all by name
    {{ values_covered() }}
    union all by name
    {{ values_published() }}
    union all by name
    {{ values_derived() }}
    union all by name
    {{ values_reported() }}
)

{{ side_by_side('gathered') }}
