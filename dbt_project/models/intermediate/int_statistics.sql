-- Every figure of statistics that reached the platform, from every way in, one row per figure as it came. A figure out
-- of a sample has a publisher of its own and no grade: it revises nothing, and is evidence of nothing. Where the day of
-- publication is not known, vintage_on is the last day on which it can have been (vintage_precision not_after).
with every as (
    select
        indicator,
        area_code,
        period_type,
        period_start,
        value,
        qualifier,
        unit,
        obs_status,
        if(value is null, 'unknown', null) as missing_kind,
        published_on as vintage_on,
        vintage_precision,
        source,
        document,
        grade,
        note,
        cast(0 as bigint) as version
    from {{ ref('published_figures') }}
    union all by name
    select
        * exclude (load_no),
        'day' as vintage_precision
    from {{ ref('stg_published_tables') }}
    union all by name
    select * from {{ ref('int_fetched_statistics') }}
)

select
    e.* exclude (source, document, grade),
    if(f.synthetic, 'Dữ liệu mẫu – ' || e.source, e.source) as source,
    if(f.synthetic, {{ sample_document() }}, e.document) as document,
    if(f.synthetic, null, e.grade) as grade,
    coalesce(f.synthetic, false) as has_samples
from every as e
left join {{ source('raw', 'files') }} as f on {{ file_no_of('e.version') }} = f.file_no
