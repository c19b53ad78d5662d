-- Every code of an agency once: of the registry, of the dossiers, of provinces in the ranking. A code that two agencies had
-- has the name of the newer one; one that no registry knows has none.
with named as (
    select agency_code, agency_name, agency_level, last_month as day from dim_agency
    union all
    select agency_code, name, level, cast(valid_from as date) from seed_agencies
    union all
    select agency_code, agency_name, 'province', period_start from rank_history
)
select
    agency_code,
    max_by(agency_name, day) filter (agency_name <> '') as agency_name,
    max_by(agency_level, day) filter (agency_level is not null) as agency_level
from named
group by agency_code
