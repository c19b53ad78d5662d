/* Online submission by month, agency and field; the fields of an office with few dossiers in a month are one row. */
MODEL (
  name marts.online_submission,
  kind FULL,
  grain (month, agency_code, procedure_field_code),
  audits (
    not_null(columns := (month, agency_code, procedure_field_code, received)),
    unique_combination_of_columns(columns := (month, agency_code, procedure_field_code)),
    accepted_range(column := online_pct, min_v := 0, max_v := 100)
  )
);

WITH ordered AS (
  SELECT
    *,
    COALESCE(
      SUM(received) OVER (
        PARTITION BY month, agency_code
        ORDER BY received, field_code
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ),
      0
    ) AS smaller
  FROM staging.named_cells
), merged AS (
  SELECT
    *,
    received < @min_cell_count OR smaller BETWEEN 1 AND @min_cell_count - 1 AS is_small
  FROM ordered
), summed AS (
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
    CASE WHEN is_small THEN 'other' ELSE field_code END AS procedure_field_code,
    CASE WHEN is_small THEN 'Các lĩnh vực ít hồ sơ, gộp chung' ELSE field_name END AS procedure_field_name,
    is_after_merger,
    SUM(received)::BIGINT AS received,
    SUM(online)::BIGINT AS online,
    SUM(in_person)::BIGINT AS in_person,
    SUM(by_post)::BIGINT AS by_post,
    SUM(full_service)::BIGINT AS full_service,
    SUM(partial_service)::BIGINT AS partial_service,
    SUM(online_full_service)::BIGINT AS online_full_service,
    SUM(online_partial_service)::BIGINT AS online_partial_service,
    SUM(online_with_e_result)::BIGINT AS online_with_e_result
  FROM merged
  GROUP BY ALL
)
SELECT
  *,
  ROUND(100.0 * online / received, 2) AS online_pct
FROM summed;
