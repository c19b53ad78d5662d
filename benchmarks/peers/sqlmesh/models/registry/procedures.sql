/* Procedures. Not a SEED model: SQLMesh reads those with pandas' types first, which makes 9.00001 of the code 9.000010. */
MODEL (
  name registry.procedures,
  kind FULL,
  grain procedure_code
);

SELECT
  procedure_code,
  field_code,
  service_level,
  statutory_days::INT AS statutory_days,
  statutory_unit,
  requires_paper_result::BOOLEAN AS requires_paper_result
FROM READ_CSV(@procedures, header = TRUE, all_varchar = TRUE);
