"""Who reported what, when, and what is missing; and the workbooks that go back, marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipelines.language import current, day_format, tr
from pipelines.periods import Period, label_sql
from pipelines.release.reader import ReleaseReader, Row
from pipelines.reporting.check import Sent, check_all
from pipelines.reporting.marked import marked_copy
from pipelines.reporting.registry import Indicator, ReportingError
from pipelines.sources.reported_indicators import SOURCE

if TYPE_CHECKING:
    from pipelines.landing.store import Landing

Lines = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]
"""Headings, and rows of text."""

_CHOSEN = f"""
    from {SOURCE.name}
    where
        ($type is null or (period_type = $type and period_start = $first))
        and ($agency is null or agency_code = $agency)
"""
_PERIOD = label_sql("period_type", "period_start")
_COUNTS = f"""
    with counts as (
        select indicator, period_start, {_PERIOD} as period, any_value(due_on) as due_on,
            count(*) filter (report_status = 'received') as received, count(*) filter (report_status = 'late') as late,
            count(*) filter (report_status = 'missing') as missing,
            list(agency_code order by agency_code) filter (report_status = 'missing') as missing_of,
            list(coalesce(agency_name, agency_code) order by agency_code) filter (report_status = 'missing') as names
        {_CHOSEN} group by indicator, period_type, period_start
    )
"""
COUNTED = f"{_COUNTS} select * exclude (period_start, names) from counts order by period_start desc, indicator"
SUMMARY = f"""
    {_COUNTS}
    select indicator, period, strftime(due_on, $days), received::varchar, late::varchar, missing::varchar,
        coalesce(array_to_string(names[:3], ', '), '') || if(missing > 3, ', …', '')
    from counts order by period_start desc, indicator
"""
EACH = f"""
    select indicator, {_PERIOD}, strftime(due_on, $days),
        coalesce(agency_name, agency_code) || ' (' || area_code || ')',
        coalesce(
            replace(printf('%.15g', value), '.', $mark) || ' ' || unit,
            if(missing_kind = 'not_applicable', $not_applicable, '–')
        ),
        concat_ws(
            ' ',
            case report_status when 'received' then $received when 'late' then $late else $missing end,
            strftime(reported_on, $days)
        )
    {_CHOSEN} order by period_start desc, indicator, report_status = 'missing' desc, agency_code
"""


PREVIOUS = f"""
    select indicator, area_code, printf('%.15g', value) as figure, {_PERIOD} as period
    from {SOURCE.name}
    where period_type = $type and period_start < $first and value is not null
    qualify row_number() over (partition by indicator, area_code order by period_start desc, reported_on desc) = 1
"""


def previous_values(release: Path, period: Period) -> dict[tuple[str, str], str]:
    """By (indicator, area_code) the newest figure before a period, as a form prints it: `79,9 (2026-Q2)`."""
    reader = ReleaseReader(release)
    if SOURCE.name not in reader.tables:
        return {}
    rows = reader.query(PREVIOUS, {"type": period.type, "first": period.first})
    return {
        (row["indicator"], row["area_code"]): f"{row['figure'].replace('.', ',')} ({row['period']})" for row in rows
    }


STATED = f"""
    select indicator, {_PERIOD} as period, due_on, agency_code, agency_name, area_code, value, unit, missing_kind,
        report_status, reported_on
    {_CHOSEN} order by period_start desc, indicator, agency_code
"""


def facts(release: Path, period: Period | None, agency: str | None, *, each: bool) -> list[Row]:
    """The same as records, for programs: a record per indicator and period, or per figure.

    Raises:
        ReportingError: the release has no reported figures.
    """
    return _query(release, STATED if each else COUNTED, period, agency)


def summary(release: Path, period: Period | None, agency: str | None) -> Lines:
    """A line per indicator and period: how many reports came in time, late, not at all, and whose are missing.

    Raises:
        ReportingError: the release has no reported figures.
    """
    headings = (
        *(tr("Indicator"), tr("Period"), tr("Due"), tr("In time"), tr("Late"), tr("Missing")),
        tr("Missing are those of"),
    )
    return headings, _rows(release, SUMMARY, period, agency, {"days": day_format()})


def each_report(release: Path, period: Period | None, agency: str | None) -> Lines:
    """A line per figure: value, status, due day and day of the report; missing ones first.

    Raises:
        ReportingError: the release has no reported figures.
    """
    headings = (tr("Indicator"), tr("Period"), tr("Due"), tr("Agency (area)"), tr("Figure"), tr("Status"))
    said = {
        "days": day_format(),
        "mark": "," if current() == "vi" else ".",
        "not_applicable": tr("not applicable"),
        "received": tr("in time"),
        "late": tr("late"),
        "missing": tr("missing"),
    }
    return headings, _rows(release, EACH, period, agency, said)


def _rows(
    release: Path, sql: str, period: Period | None, agency: str | None, said: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in _query(release, sql, period, agency, said)]


def _query(
    release: Path, sql: str, period: Period | None, agency: str | None, said: Mapping[str, str] = MappingProxyType({})
) -> list[Row]:
    reader = ReleaseReader(release)
    if SOURCE.name not in reader.tables:
        raise ReportingError(tr("The current release has no reported figures: hatinh status shows why."))
    bound = {
        "type": period.type if period else None,
        "first": period.first if period else None,
        "agency": agency,
        **said,
    }
    return reader.query(sql, bound)


def write_returned(
    landing: Landing, folder: Path, indicators: Mapping[str, Indicator], today: date
) -> list[tuple[Path, int]]:
    """Write a marked copy of every active workbook with errors: its place, and how many rows.

    Checked again from the received bytes, as of the day they came, so that nothing needs to be loaded.
    """
    receipts = landing.active(SOURCE.name)
    sent = [Sent(landing.path_of(receipt).read_bytes(), receipt.name, receipt.extracted_on) for receipt in receipts]
    written: list[tuple[Path, int]] = []
    for receipt, workbook, checked in zip(receipts, sent, check_all(sent) if sent else (), strict=True):
        if checked.findings:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{Path(receipt.path).stem}-marked.xlsx"
            path.write_bytes(marked_copy(workbook.content, checked, indicators, today))
            written.append((path, len(checked.findings)))
    return written
