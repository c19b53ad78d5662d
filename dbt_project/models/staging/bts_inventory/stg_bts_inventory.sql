-- One row per site, operator and quarter: from the newest inventory that the operator delivered in that quarter.
-- depends_on: {{ ref('operator_headings') }}, under which the files were read
with newest as (
    select
        *,
        cast(date_trunc('quarter', extracted_on) as date) as quarter,
        {{ is_of_sample('version') }} as has_samples
    from {{ source('raw', 'bts_inventory') }}
    where {{ is_not_replaced('bts_inventory') }}
    qualify extracted_on = max(extracted_on) over (partition by operator, date_trunc('quarter', extracted_on))
)

select
    quarter,
    extracted_on,
    operator,
    site_code,
    max(version) as version,
    arg_max(file_no, version) as file_no,
    arg_max(commune_code, version) as commune_code,
    arg_max(commune_name, version) as commune_name,
    arg_max(lon, version) as lon,
    arg_max(lat, version) as lat,
    -- a site may be listed once, or once per technology
    list_sort(list_distinct(flatten(list(technologies) filter (where is_active)))) as technologies,
    -- of what is on air: a generation that is planned has a day to come
    min(on_air_date) filter (where is_active) as on_air_date,
    bool_or(is_active) as is_active,
    count(distinct concat_ws(' ', lon, lat, commune_code, commune_name)) > 1 as has_several_places,
    bool_or(has_samples) as has_samples
from newest
group by quarter, extracted_on, operator, site_code
