-- What a report says of a village, one row a record and technology. A column that is missing, or empty throughout a
-- file, tells nothing: such a file is no report on that technology.
{{ config(materialized='table') }}

with stated as (
    select
        * exclude (has_2g, has_3g, has_4g, has_5g, has_fibre),
        unnest([
            { technology: '2G', is_covered: has_2g },
            { technology: '3G', is_covered: has_3g },
            { technology: '4G', is_covered: has_4g },
            { technology: '5G', is_covered: has_5g },
            { technology: 'fibre', is_covered: has_fibre }
        ]) as stated
    from {{ ref('int_villages') }}
)

select
    * exclude (stated),
    cast(date_trunc('quarter', extracted_on) as date) as told_in,
    stated.technology,
    stated.is_covered,
    bool_or(stated.is_covered is not null) over (partition by file_no, operator, stated.technology) as is_told
from stated
