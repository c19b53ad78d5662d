-- Codes that dossiers are recorded with.
select 'channel' as list, channel_code as code, name_vi as title_vi, name_en as title_en from seed_channels
union all
select 'applicant_type', applicant_type_code, name_vi, name_en from seed_applicant_types
union all
select 'dossier_status', status_code, name_vi, name_en from seed_dossier_statuses
union all
select 'pillar', pillar, title_vi, title_en from seed_pillars
