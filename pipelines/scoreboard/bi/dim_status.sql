-- The statuses of a row, with their codes in SDMX.
select
    obs_status, sdmx_obs_status, sdmx_conf_status, cast(position as integer) as position, title_vi, title_en, description
from seed_obs_statuses
