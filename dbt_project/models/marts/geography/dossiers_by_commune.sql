-- Dossiers by month of receipt and current commune: the counts of dossier_timeliness, carried over the merger of
-- 1 July 2025. What no current commune can be named for keeps rows of its own: months sum to what was received.
{{ config(materialized='table') }}

{%- set outcomes = ['early', 'on_time', 'late', 'in_process', 'overdue'] %}

with reported as (
    select
        month,
        is_after_merger,
        commune_code,
        area_match,
        {%- for outcome in outcomes %}
            sum({{ outcome }}) as {{ outcome }},
        {%- endfor %}
        -- dossiers without a term, with an end and without: the parts of resolved and received that have no outcome
        sum(resolved - early - on_time - late) as no_term_ended,
        sum(no_term - (resolved - early - on_time - late)) as no_term_open,
        bool_or(has_samples) as has_samples
    from {{ ref('dossier_timeliness') }}
    group by month, is_after_merger, commune_code, area_match
),

-- each outcome travels for itself, so that totals and shares are computed from whole dossiers afterwards
carried as (
    select
        r.month,
        r.is_after_merger,
        case
            when r.area_match = 'not_commune' then 'not_commune'
            when w.area_code_today is null then 'unknown'
            when w.weight_method = 'unknown' then 'split'
            else 'exact'
        end as area_match,
        r.commune_code,
        w.valid_from,
        w.area_code_today,
        w.area_name_today,
        case when w.weight_method in ('population', 'area') then w.weight_method end as estimate_method,
        r.has_samples,
    {%- for outcome in outcomes + ['no_term_ended', 'no_term_open'] %}
        {{ carried_count('r.' ~ outcome) }} as {{ outcome }}{{ ',' if not loop.last }}
    {%- endfor %}
    from reported as r
    {{ join_area_weights('r.commune_code', 'r.month') }}
),

counted as (
    select
        month,
        is_after_merger,
        coalesce(area_code_today, area_match) as area_code,
        area_match,
        case
            when area_code_today is not null then area_name_today
            when area_match = 'not_commune' then 'Cơ quan cấp tỉnh, cấp huyện'
            else 'Không rõ đơn vị'
        end as area_name,
        {%- for outcome in outcomes %}
            cast(sum({{ outcome }}) as bigint) as {{ outcome }},
        {%- endfor %}
        cast(sum(no_term_ended) as bigint) as no_term_ended,
        cast(sum(no_term_open) as bigint) as no_term_open,
        cast(sum(
            case
                when estimate_method is null then 0
                else {{ outcomes | join(' + ') }} + no_term_ended + no_term_open
            end
        ) as bigint) as estimated_received,
        coalesce(string_agg(distinct estimate_method, ', ' order by estimate_method), 'none') as estimate_method,
        bool_or(has_samples) as has_samples
    from carried
    group by month, is_after_merger, area_code_today, area_match, area_name_today
),

-- current communes that took a part of a unit whose dossiers of the month stand in the row of its unknown part
incomplete as (
    select distinct
        c.month,
        x.new_code as area_code
    from carried as c
    inner join {{ ref('area_crosswalk') }} as x on c.commune_code = x.old_code and c.valid_from = x.old_valid_from
    where c.area_match = 'split'
),

summed as (
    select
        *,
        {{ outcomes | join(' + ') }} + no_term_ended + no_term_open as received,
        early + on_time + late + no_term_ended as resolved,
        no_term_ended + no_term_open as no_term
    from counted
)

select
    s.month,
    s.area_code,
    area_name,
    if(i.area_code is not null, 'incomplete', area_match) as area_match,
    is_after_merger,
    received,
    resolved,
    early,
    on_time,
    late,
    in_process,
    overdue,
    no_term,
    round(100.0 * (early + on_time + in_process) / received, 2) as on_time_pct,
    estimated_received,
    estimate_method,
    {{ status_of_period(
        "'month'", 's.month', last_day_of_dossiers(), "if(estimated_received > 0, 'estimated', 'observed')"
    ) }} as obs_status,
    has_samples
from summed as s
left join incomplete as i on s.month = i.month and s.area_code = i.area_code
where received > 0
