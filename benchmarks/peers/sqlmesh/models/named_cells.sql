/* The cells with the names of agency, commune and field. */
MODEL (
  name staging.named_cells,
  kind VIEW
);

WITH successors AS (
  SELECT
    old_code,
    CASE WHEN COUNT(DISTINCT new_code) = 1 THEN MIN(new_code) END AS new_code,
    CASE WHEN COUNT(DISTINCT new_code) = 1 THEN 'exact' ELSE 'split' END AS match
  FROM registry.area_crosswalk
  GROUP BY old_code
)
SELECT
  c.*,
  COALESCE(a.name, '') AS agency_name,
  COALESCE(a.level, 'unknown') AS agency_level,
  old.area_code AS commune_code,
  old.kind || ' ' || old.name AS commune_name,
  new.area_code AS commune_code_today,
  new.kind || ' ' || new.name AS commune_name_today,
  CASE
    WHEN a.level <> 'commune' THEN 'not_commune'
    WHEN old.area_code IS NULL THEN 'unknown'
    WHEN old.valid_to IS NULL THEN 'exact'
    ELSE COALESCE(s.match, 'unknown')
  END AS area_match,
  COALESCE(f.name_vi, '') AS field_name,
  c.month >= CAST('2025-07-01' AS DATE) AS is_after_merger
FROM staging.cells AS c
LEFT JOIN registry.agencies AS a
  ON c.agency_code = a.agency_code
  AND c.month BETWEEN a.valid_from AND COALESCE(a.valid_to, CAST('9999-12-31' AS DATE))
LEFT JOIN registry.areas AS old
  ON a.area_code = old.area_code
  AND old.level = 'commune'
  AND a.valid_from BETWEEN old.valid_from AND COALESCE(old.valid_to, CAST('9999-12-31' AS DATE))
LEFT JOIN successors AS s
  ON old.area_code = s.old_code AND NOT old.valid_to IS NULL
LEFT JOIN registry.areas AS new
  ON new.area_code = CASE WHEN old.valid_to IS NULL THEN old.area_code ELSE s.new_code END
  AND new.level = 'commune'
  AND new.valid_to IS NULL
LEFT JOIN registry.procedure_fields AS f
  ON c.field_code = f.field_code;
