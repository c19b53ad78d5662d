-- The registry of targets as it is.
select
    target_id, pillar, title_vi, title_en, level, measured_for, indicator, cast(is_proxy as boolean) as is_proxy, unit,
    direction, cast(target_value as double) as target_value, cast(target_year as integer) as target_year,
    cast(is_strict as boolean) as is_strict, responsible_agency, responsible_basis, monitoring_agency,
    cast(ended_on as date) as ended_on, document, grade, note
from seed_targets
