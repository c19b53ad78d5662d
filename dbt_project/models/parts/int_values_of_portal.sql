-- Shares of the province that the National Public Service Portal published with their counts.
select
    indicator,
    '{{ var("province_code") }}' as area_code,
    period_type,
    period_start,
    round(100.0 * published_numerator / published_denominator, 2) as value,
    published_numerator as numerator,
    published_denominator as denominator,
    'published' as basis,
    'Cổng Dịch vụ công quốc gia' as source,
    grade,
    published_on as vintage_on
from {{ ref('int_province_components') }}
where published_denominator > 0
