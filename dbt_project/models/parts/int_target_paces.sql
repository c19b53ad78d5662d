-- The pace of each value of a target since its base year, beside the pace that the target requires, and what other base
-- years would give. Values without a base before them have no row.
-- The method is that of Eurostat's monitoring of sustainable development; docs/methods/target_progress.md works it out.
with paced as (
    select
        *,
        {{ pace('base_value', 'value', 'years_passed') }} as actual_pace,
        if(is_base_short, {{ pace('base_value', 'target_value', 'years_allowed') }}, null) as required_pace,
        -- past the deadline: as if all that was covered had been covered by then
        {{ pace('base_value', 'value', 'if(is_over, years_allowed, least(years_passed, years_allowed))') }}
            as counted_pace,
        round(100.0 * counted_pace / required_pace, 6) as pace_ratio_pct
    from {{ ref('int_target_bases') }}
),

verdicts as (
    select
        *,
        case
            when not is_base_short or pace_ratio_pct < 0 then 'away'
            when pace_ratio_pct < 60 then 'insufficient'
            when pace_ratio_pct < 95 or is_over then 'moderate'
            else 'on_track'
        end as pace_status,
        year + case
            when pace_ratio_pct > 0 and pace_method = 'growth_rate'
                then ceil(round(ln(target_value / value) / ln(1 + actual_pace / 100), 6))
            when pace_ratio_pct > 0 then ceil(round((target_value - value) / actual_pace, 6))
        end as year_at_this_pace,
        -- beyond a lifetime there is no forecast
        if(year_at_this_pace <= 2100, cast(year_at_this_pace as integer), null) as reached_year
    from paced
),

over_bases as (
    select
        target_id,
        area_code,
        period_start,
        count(*) as bases,
        min(reached_year) as reached_year_low,
        if(count(reached_year) = count(*), max(reached_year), null) as reached_year_high,
        string_agg(base_year || ' ' || pace_status, ', ' order by base_year) as base_year_note
    from verdicts
    group by target_id, area_code, period_start
)

select
    v.*,
    if(
        v.pace_method = 'growth_rate',
        v.base_value * pow(v.target_value / v.base_value, v.years_passed / v.years_allowed),
        v.base_value + (v.target_value - v.base_value) * v.years_passed / v.years_allowed
    ) as path_value,
    o.base_year_note,
    if(o.bases < 2, null, o.reached_year_low) as reached_year_low,
    if(o.bases < 2, null, o.reached_year_high) as reached_year_high
from verdicts as v
inner join over_bases as o
    on v.target_id = o.target_id and v.area_code = o.area_code and v.period_start = o.period_start
where v.is_base
