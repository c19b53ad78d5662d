-- Cells as OpenCelliD knew them at the end of each quarter in which a file came: those of the newest full file until
-- then, with later differences applied. A full file replaces all before it: a cell that it lacks is gone. Differences
-- only add and change, so without a full file nobody knows of how many cells they are some.
with rows_told as (
    select
        *,
        cast(date_trunc('quarter', extracted_on) as date) as told_in
    from {{ source('raw', 'opencellid_cells') }}
),

full_files as (
    select
        told_in,
        extracted_on,
        min(version) as first_version
    from rows_told
    where is_full_file
    group by told_in, extracted_on, file_no
),

quarters as (
    select
        q.told_in as quarter,
        max(f.extracted_on) as full_file_on,
        coalesce(max(f.first_version), 0) as first_version
    from (select distinct told_in from rows_told) as q
    left join full_files as f on q.told_in >= f.told_in
    group by q.told_in
)

select
    c.version,
    c.extracted_on,
    q.quarter,
    q.full_file_on,
    c.operator,
    c.technology,
    c.radio,
    c.net,
    c.area,
    c.cell,
    c.lon,
    c.lat,
    c.range_m,
    c.samples,
    {{ is_of_sample('c.version') }} as has_samples
from quarters as q
inner join rows_told as c on q.quarter >= c.told_in and q.first_version <= c.version
qualify row_number() over (partition by q.quarter, c.radio, c.net, c.area, c.cell order by c.version desc) = 1
