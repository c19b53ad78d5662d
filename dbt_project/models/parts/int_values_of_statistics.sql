-- Values that others published: the newest vintage of each source. One that was derived is an estimate.
select
    indicator,
    area_code,
    period_type,
    period_start,
    value,
    qualifier,
    obs_status,
    if(obs_status = 'estimated', 'estimated', 'published') as basis,
    source,
    document,
    grade,
    vintage_on
from {{ ref('statistics') }}
where is_latest
