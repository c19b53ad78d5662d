-- Cells as OpenCelliD knows them, one row a cell and quarter in which a file told of it; differences never delete.
select
    version,
    extracted_on,
    cast(date_trunc('quarter', extracted_on) as date) as quarter,
    operator,
    technology,
    radio,
    net,
    area,
    cell,
    lon,
    lat,
    range_m,
    samples
from {{ source('raw', 'opencellid_cells') }}
qualify
    row_number() over (
        partition by radio, net, area, cell, date_trunc('quarter', extracted_on) order by version desc
    ) = 1
