/* Timeliness of dossiers by month, agency and field. */
MODEL (
  name marts.dossier_timeliness,
  kind FULL,
  grain (month, agency_code, procedure_field_code),
  audits (
    not_null(columns := (month, agency_code, procedure_field_code, received)),
    unique_combination_of_columns(columns := (month, agency_code, procedure_field_code)),
    accepted_range(column := on_time_pct, min_v := 0, max_v := 100)
  )
);

SELECT
  month,
  agency_code,
  agency_name,
  agency_level,
  commune_code,
  commune_name,
  commune_code_today,
  commune_name_today,
  area_match,
  field_code AS procedure_field_code,
  field_name AS procedure_field_name,
  is_after_merger,
  received,
  resolved,
  early,
  on_time,
  late,
  in_process,
  overdue,
  no_term,
  ROUND(100.0 * (early + on_time + in_process) / received, 2) AS on_time_pct,
  CASE WHEN resolved >= @min_cell_count THEN ROUND(mean_days, 2) END AS mean_days,
  CASE WHEN resolved >= @min_cell_count THEN ROUND(median_days, 2) END AS median_days,
  CASE
    WHEN resolved = 0 THEN 'missing'
    WHEN resolved >= @min_cell_count THEN 'observed'
    ELSE 'suppressed'
  END AS days_status
FROM staging.named_cells;
