/* The counts of both marts by month, agency and field. */
MODEL (
  name staging.cells,
  kind FULL,
  grain (month, agency_code, field_code)
);

WITH terms AS (
  SELECT
    d.*,
    CAST(DATE_TRUNC('month', d.received_at) AS DATE) AS month,
    REGEXP_EXTRACT(d.dossier, '^(.+)-[0-9]+-[0-9]+$', 1) AS agency_code,
    COALESCE(p.field_code, d.field_code) AS counted_field,
    p.service_level,
    COALESCE(p.requires_paper_result, FALSE) AS requires_paper_result,
    LEN(d.supplements) AS asked_times,
    COALESCE(
      LIST_SUM(LIST_TRANSFORM(d.supplements, s -> GREATEST(0, DATE_DIFF('second', s.asked, s.answered)))), 0
    )::BIGINT AS waited_seconds,
    COALESCE(
      d.due_at,
      CASE p.statutory_unit
        WHEN 'hour' THEN d.received_at + TO_HOURS(p.statutory_days)
        WHEN 'day' THEN DATE_TRUNC('DAY', d.received_at) + TO_DAYS(p.statutory_days) + INTERVAL '86399' SECOND
        WHEN 'working_day' THEN n.day + INTERVAL '86399' SECOND
      END
    ) AS term_at
  FROM staging.dossiers AS d
  LEFT JOIN registry.procedures AS p
    ON d.procedure_code = p.procedure_code
  LEFT JOIN staging.working_days AS w
    ON d.received_at::DATE = w.day AND d.due_at IS NULL AND p.statutory_unit = 'working_day'
  LEFT JOIN staging.working_days AS n
    ON w.number + p.statutory_days = n.number AND n.is_working
), judged AS (
  SELECT
    *,
    NOT ended_at IS NULL AS is_resolved,
    CASE
      WHEN NOT ended_at IS NULL
      THEN GREATEST(0, DATE_DIFF('second', received_at, ended_at) - waited_seconds)
    END AS seconds,
    COALESCE(
      ended_at,
      LEAST(
        CASE WHEN asked_times = 1 AND supplements[1].answered IS NULL THEN supplements[1].asked END,
        LEAST(LAST_DAY(month), (SELECT MAX(day) FROM staging.dossiers)) + INTERVAL '86399' SECOND
      )
    ) - TO_SECONDS(waited_seconds) AS end_at
  FROM terms
), outcomes AS (
  SELECT
    *,
    asked_times > 1 OR end_at > term_at AS is_late
  FROM judged
)
SELECT
  month,
  agency_code,
  counted_field AS field_code,
  COUNT(*) AS received,
  COUNT(ended_at) AS resolved,
  COUNT(*) FILTER(WHERE is_resolved AND NOT is_late AND end_at::DATE < term_at::DATE) AS early,
  COUNT(*) FILTER(WHERE is_resolved AND NOT is_late AND end_at::DATE = term_at::DATE) AS on_time,
  COUNT(*) FILTER(WHERE is_resolved AND is_late) AS late,
  COUNT(*) FILTER(WHERE NOT is_resolved AND NOT is_late) AS in_process,
  COUNT(*) FILTER(WHERE NOT is_resolved AND is_late) AS overdue,
  COUNT(*) FILTER(WHERE asked_times <= 1 AND term_at IS NULL) AS no_term,
  SUM(seconds) / (86400.0 * COUNT(seconds)) AS mean_days,
  MEDIAN(seconds) / 86400.0 AS median_days,
  COUNT(*) FILTER(WHERE channel = '2') AS online,
  COUNT(*) FILTER(WHERE COALESCE(channel, '') IN ('', '1')) AS in_person,
  COUNT(*) FILTER(WHERE channel = '3') AS by_post,
  COUNT(*) FILTER(WHERE service_level = '4') AS full_service,
  COUNT(*) FILTER(WHERE service_level = '3') AS partial_service,
  COUNT(*) FILTER(WHERE channel = '2' AND service_level = '4') AS online_full_service,
  COUNT(*) FILTER(WHERE channel = '2' AND service_level = '3') AS online_partial_service,
  COUNT(*) FILTER(WHERE channel = '2' AND (has_e_result OR NOT requires_paper_result)) AS online_with_e_result
FROM outcomes
GROUP BY month, agency_code, counted_field;
