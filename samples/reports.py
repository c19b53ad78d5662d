"""Sample workbooks of reported indicators, written by the very writer of the templates, filled with made-up figures.

    python -m samples.reports data/drop/reported_indicators

They show what reports look like in a run: figures in time, late, corrected, estimated, not applicable, missing, and one
cell that is refused. Only indicators are filled of which no figure of Hà Tĩnh is published, so that nothing made up can
replace a real figure.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from pipelines.reporting.forms import Form, FormRow, form
from pipelines.reporting.registry import load_registry, parse_period
from pipelines.reporting.workbook import Answer, workbook_bytes
from pipelines.settings import PROJECT_ROOT

SEED = 2026
NOTE = "Số liệu mẫu, không có thật"


@dataclass(frozen=True)
class _Report:
    """One workbook: what it asks, the day it is sent, and which rows are filled."""

    wanted: str
    period: str
    agency: str | None
    sent_on: date
    filled: range


# single indicators, so that one added to a pillar leaves these files as they are
REPORTS = (
    _Report("work_files_online_pct", "2026-Q2", None, date(2026, 7, 13), range(0, 66)),
    _Report("work_files_online_pct", "2026-Q3", None, date(2026, 10, 12), range(0, 60)),
    _Report("work_files_online_pct", "2026-Q3", None, date(2026, 10, 19), range(55, 67)),  # some corrected, some late
    _Report("digital_signature_officials_pct", "2026-Q3", None, date(2026, 10, 14), range(0, 68)),
    _Report("digital_skills_trained_pct", "2026-H1", None, date(2026, 7, 17), range(0, 61)),
    _Report("online_meetings", "2026-Q3", "H27.1", date(2026, 10, 9), range(0, 1)),
    _Report("smart_city_services", "2026-Q3", "H27.4", date(2026, 10, 9), range(0, 1)),
    _Report("leased_platforms", "2026-H1", "H27.4", date(2026, 7, 22), range(0, 1)),
)
_PROVINCE_REPORTER = "H27.1"
_COUNTS = {"online_meetings": (40, 160), "smart_city_services": (6, 14), "leased_platforms": (8, 20)}


def write_reports(out: Path, seeds: Path, *, seed: int = SEED) -> list[Path]:
    """Write the sample workbooks into a folder. The same seed gives the same bytes."""
    registry = load_registry(seeds)
    random = np.random.default_rng(seed)
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for report in REPORTS:
        asked = form(
            registry,
            report.wanted,
            parse_period(report.period),
            agency=report.agency,
            province_code="42",
            province_name="Hà Tĩnh",
        )
        path = out / f"sample-{asked.name}_{report.sent_on}.xlsx"
        answers = dict(_answers(asked, report, random))
        made_on = asked.period.last + timedelta(days=1)
        path.write_bytes(workbook_bytes(asked, made_on=made_on, send_to=NOTE, answers=answers))
        paths.append(path)
    return paths


def _answers(asked: Form, report: _Report, random: np.random.Generator) -> Iterator[tuple[tuple[str, str], Answer]]:
    for number, row in enumerate(asked.rows):
        value = _value(row, random)
        if number not in report.filled:
            continue
        status, note = "Thực hiện", NOTE
        if number % 23 == 11:
            status = "Ước thực hiện"
        if row.indicator.code == "digital_signature_officials_pct" and number % 61 == 7:
            yield (row.indicator.code, row.area_code), Answer(status="Không áp dụng", note=NOTE)
            continue
        if report is REPORTS[0] and number == 40:
            value = round(value / 100, 3)  # typed as a fraction, as happens; refused and sent back
        reporter = _PROVINCE_REPORTER if row.agency is None else None
        yield (row.indicator.code, row.area_code), Answer(value, status, note, reporter)


def _value(row: FormRow, random: np.random.Generator) -> float:
    if row.indicator.code in _COUNTS:
        return float(random.integers(*_COUNTS[row.indicator.code]))
    return round(float(random.beta(9, 3)) * 100, 1)


if __name__ == "__main__":
    for written in write_reports(Path(sys.argv[1]), PROJECT_ROOT / "dbt_project" / "seeds"):
        print(written)
