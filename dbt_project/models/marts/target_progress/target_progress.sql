-- Each target beside the values of its indicator by year: distance, pace asked for and kept, the path, the verdict.
-- The method is that of Eurostat's monitoring of sustainable development; docs/methods/target_progress.md works it out.
{{ config(materialized='table') }}

with targets as (
    select
        t.*,
        i.valid_min,
        i.valid_max,
        i.comparable_from,
        coalesce(i.edition_years, 1) as edition_years
    from {{ ref('targets') }} as t
    left join {{ ref('indicators') }} as i on t.indicator = i.indicator
),

-- one value a year: that of the year itself, else of its last shorter period
yearly as (
    select
        *,
        cast(year(period_start) as integer) as year,
        bool_and(grade is null) over (partition by indicator, area_code) as is_only_samples
    from {{ ref('indicator_values') }}
    where is_chosen
    qualify
        row_number() over (
            partition by indicator, area_code, year(period_start)
            order by
                period_type = 'year' desc, period_start desc,
                list_position(['half', 'quarter', 'month', 'day'], period_type) asc
        ) = 1
),

candidates as (
    select
        indicator as target_indicator,
        indicator as value_indicator,
        0 as position,
        'same' as relation,
        cast(null as varchar) as difference_vi,
        cast(null as varchar) as difference_en
    from {{ ref('indicators') }}
    union all
    select
        indicator as target_indicator,
        substitute as value_indicator,
        position,
        relation,
        difference_vi,
        difference_en
    from {{ ref('indicator_substitutes') }}
),

-- what stands for an indicator in an area: itself, else the first substitute that has a value there; a sample is last
measured as (
    select
        c.*,
        y.*
    from candidates as c
    inner join yearly as y on c.value_indicator = y.indicator
    qualify
        dense_rank() over (
            partition by c.target_indicator, y.area_code order by y.is_only_samples asc, c.position asc
        ) = 1
),

as_of as (
    select cast(coalesce(year(max(extracted_on)), 0) as integer) as year
    from {{ source('raw', 'files') }}
    where rows_loaded > 0
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
    where
        level = 'national' and measured_for = 'province'
        and indicator in (select m.target_indicator from measured as m where m.area_code = 'VN')
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
        y.year + f.edition_years - 1 as held_until,
        row_number() over (partition by f.target_id, f.area_code order by y.year desc) = 1 as is_latest,
        case
            -- "about" the very value asked for: nobody knows on which side
            when y.value = f.target_value and y.qualifier = 'about' then null
            when y.value = f.target_value and y.qualifier is not null
                then (y.qualifier = 'more_than') = (f.direction = 'more')
            when y.value = f.target_value then not f.is_strict
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
    left join measured as y on f.indicator = y.target_indicator and f.area_code = y.area_code
),

judged as (
    select
        p.*,
        -- the deadline is behind the value; its year runs on while the value is preliminary, but not beyond it
        coalesce(
            p.target_year < p.year
            or (p.target_year = p.year and (p.obs_status <> 'preliminary' or (p.is_latest and p.target_year < a.year)))
            or (p.target_year between p.year + 1 and p.held_until and p.target_year < a.year),
            false
        ) as is_over,
        -- the deadline is behind us, and no value shows what was reached by then
        coalesce(p.is_latest and p.held_until < p.target_year and p.target_year < a.year, false) as is_untold,
        coalesce(p.target_year < a.year, false) as is_due
    from points as p
    cross join as_of as a
),

-- why a target has no value: a report that is late, a deadline that is past, or nothing due yet
unreported as (
    select distinct indicator
    from {{ ref('reported_indicators') }}
    where report_status = 'missing'
),

-- every year that the pace can be counted from; the base of the registry goes before the first value
bases as (
    select
        target_id,
        area_code,
        year as base_year,
        value as base_value,
        false as is_declared
    from points
    where value is not null and is_comparable and coalesce(value_grade <> 'K', true)
    union all
    select distinct
        target_id,
        area_code,
        baseline_year as base_year,
        baseline_value as base_value,
        true as is_declared
    from followed
    where baseline_value is not null
),

paired as (
    select
        j.target_id,
        j.area_code,
        j.period_start,
        j.year,
        j.value,
        j.target_value,
        j.target_year,
        j.is_over,
        b.base_year,
        b.base_value,
        j.year - b.base_year as years_gone,
        j.target_year - b.base_year as years_given,
        case j.direction when 'more' then j.target_value > b.base_value else j.target_value < b.base_value end
            as is_way_ahead,
        case
            when j.direction = 'rank' then 'rank'
            when
                j.valid_min >= 0 and j.valid_max is null
                and b.base_value > 0 and j.value > 0 and j.target_value > 0 then 'growth_rate'
            else 'linear'
        end as pace_method,
        row_number() over (
            partition by j.target_id, j.area_code, j.period_start order by b.is_declared desc, b.base_year asc
        ) = 1 as is_base
    from judged as j
    inner join bases as b on j.target_id = b.target_id and j.area_code = b.area_code and j.year > b.base_year
    -- from a base in the year of the deadline or after it no way is left to cover in time
    where j.target_value is not null and b.base_year < j.target_year
    qualify
        row_number() over (
            partition by j.target_id, j.area_code, j.period_start, b.base_year order by b.is_declared desc
        ) = 1
),

paced as (
    select
        *,
        {{ pace('base_value', 'value', 'years_gone') }} as actual_pace,
        if(is_way_ahead, {{ pace('base_value', 'target_value', 'years_given') }}, null)
            as required_pace,
        -- past the deadline: as if all that was covered had been covered by then
        {{ pace('base_value', 'value', 'if(is_over, years_given, least(years_gone, years_given))') }} as counted_pace
    from paired
),

verdicts as (
    select
        *,
        round(100.0 * counted_pace / required_pace, 6) as pace_ratio_pct,
        case
            when not is_way_ahead or pace_ratio_pct < 0 then 'away'
            when pace_ratio_pct < 60 then 'insufficient'
            when pace_ratio_pct < 95 or is_over then 'moderate'
            else 'on_track'
        end as pace_status,
        case
            when pace_ratio_pct > 0 and pace_method = 'growth_rate'
                then year + ceil(round(ln(target_value / value) / ln(1 + actual_pace / 100), 6))
            when pace_ratio_pct > 0 then year + ceil(round((target_value - value) / actual_pace, 6))
        end as reached_year
    from paced
),

-- beyond a lifetime is out of sight
in_sight as (
    select
        * exclude (reached_year),
        if(reached_year <= 2100, cast(reached_year as integer), null) as reached_year
    from verdicts
),

over_bases as (
    select
        target_id,
        area_code,
        period_start,
        count(*) as bases,
        min(reached_year) as expected_year_low,
        if(count(reached_year) = count(*), max(reached_year), null) as expected_year_high,
        string_agg(base_year || ' ' || pace_status, ', ' order by base_year) as base_year_note
    from in_sight
    group by target_id, area_code, period_start
)

select
    j.target_id,
    j.pillar,
    p.position as pillar_position,
    p.title_vi as pillar_vi,
    p.title_en as pillar_en,
    j.title_vi,
    j.title_en,
    j.indicator,
    -- targets of one mark, whoever asks for it
    concat_ws('|', j.indicator, j.measured_for, j.target_value, j.target_year) as mark_key,
    j.level,
    j.direction,
    j.unit,
    j.area_code,
    n.area_name,
    j.period_type,
    j.period_start,
    j.year,
    j.last_month,
    j.value_indicator,
    j.value,
    j.qualifier,
    j.numerator,
    j.denominator,
    j.obs_status,
    j.certainty,
    j.difference_vi,
    j.difference_en,
    j.basis,
    j.value_source,
    j.value_document,
    j.value_grade,
    j.vintage_on,
    j.is_comparable,
    coalesce(b.base_value, j.baseline_value, j.value) as baseline_value,
    coalesce(b.base_year, j.baseline_year, j.year) as baseline_year,
    j.target_value,
    j.target_year,
    j.is_strict,
    round(j.value - j.target_value, 2) as distance,
    round(case
        when j.target_value is null or j.target_year is null then null
        -- what was there from the start is to be kept
        when j.year >= j.target_year or not b.is_way_ahead or (b.base_year is null and j.is_met) then j.target_value
        when b.base_year is null then j.value
        when b.pace_method = 'growth_rate'
            then b.base_value * pow(j.target_value / b.base_value, b.years_gone / b.years_given)
        else b.base_value + (j.target_value - b.base_value) * b.years_gone / b.years_given
    end, 2) as path_value,
    round(b.required_pace, 2) as required_pace,
    round(b.actual_pace, 2) as actual_pace,
    b.pace_method,
    round(b.pace_ratio_pct, 2) as pace_ratio_pct,
    case
        when j.ended_reason_vi is not null then 'no_longer_in_force'
        when j.value is null then 'no_data'
        when j.target_value is null then 'not_assessed'
        -- what rests on general knowledge is shown, and not evaluated
        when j.value_grade = 'K' then 'not_assessed'
        -- met for good: a final figure of the same definition, of the year of the target or a later one
        when
            j.is_met and j.certainty = 'real' and j.is_comparable and coalesce(j.held_until >= j.target_year, true)
            then 'met'
        when j.is_met then 'met_provisional'
        when j.is_untold or j.is_met is null then 'not_assessed'
        when b.pace_status is not null then b.pace_status
        when j.is_over then 'insufficient'
        else 'not_assessed'
    end as status,
    case
        when j.value is not null or j.ended_reason_vi is not null then null
        when exists (select 1 from measured as m where m.target_indicator = j.indicator and m.area_code = 'VN')
            then 'only_national_value'
        when j.is_due or u.indicator is not null then 'due_and_missing'
        else 'not_due_yet'
    end as no_data_reason,
    if(j.is_met, null, b.reached_year) as expected_year,
    if(j.is_met or o.bases < 2, null, o.expected_year_low) as expected_year_low,
    if(j.is_met or o.bases < 2, null, o.expected_year_high) as expected_year_high,
    if(j.is_met, null, o.base_year_note) as base_year_note,
    j.is_latest,
    j.level = 'national' as is_national_target,
    j.responsible_agency,
    j.responsible_basis,
    j.monitoring_agency,
    j.ended_on,
    j.ended_reason_vi,
    j.ended_reason_en,
    j.document,
    j.grade,
    j.note,
    {{ is_marked_as_sample('j.value_document') }} as has_samples
from judged as j
left join in_sight as b
    on j.target_id = b.target_id and j.area_code = b.area_code and j.period_start = b.period_start and b.is_base
left join over_bases as o
    on j.target_id = o.target_id and j.area_code = o.area_code and j.period_start = o.period_start
left join unreported as u on j.indicator = u.indicator
inner join {{ ref('pillars') }} as p on j.pillar = p.pillar
{{ join_area_title('j.area_code', 'j.period_type', 'j.period_start') }}
