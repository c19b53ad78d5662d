-- One row per commune and file: its boundary in that set.
select
    b.version,
    b.area_code,
    b.area_name,
    b.rings,
    b.extracted_on,
    f.name as file_name,
    count(*) over (partition by b.area_code, b.file_no) as features
from {{ source('raw', 'boundaries') }} as b
inner join {{ source('raw', 'files') }} as f on b.file_no = f.file_no
qualify row_number() over (partition by b.area_code, b.file_no order by b.version desc) = 1
