-- Every figure of statistics that reached the platform, from every way in, one row a figure as it came.
select
    indicator,
    area_code,
    period_type,
    period_start,
    value,
    unit,
    obs_status,
    if(value is null, 'unknown', null) as missing_kind,
    published_on as vintage_on,
    source,
    document,
    grade,
    note,
    cast(0 as bigint) as version
from {{ ref('published_figures') }}
union all by name
select * exclude (load_no) from {{ ref('stg_published_tables') }}
union all by name
select * from {{ ref('int_fetched_statistics') }}
