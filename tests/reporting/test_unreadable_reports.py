"""`check-report` gives a verdict on any file: no traceback, an exit code, and a marked list."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import misbehaving_forms
import pytest
from openpyxl import load_workbook

from pipelines.reasons import REASONS
from pipelines.reporting import check as judged
from pipelines.reporting.check import UNREADABLE, check
from pipelines.reporting.marked import LIST, described_lines, marked_copy
from pipelines.reporting.registry import Registry
from pipelines.sources import all_sources, isolated
from pipelines.sources.table_rows import Container

DAY = date(2026, 10, 12)
FIX = REASONS[UNREADABLE].form_fix_vi or REASONS[UNREADABLE].fix_vi


def test_a_file_whose_reader_crashes_is_one_finding(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> None:
    crashing = replace(all_sources()["reported_indicators"], frame=misbehaving_forms.frame)
    monkeypatch.setattr(judged, "all_sources", lambda: {crashing.name: crashing})
    content = b"PK\x03\x04 any"
    checked = check(content, "bieu.xlsx", DAY)
    assert [(finding.row_no, finding.reason) for finding in checked.findings] == [(1, UNREADABLE)]
    assert "SIGABRT" in (checked.refusal or "")
    assert described_lines(content, checked, registry.indicators) == [("1", "cả dòng", FIX)]
    book = load_workbook(io.BytesIO(marked_copy(content, checked, registry.indicators, DAY)))
    assert book[LIST].cell(2, 3).value == FIX


def test_a_workbook_that_takes_too_long_to_mark_gets_the_list_alone(
    monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    def failing(*_: object) -> object:
        raise isolated.ReaderFailed("it took too long")

    monkeypatch.setattr(isolated, "call", failing)
    checked = check(b"a,b\n1,2\n", "bieu.csv", DAY)
    book = load_workbook(io.BytesIO(marked_copy(b"a,b\n1,2\n", checked, registry.indicators, DAY)))
    assert book.sheetnames == [LIST]


def test_every_kind_of_file_that_is_not_read_has_its_words() -> None:
    assert {*map(str, Container), UNREADABLE} <= REASONS.keys()
    assert len({REASONS[container].fix_en for container in Container}) == len(Container), "each states its own remedy"
