-- What an operator said last in a quarter of a village and technology: true, false, or null where it is unknown.
-- A village is known by its name within the commune that the report names, as that was on the report's day. A name that
-- stands twice there names two villages, or one twice over: both are unknown.
{{ config(materialized='table') }}

with placed as (
    select
        v.*,
        case
            when w.area_code is null then 'unknown'
            else coalesce({{ stated_commune_today() }}, 'unknown part of ' || w.area_code)
        end as area_code,
        w.area_code as reported_area_code,
        coalesce(w.area_name, concat_ws(' ', v.commune_code, v.commune_name)) as reported_area_name,
        w.valid_from as reported_unit_since
    from {{ ref('stg_village_coverage') }} as v
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.extracted_on') }}
),

reported as (
    select
        *,
        count(*) over (partition by operator, area_code, reported_area_name, village_key, file_no) > 1 as is_ambiguous
    from placed
    -- the operator's newest report on the commune in the quarter counts, whole: what it names no more is gone
    qualify
        extracted_on = max(extracted_on) over (partition by operator, area_code, reported_area_name, quarter)
        and row_number() over (
            partition by operator, area_code, reported_area_name, village_key, quarter order by version desc
        ) = 1
),

told as (
    select
        * exclude (version),
        unnest([
            { technology: '2G', is_covered: has_2g },
            { technology: '3G', is_covered: has_3g },
            { technology: '4G', is_covered: has_4g },
            { technology: '5G', is_covered: has_5g },
            { technology: 'fibre', is_covered: has_fibre },
            -- any generation; without signal only where all four are denied
            { technology: 'mobile', is_covered: has_2g or has_3g or has_4g or has_5g }
        ]) as told
    from reported
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
    told.technology,
    case when not is_ambiguous then told.is_covered end as is_covered
from told
