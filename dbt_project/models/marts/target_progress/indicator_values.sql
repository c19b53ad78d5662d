-- Every value of every indicator side by side: what the platform computes, what agencies report and what others publish.
-- Nothing overwrites anything; is_chosen marks the one of a period that the targets are measured by.
{{ config(materialized='table') }}

{#- indicator, mart by month, numerator, denominator: a year is the sum of its months #}
{% set shares = [
    ('dossiers_on_time_pct', 'dossier_timeliness', 'early + on_time + in_process', 'received'),
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
        coalesce(bool_or(synthetic) filter (where rows_loaded > 0), false) as is_synthetic
    from {{ source('raw', 'files') }}
    where source <> 'qd766_published'
),

-- origin: the marts by month
by_year as (
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

computed as (
    select
        indicator,
        'year' as period_type,
        period_start,
        numerator,
        denominator,
        last_month,
        source
    from by_year
    union all
    select
        'dossiers_not_late_pct' as indicator,
        period_type,
        period_start,
        not_late as numerator,
        received as denominator,
        null as last_month,
        'satisfaction' as source
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
        'qd766_scores' as source
    from scores
    where indicator in ('procedures_online_pct', 'petitions_on_time_pct')
),

published_by_portal as (
    select
        indicator,
        period_type,
        period_start,
        round(100.0 * published_numerator / nullif(published_denominator, 0), 2) as value,
        published_numerator as numerator,
        published_denominator as denominator,
        'qd766_scores' as source,
        grade,
        published_on
    from scores
    union all
    -- origin: the list of provinces, as last published
    (
        select
            t.indicator,
            h.period_type,
            h.period_start,
            t.value,
            null as numerator,
            null as denominator,
            'rank_history' as source,
            h.grade,
            h.published_on
        from {{ ref('rank_history') }} as h
        cross join lateral (
            values ('qd766_score_points', h.total_points), ('qd766_rank', cast(h.rank as double))
        ) as t (indicator, value)
        where h.is_own_province
        qualify row_number() over (partition by t.indicator, h.period_type, h.period_start order by h.published_on desc) = 1
    )
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
        cast(null as varchar) as obs_status,
        'computed' as basis,
        c.source,
        if(a.is_synthetic, 'Dữ liệu mẫu – synthetic', null) as document,
        if(a.is_synthetic, null, 'A') as grade,
        a.day as vintage_on,
        c.last_month
    from computed as c
    cross join as_of as a
    where c.denominator > 0
    union all
    select
        indicator,
        '{{ var("province_code") }}' as area_code,
        period_type,
        period_start,
        value,
        numerator,
        denominator,
        cast(null as varchar) as obs_status,
        'published' as basis,
        source,
        'Cổng Dịch vụ công quốc gia' as document,
        grade,
        published_on as vintage_on,
        cast(null as date) as last_month
    from published_by_portal
    where value is not null
    union all
    -- origin: figures that others published; one that was derived is an estimate
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        null as numerator,
        null as denominator,
        obs_status,
        if(obs_status = 'estimated', 'estimated', 'published') as basis,
        source,
        document,
        grade,
        vintage_on,
        null as last_month
    from {{ ref('statistics') }}
    where is_latest
    union all
    -- origin: what agencies report; a report that has not come has no value
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        null as numerator,
        null as denominator,
        obs_status,
        'reported' as basis,
        agency_name as source,
        null as document,
        grade,
        reported_on as vintage_on,
        null as last_month
    from {{ ref('reported_indicators') }}
    where report_status <> 'missing'
),

ended as (
    select
        *,
        last_day(cast(period_start + case period_type
            when 'year' then interval 11 month when 'half' then interval 5 month when 'quarter' then interval 2 month
            else interval 0 month
        end as date)) as period_end
    from gathered
)

select
    e.indicator,
    e.area_code,
    e.period_type,
    e.period_start,
    -- a value of a period that was not over when it was taken covers the part before
    coalesce(e.last_month, cast(date_trunc('month', least(e.period_end, e.vintage_on)) as date)) as last_month,
    e.value,
    i.unit,
    e.numerator,
    e.denominator,
    coalesce(e.obs_status, if(e.vintage_on < e.period_end, 'preliminary', 'observed')) as obs_status,
    e.basis,
    e.source,
    e.document,
    e.grade,
    e.vintage_on,
    e.value is not null and row_number() over (
        partition by e.indicator, e.area_code, e.period_type, e.period_start
        order by
            e.value is null, list_position(['computed', 'reported', 'published', 'estimated'], e.basis),
            e.grade, e.vintage_on desc, e.source, e.document, e.value
    ) = 1 as is_chosen
from ended as e
inner join {{ ref('indicators') }} as i on e.indicator = i.indicator
