-- Each target beside the values of its indicator by year (one row without value where there is none): whether the value
-- reaches it, how certain that is, and whether the deadline has passed.
with as_of as (
    select cast(coalesce(year(max(extracted_on)), 0) as integer) as year
    from {{ source('raw', 'files') }}
    where rows_loaded > 0
),

targets as (
    select
        t.*,
        i.valid_min,
        i.valid_max,
        i.comparable_from,
        coalesce(i.edition_years, 1) as edition_years,
        t.indicator in (
            select n.target_indicator from {{ ref('int_indicator_years') }} as n where n.area_code = 'VN'
        ) as has_national_value
    from {{ ref('targets') }} as t
    left join {{ ref('indicators') }} as i on t.indicator = i.indicator
),

-- a national target holds for the province; the nation's own value, where one is known, is a row beside it
followed as (
    select
        *,
        if(measured_for = 'nation', 'VN', '{{ var("province_code") }}') as area_code
    from targets
    union all
    select
        *,
        'VN' as area_code
    from targets
    where level = 'national' and measured_for = 'province' and has_national_value
),

points as (
    select
        f.*,
        y.period_type,
        y.period_start,
        y.year,
        y.last_month,
        y.value_indicator,
        y.value,
        y.qualifier,
        y.numerator,
        y.denominator,
        coalesce(y.obs_status, 'missing') as obs_status,
        y.basis,
        y.source as value_source,
        y.document as value_document,
        y.grade as value_grade,
        y.vintage_on,
        y.difference_vi,
        y.difference_en,
        -- an edition of several years is the value of each of them
        y.year + f.edition_years - 1 as valid_until,
        row_number() over (partition by f.target_id, f.area_code order by y.year desc) = 1 as is_latest,
        -- a bound leaves the true value on one side of it: better than shown, or worse
        case coalesce(y.bound, y.qualifier)
            when 'lower' then f.direction = 'more'
            when 'more_than' then f.direction = 'more'
            when 'upper' then f.direction <> 'more'
            when 'less_than' then f.direction <> 'more'
        end as may_be_better,
        case
            when f.direction = 'none' then null
            -- "about" the very value asked for: nobody knows on which side
            when y.value = f.target_value and y.qualifier = 'about' then null
            when y.value = f.target_value and y.qualifier is not null
                then (y.qualifier = 'more_than') = (f.direction = 'more')
            when y.value = f.target_value then not f.is_strict
            when not may_be_better and (y.value > f.target_value) = (f.direction = 'more') then null
            else (y.value > f.target_value) = (f.direction = 'more')
        end as is_met,
        coalesce(y.year >= f.comparable_from, true) as is_comparable,
        case
            when y.value is null then null
            when y.grade is null then 'sample'
            when f.is_proxy or y.relation = 'proxy' or y.grade = 'K' then 'proxy'
            when y.obs_status <> 'observed' or y.basis in ('computed_in_part', 'estimated') then 'preliminary'
            else 'real'
        end as certainty
    from followed as f
    left join {{ ref('int_indicator_years') }} as y on f.indicator = y.target_indicator and f.area_code = y.area_code
)

select
    p.*,
    -- the deadline is behind the value; its year runs on while the value is preliminary, but not beyond it
    coalesce(
        p.target_year < p.year
        or (p.target_year = p.year and (p.obs_status <> 'preliminary' or (p.is_latest and p.target_year < a.year)))
        or (p.target_year between p.year + 1 and p.valid_until and p.target_year < a.year),
        false
    ) as is_over,
    -- the deadline has passed, and no value shows what was reached by then
    coalesce(p.is_latest and p.valid_until < p.target_year and p.target_year < a.year, false) as is_result_unknown,
    coalesce(p.target_year < a.year, false) as is_due
from points as p
cross join as_of as a
