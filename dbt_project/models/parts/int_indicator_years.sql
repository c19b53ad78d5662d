-- What stands for an indicator in an area, by year: its own value, else that of the first substitute with one there.

-- one value per year: that of the year itself, else of its last shorter period
with yearly as (
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
        cast(null as varchar) as bound,
        cast(null as varchar) as difference_vi,
        cast(null as varchar) as difference_en
    from {{ ref('indicators') }}
    union all
    select
        indicator as target_indicator,
        substitute as value_indicator,
        position,
        relation,
        bound,
        difference_vi,
        difference_en
    from {{ ref('indicator_substitutes') }}
)

select
    c.*,
    y.*
from candidates as c
inner join yearly as y on c.value_indicator = y.indicator
-- an indicator with nothing but samples comes after every other
qualify
    dense_rank() over (
        partition by c.target_indicator, y.area_code order by y.is_only_samples asc, c.position asc
    ) = 1
