-- Values that two pillars derive from published figures. Their published ones are in statistics, each with its source.

{% for mart in ['digital_economy', 'digital_society'] %}
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        obs_status,
        'estimated' as basis,
        '{{ mart }}' as source,
        if(has_samples, {{ sample_document() }}, note) as document,
        grade,
        vintage_on
    from {{ ref(mart) }}
    where basis <> 'published' and value is not null
    {{ 'union all by name' if not loop.last }}
{% endfor %}
