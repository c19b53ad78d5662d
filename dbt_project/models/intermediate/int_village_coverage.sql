-- What an operator said last in a quarter of a village and technology: true, false, or null where it is unknown.
-- A name that stands twice in a commune's report names two villages, or one twice over: both are unknown.
{{ config(materialized='table') }}

with placed as (
    select
        v.*,
        coalesce(c.area_code, n.area_code) as area_code
    from {{ ref('stg_village_coverage') }} as v
    left join {{ ref('areas') }} as c
        on v.commune_code = c.area_code and c.level = 'commune' and c.valid_to is null
    {{ join_area_names('v.commune_name', 'v.extracted_on') }}
),

reported as (
    select
        *,
        count(*) over (partition by operator, area_code, village_key, file_no) > 1 as is_ambiguous
    from placed
    where area_code is not null
    -- the operator's newest report on the commune in the quarter counts, whole: what it names no more is gone
    qualify
        extracted_on = max(extracted_on) over (partition by operator, area_code, quarter)
        and row_number() over (partition by operator, area_code, village_key, quarter order by version desc) = 1
),

told as (
    select
        quarter,
        extracted_on,
        operator,
        area_code,
        village_key,
        village,
        is_ambiguous,
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
    village_key,
    village as village_name,
    is_ambiguous,
    told.technology,
    case when not is_ambiguous then told.is_covered end as is_covered
from told
