-- What the code of a commune, a district, a province or the nation was called on a day: one row per code and name,
-- so that a join on both finds at most one. A code has its first name also before its row begins, since most units
-- are older than their rows. After a unit has ended its code has no name: a figure that bears it is about nothing.
{{ config(materialized='table') }}

with units as (
    select
        area_code,
        valid_from,
        valid_to,
        kind || ' ' || name as area_name
    from {{ ref('areas') }}
    -- the list of provinces knows their previous names too
    where level <> 'province' or area_code not in (select area_code from {{ ref('provinces') }})
    union all
    select
        area_code,
        valid_from,
        valid_to,
        concat_ws(' ', kind, name) as area_name
    from {{ ref('provinces') }}
)

select
    area_code,
    if(row_number() over lives = 1, date '0001-01-01', valid_from) as valid_from,
    coalesce(valid_to, lead(valid_from) over lives - 1, date '9999-12-31') as valid_to,
    area_name
from units
window lives as (partition by area_code order by valid_from)
