/* Every day with its number among the working days. */
MODEL (
  name staging.working_days,
  kind FULL,
  grain day
);

WITH days AS (
  SELECT
    CAST(UNNEST(GENERATE_SERIES(CAST('2015-01-01' AS DATE), CAST('2035-12-31' AS DATE), INTERVAL '1' DAY)) AS DATE) AS day
)
SELECT
  day,
  ISODOW(day) < 6 AND h.holiday_date IS NULL AS is_working,
  COUNT(*) FILTER(WHERE ISODOW(day) < 6 AND h.holiday_date IS NULL) OVER (ORDER BY day) AS number
FROM days
LEFT JOIN registry.public_holidays AS h
  ON days.day = h.holiday_date;
