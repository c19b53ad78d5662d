"""Workbooks that are changed the way people change them, and what is found in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.reporting.check import Check, Sent, check_all
from pipelines.reporting.forms import Form
from pipelines.reporting.workbook import COLUMN, HEADER_ROW, SHEET, Answer, workbook_bytes

DAY = date(2026, 10, 12)
"""The day on which workbooks come: Q3 of 2026 is over, and due three days later."""
OFFICE = "H27.1"


def written(asked: Form, answers: dict[tuple[str, str], Answer] | None = None) -> bytes:
    return workbook_bytes(asked, made_on=date(2026, 10, 1), send_to="nơi nhận", answers=answers)


def changed(content: bytes, change: Callable[[Workbook, Worksheet], Any]) -> bytes:
    """A workbook after somebody opened it, changed it and saved it."""
    book = load_workbook(io.BytesIO(content))
    change(book, book[SHEET])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def typed(content: bytes, cells: dict[tuple[int, str], Any]) -> bytes:
    """A workbook with values by (row of the form from 1, field)."""

    def change(book: Workbook, sheet: Worksheet) -> None:
        for (number, field), value in cells.items():
            sheet.cell(HEADER_ROW + number, COLUMN[field]).value = value

    return changed(content, change)


def judged(*contents: bytes) -> list[Check]:
    """Workbooks judged as of the day, in one load."""
    return check_all([Sent(content, "bieu.xlsx", DAY) for content in contents])


def found(checked: Check) -> list[tuple[int, str, str | None]]:
    """What is wrong, as (row of the form, reason, field)."""
    return [(finding.row_no - HEADER_ROW, finding.reason, finding.field) for finding in checked.findings]


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
