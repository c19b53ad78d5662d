-- Score and rank of the province in the list of the 766 index, as last published.
select
    t.indicator,
    '{{ var("province_code") }}' as area_code,
    h.period_type,
    h.period_start,
    t.value,
    'published' as basis,
    'Cổng Dịch vụ công quốc gia' as source,
    h.grade,
    h.published_on as vintage_on
from {{ ref('rank_history') }} as h
cross join
    lateral (
        values ('qd766_score_points', h.total_points), ('qd766_rank', cast(h.rank as double))
    ) as t (indicator, value)
where h.is_own_province and t.value is not null
qualify
    row_number() over (
        partition by t.indicator, h.period_type, h.period_start order by h.published_on desc
    ) = 1
