-- One row per version of a procedure, as loaded from a form of the catalogue; what the form does not hold is null.
select
    version,
    load_no,
    extracted_on,
    procedure_code,
    procedure_name,
    field_code,
    field_name,
    -- the level that resolves it, where the catalogue names one of the current two
    case
        when list_has_any(keys, ['commune']) and not list_has_any(keys, ['province']) then 'commune'
        when list_has_any(keys, ['province']) and not list_has_any(keys, ['commune']) then 'province'
    end as level,
    service_level,
    statutory_time,
    statutory_unit,
    has_fee,
    requires_paper_result,
    subject,
    state,
    publisher_code
from (
    select
        *,
        list_transform(
            levels,
            lambda l: case when lower(l) like '%xã%' then 'commune' when lower(l) like '%tỉnh%' then 'province' end
        ) as keys
    from {{ source('raw', 'procedures') }}
)
