-- Every procedure known: as in landed catalogues, else as the seed has it. Forms of the catalogue differ in what
-- they hold, so of each column the latest value that is not empty counts; the seed fills what no catalogue has.
{{ config(materialized='table') }}

with landed as (
    select
        procedure_code,
        max(load_no) as load_no,
        arg_max(procedure_name, version) as name_vi,
        arg_max(field_code, version) as field_code,
        arg_max(level, version) as level,
        arg_max(service_level, version) as service_level,
        -- a number and its unit stay together
        arg_max(struct_pack(n := statutory_time, unit := statutory_unit), version)
        filter (where statutory_time is not null) as term,
        arg_max(has_fee, version) as has_fee,
        arg_max(requires_paper_result, version) as requires_paper_result,
        arg_max(subject, version) as subject
    from {{ ref('stg_procedures') }}
    group by procedure_code
),

seeded as (
    select * from {{ ref('procedures') }}
)

select
    coalesce(l.procedure_code, s.procedure_code) as procedure_code,
    coalesce(l.name_vi, s.name_vi) as name_vi,
    coalesce(l.field_code, s.field_code) as field_code,
    coalesce(l.level, s.level) as level,
    coalesce(l.service_level, s.service_level) as service_level,
    coalesce(l.term.n, s.statutory_days) as statutory_days,
    coalesce(l.term.unit, s.statutory_unit) as statutory_unit,
    coalesce(l.has_fee, s.has_fee) as has_fee,
    coalesce(l.requires_paper_result, s.requires_paper_result) as requires_paper_result,
    coalesce(l.subject, s.subject) as subject,
    case when l.procedure_code is not null then 'official' else s.basis end as basis,
    coalesce(l.load_no, 0) as load_no
from seeded as s
full outer join landed as l on s.procedure_code = l.procedure_code
