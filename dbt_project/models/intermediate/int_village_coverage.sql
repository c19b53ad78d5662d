-- What each operator says of a village and technology as of the end of a quarter, by its newest report: true, false, or
-- null where it is unknown. One row for every quarter in which anybody reported, so that who reports first in a quarter
-- does not make the others silent; a report stands for a year at most.
-- A village is known by its name within the commune that the report names, as that was on the report's day. A name that
-- stands twice there names two villages, or one twice over: both are unknown.
{{ config(materialized='table') }}

with quarters as (
    select
        quarter,
        cast(quarter + interval 3 month - interval 1 day as date) as last_day
    from {{ ref('stg_village_coverage') }}
    group by quarter
),

placed as (
    select
        v.*,
        f.rows_quarantined > 0 as has_lost_rows,
        case
            when w.area_code is null then 'unknown'
            else coalesce({{ stated_commune_today() }}, 'unknown part of ' || w.area_code)
        end as area_code,
        w.area_code as reported_area_code,
        coalesce(w.area_name, concat_ws(' ', v.commune_code, v.commune_name)) as reported_area_name,
        w.valid_from as reported_unit_since
    from {{ ref('stg_village_coverage') }} as v
    inner join {{ source('raw', 'files') }} as f on v.file_no = f.file_no
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.extracted_on') }}
),

-- "Hạ Vàng" is "Thôn Hạ Vàng" where the commune has no other village of that name
keyed as (
    select
        * exclude (village_kind, village_key),
        concat_ws(
            ' ',
            coalesce(
                village_kind,
                case
                    when
                        min(village_kind) over (partition by area_code, reported_area_name, village_key)
                        = max(village_kind) over (partition by area_code, reported_area_name, village_key)
                        then min(village_kind) over (partition by area_code, reported_area_name, village_key)
                end
            ),
            village_key
        ) as village_key
    from placed
),

-- the operator's newest report on the commune counts, whole: what it names no more is gone
standing as (
    select
        k.* exclude (quarter),
        k.quarter as told_in,
        q.quarter
    from quarters as q
    inner join keyed as k on q.last_day >= k.extracted_on and q.last_day < k.extracted_on + interval 1 year
    qualify
        k.extracted_on
        = max(k.extracted_on) over (partition by q.quarter, k.operator, k.area_code, k.reported_area_name)
),

-- once a commune of today is reported on under its own code or name, what was said of its predecessors gives way: the
-- same places, under whatever names. A part of a split one, and what lies nowhere, stand for the operator's last word.
current as (
    select
        *,
        count(*) over (partition by quarter, operator, area_code, reported_area_name, village_key, file_no) > 1
            as is_ambiguous
    from standing
    qualify
        reported_unit_since is not distinct from max(reported_unit_since) over (partition by quarter, area_code)
        and (
            not starts_with(area_code, 'unknown')
            or told_in = max(told_in) over (partition by quarter, operator)
        )
        and row_number() over (
            partition by quarter, operator, area_code, reported_area_name, village_key order by version desc
        ) = 1
),

told as (
    select
        *,
        unnest([
            { technology: '2G', is_covered: has_2g },
            { technology: '3G', is_covered: has_3g },
            { technology: '4G', is_covered: has_4g },
            { technology: '5G', is_covered: has_5g },
            { technology: 'fibre', is_covered: has_fibre },
            -- any generation; without signal only where all four are denied
            { technology: 'mobile', is_covered: has_2g or has_3g or has_4g or has_5g }
        ]) as told
    from current
)

select
    quarter,
    extracted_on as reported_on,
    operator,
    area_code,
    reported_area_code,
    reported_area_name,
    reported_unit_since,
    village_key,
    village as village_name,
    is_ambiguous,
    has_lost_rows,
    told.technology,
    case when not is_ambiguous then told.is_covered end as is_covered
from told
