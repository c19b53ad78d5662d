-- Figures that agencies reported: the active report, who gave it and whether in time; and those that were due and
-- have not come, from the first period on that anybody reported of an indicator.
{{ config(materialized='table') }}

with today as (
    -- the last day that any file covers: the platform's today, the same whenever it is computed
    select max(extracted_on) as day
    from {{ source('raw', 'files') }}
),

answered as (
    select
        r.*,
        q.unit,
        q.due_on
    from {{ ref('int_reports') }} as r
    left join {{ ref('int_due_reports') }} as q
        on r.indicator = q.indicator and r.area_code = q.area_code and r.period_start = q.period_start
),

unanswered as (
    select q.*
    from {{ ref('int_due_reports') }} as q
    cross join today as t
    anti join {{ ref('stg_reported_indicators') }} as r
        on q.indicator = r.indicator and q.area_code = r.area_code and q.period_start = r.period_start
    where q.due_on < t.day
),

every as (
    select
        *,
        true as is_answered
    from answered
    union all by name
    select
        *,
        false as is_answered
    from unanswered
)

select
    e.indicator,
    e.area_code,
    n.area_name,
    e.agency_code,
    e.agency_name,
    e.period_type,
    e.period_start,
    e.value,
    e.unit,
    coalesce(e.obs_status, 'missing') as obs_status,
    case
        when not e.is_answered then 'not_available'
        when e.value_status = 'not_applicable' then 'not_applicable'
    end as missing_kind,
    case
        when not e.is_answered then 'missing'
        when e.first_reported_on > e.due_on then 'late'
        else 'received'
    end as report_status,
    e.due_on,
    e.reported_on,
    e.grade,
    e.note,
    coalesce(e.is_synthetic, false) as has_samples
from every as e
{{ join_area_title('e.area_code', 'e.period_type', 'e.period_start') }}
