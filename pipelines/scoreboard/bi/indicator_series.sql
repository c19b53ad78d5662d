-- The value of each indicator that counts, by area and period. Values of an indicator are not added: filter one
-- indicator, one kind of period and the areas of one level.
select
    indicator, area_code, period_type, period_start, value, qualifier, unit, numerator, denominator, obs_status, basis,
    source, grade, vintage_on, has_samples
from indicator_values
where is_chosen and value is not null
