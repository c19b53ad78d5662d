"""Every case of the fault catalogue (`../shared/data/faults`), and the hostile files, with the outcome it must have.

The files are not part of the project; without them these tests skip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from loads import Loaded, loaded

from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources

FILES = PROJECT_ROOT.parent / "shared" / "data"
TODAY = date(2026, 11, 29)
pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="the fault catalogue (../shared/data) is not here")
Rows = list[dict[str, Any]]


def all_of(column: str, *values: Any) -> Callable[[Rows], bool]:
    """Whether the rows have these values in a column, in their order."""
    return lambda rows: [row[column] for row in rows] == [*values]


def ends_its_day(rows: Rows) -> bool:
    return all(row["due_at"].time() == time(23, 59, 59) for row in rows)


CASES: dict[str, tuple[int, dict[str, int], Callable[[Rows], bool] | None]] = {
    "01a-date-cell-of-year-9999": (1, {}, all_of("due_at", None)),
    "01d-html-open-marked-section": (1, {}, None),
    "01f-half-emoji-reported-json": (0, {"bad_text": 1}, None),
    "01g-half-emoji-procedures-json": (0, {"bad_text": 1}, None),
    "02a-quote-never-closed": (19, {"malformed_row": 1, "row_lost": 40}, None),
    "03a-due-of-year-1-dossiers": (1, {}, all_of("due_at", None)),
    "03b-due-of-year-9999-dossiers": (1, {}, all_of("due_at", None)),
    "03g-due-year-2206-dossiers": (0, {"date_out_of_range": 1}, None),
    "04a-due-day-only-dossiers": (1, {}, ends_its_day),
    "04c-due-midnight-dossiers": (1, {}, ends_its_day),
    "05a-error-cell-operator-ispeed": (1, {"formula_without_value": 1}, None),
    "06a-stamp-in-name-dossiers": (1, {}, all_of("extracted_on", date(2026, 10, 5))),
    "07-html-row-without-tr": (3, {}, None),
    "08a-quadkey-binary": (3, {}, None),
    "08c-quadkey-fixed-bytes": (3, {}, None),
    "09a-markup-in-a-wrong-value": (1, {"bad_number": 1}, None),
    "09b-markup-in-a-file-name": (1, {}, None),
    "10a-tcvn3-under-ascii-headings-villages": (1, {}, lambda rows: "Tổ dân phố" in rows[0]["village"]),
    "10b-tcvn3-under-ascii-headings-bts": (2, {}, None),
    "11a-thousands-ispeed": (0, {"ambiguous_number": 2}, None),
    "12-opencellid-reserved-ids": (1, {"out_of_range": 5, "bad_number": 3}, None),
    "13a-opencellid-quoted": (1, {}, None),
    "14-subtotal-row-is-a-village": (1, {"total_row": 1}, None),
    "15-ckan-quarter-in-a-number-column": (
        4,
        {},
        lambda rows: len({(r["series"], r["period_start"]) for r in rows}) == 4,
    ),
    "16-number-cells-ambiguous": (1, {}, all_of("value", 134.345)),
    "17-dossier-number-in-small-letters": (2, {}, lambda rows: len({row["dossier_id"] for row in rows}) == 1),
    "18-half-emoji-in-text-not-kept": (1, {}, None),
    "19a-key-twice-dossiers": (0, {"repeated_key": 1}, None),
    "20a-two-columns-for-one-field-bts": (0, {"two_columns": 1}, None),
    "20c-mhtml-as-xls": (0, {"web_archive": 1}, None),
    "20e-zip-of-backslashes": (1, {}, None),
    "20f-formatting-to-the-last-row": (1, {}, None),
    "20g-pretty-printed-objects": (2, {}, None),
    "20i-list-one-level-deeper": (1, {}, None),
    "20j-empty-list-before-the-data": (1, {}, None),
    "21a-json-printed-headings-reported": (1, {}, None),
    "22a-sdmx-attributes-ilo": (3, {}, lambda rows: len({row["series"] for row in rows}) == 1),
    "23-two-operators-in-the-name": (0, {"two_operators": 1}, None),
    "24-zero-width-space-in-names": (5, {}, lambda rows: "\u200b" not in "".join(row["commune_name"] for row in rows)),
    "25-bilingual-preliminary-year": (6, {}, lambda rows: "P" in {row["obs_flag"] for row in rows}),
}
"""Case: rows loaded, rejects by reason, and what the rows must show."""
ELSEWHERE = {
    "01i-pull-half-emoji": "tests/landing/test_pull.py",
    "01j-check-report-traceback": "tests/reporting/test_unreadable_reports.py",
}
"""Cases that are no files of a source, and the test that has them."""


def load_case(path: Path, source: str, name: str | None = None) -> Loaded:
    """Load a file; that rows in are rows loaded and rows rejected is asserted by `loaded`."""
    bound = all_sources()[source]
    name = name or path.name
    return loaded(bound, path.read_bytes(), day=bound.period_of(name, TODAY)[1], name=name)


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_outcome(case: str) -> None:
    (path,) = (path for path in (FILES / "faults" / case).glob("*/*") if path.is_file())
    found = load_case(path, path.parent.name)
    rows, reasons, holds = CASES[case]
    assert (len(found.rows), dict(Counter(reason for _, reason, *_ in found.reasons))) == (rows, reasons)
    assert bool(found.refusals) == (not rows)
    assert not any("Error at" in refusal for refusal in found.refusals)
    assert holds is None or holds(found.rows)


def test_every_case_of_the_catalogue_has_an_outcome() -> None:
    cases = {path.name for path in (FILES / "faults").iterdir() if path.is_dir()}
    assert cases == CASES.keys() | ELSEWHERE.keys()
    assert all((PROJECT_ROOT / test).is_file() for test in ELSEWHERE.values())


HOSTILE = {
    "*-panic.xls": ("bts_inventory", "viettel-tram-2026-11-20.xls"),
    "stray-cell-other-folder.xlsx": ("bts_inventory", "viettel-tram-2026-11-20.xlsx"),
    "stray-cell-spaced.xlsx": ("bts_inventory", "viettel-tram-2026-11-20.xlsx"),
    "bit-flip.parquet": ("ookla_tiles", "2026-07-01_performance_fixed_tiles.parquet"),
    "damaged-reference-report.xlsx": ("reported_indicators", "damaged-reference-report.xlsx"),
}


@pytest.mark.parametrize("file", HOSTILE)
def test_a_hostile_file_is_refused_by_a_reason(file: str) -> None:
    source, name = HOSTILE[file]
    found = load_case(next((FILES / "hostile").glob(file)), source, name)
    assert found.rows == []
    assert len(found.refusals) == 1


CUT = {
    "reported_indicators": FILES / "faults" / "01j-check-report-traceback" / "chk.xls",
    "ookla_tiles": FILES
    / "faults"
    / "08a-quadkey-binary"
    / "ookla_tiles"
    / "2026-07-01_performance_fixed_tiles.parquet",
    "bts_inventory": FILES / "hostile" / "stray-cell-spaced.xlsx",
}


@pytest.mark.slow
@pytest.mark.parametrize("source", CUT)
def test_a_file_that_ends_anywhere_is_refused_or_says_that_it_is_truncated(source: str) -> None:
    """Libraries crash, panic or read on; whatever they do is a reason of the file."""
    path = CUT[source]
    content, bound = path.read_bytes(), all_sources()[source]
    name = "viettel-tram-2026-11-20.xlsx" if source == "bts_inventory" else path.name
    for places in range(1, 60):
        end = len(content) * places // 60
        found = loaded(bound, content[:end], day=date(2026, 11, 20), name=name)
        assert found.refusals or found.reasons, end
        assert not any("Error at" in refusal for refusal in found.refusals), found.refusals
