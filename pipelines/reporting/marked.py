"""The errors of a workbook, returned to its sender: a copy with the reason at each cell, in words.

A wrong cell is framed and filled and has a comment; its reason is also in words at the end of its row (column
"Cần sửa") and in a list on a separate sheet, so that no reader depends on colour. The copy can be fixed and sent again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.reasons import REASONS
from pipelines.reporting.check import Check, Finding
from pipelines.reporting.registry import Indicator
from pipelines.reporting.workbook import OPEN_BORDER, OPEN_FIELDS, OPEN_FILL, page, range_text, settled
from pipelines.sources import isolated
from pipelines.sources.reported_indicators import FIELDS
from pipelines.sources.tables import HEADER_WITHIN, heading_key
from pipelines.sources.workbooks import LARGEST_WORKBOOK

LIST = "Cần sửa"
WHOLE_ROW = "cả dòng"
_Line = tuple[Finding, str | None, str]
"""A finding, the cell where it is marked, and its text."""
_AUTHOR = "hatinh"
_WRONG_FILL = PatternFill("solid", fgColor="FFD9D6")
_WRONG_SIDE = Side(style="thick", color="B3261E")
_WRONG_BORDER = Border(left=_WRONG_SIDE, right=_WRONG_SIDE, top=_WRONG_SIDE, bottom=_WRONG_SIDE)
_WRAPPED = Alignment(vertical="center", wrap_text=True)
_LARGEST = 16 << 20
"""Bytes of a workbook that is opened to be marked; a larger one is not one of the forms and gets the list alone."""


def described(finding: Finding, indicator: Indicator | None) -> str:
    """A reason in words."""
    bounds = range_text(indicator) if indicator else "xem cột Khoảng cho phép"
    unit = indicator.unit if indicator else "xem cột Đơn vị tính"
    reason = REASONS[finding.reason]
    return (reason.form_fix_vi or reason.fix_vi).replace("{range}", bounds).replace("{unit}", unit)


def described_lines(content: bytes, checked: Check, indicators: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    """Every finding as (row, cell or "cả dòng", reason in words), for the terminal."""
    *_, lines = _in_child(_described, content, checked, indicators) or _described(None, checked, indicators)
    return [(row, place, text) for row, place, text in json.loads(lines)]


def marked_copy(content: bytes, checked: Check, indicators: Mapping[str, Indicator], made_on: date) -> bytes:
    """The workbook as it came, with every finding marked; where it cannot be opened, the list of findings alone."""
    (copy,) = _in_child(_copy, content, checked, indicators, made_on) or _copy(None, checked, indicators, made_on)
    return copy


def _in_child(function: Callable[..., Iterator[bytes]], content: bytes, *arguments: Any) -> list[bytes]:
    """What a function makes of the workbook, in the process that reads files of others; nothing where that fails."""
    try:
        return list(isolated.call(function, io.BytesIO(content), *arguments))
    except isolated.ReaderFailed:
        return []


def _described(stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator]) -> Iterator[bytes]:
    _, lines = _marked(stream, checked, indicators)
    yield json.dumps([(str(finding.row_no), place or WHOLE_ROW, text) for finding, place, text in lines]).encode()


def _copy(
    stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator], made_on: date
) -> Iterator[bytes]:
    book, lines = _marked(stream, checked, indicators)
    _list(book, lines)
    yield settled(book, made_on)


def _marked(
    stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator]
) -> tuple[Workbook, list[_Line]]:
    book = None if stream is None or checked.refusal else _opened(stream.read(_LARGEST + 1))
    if book is None:
        book = Workbook()
        assert book.active is not None  # noqa: S101  a new workbook has a sheet
        book.remove(book.active)
    if LIST in book.sheetnames:  # a marked copy that came again
        book.remove(book[LIST])
    found = _table(book)
    if found is None:
        return book, [(finding, None, described(finding, None)) for finding in checked.findings]
    sheet, header, columns = found
    _clean(sheet, header, columns)
    last = sheet.max_row
    return book, [_mark(sheet, header, columns, finding, indicators, last) for finding in checked.findings]


def _opened(content: bytes) -> Workbook | None:
    if len(content) > _LARGEST:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            if sum(member.file_size for member in members.infolist()) > LARGEST_WORKBOOK >> 4:
                return None
        return load_workbook(io.BytesIO(content))
    except Exception:  # whatever the bytes make openpyxl raise
        return None


def _table(book: Workbook) -> tuple[Worksheet, int, dict[str, int]] | None:
    """The visible sheet with the header, its row, and the column of each field."""
    by_key = {heading_key(heading): field for heading, field in FIELDS.items()}
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        for number, cells in enumerate(sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True), 1):
            columns = {
                by_key[key]: at for at, cell in enumerate(cells, 1) if (key := heading_key(f"{cell or ''}")) in by_key
            }
            if {"indicator", "value", "form"} <= columns.keys():
                return sheet, number, columns
    return None


def _clean(sheet: Worksheet, header: int, columns: dict[str, int]) -> None:
    """Take away the marks of an earlier copy, and make sure of the column of reasons."""
    columns.setdefault("fix", max(columns.values()) + 1)
    at = columns["fix"]
    heading = sheet.cell(header, at, LIST)
    heading.font = Font(name="Arial", bold=True, color="B3261E")
    heading.alignment = _WRAPPED
    sheet.column_dimensions[get_column_letter(at)].width = 60
    for row in range(header + 1, sheet.max_row + 1):
        sheet.cell(row, at).value = None
        for field, column in columns.items():
            cell = sheet.cell(row, column)
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
                cell.border = OPEN_BORDER if field in OPEN_FIELDS else Border()
                cell.fill = OPEN_FILL if field in OPEN_FIELDS else PatternFill()


def _mark(
    sheet: Worksheet,
    header: int,
    columns: Mapping[str, int],
    finding: Finding,
    indicators: Mapping[str, Indicator],
    last: int,
) -> _Line:
    if not header < finding.row_no <= last:
        return finding, None, described(finding, None)  # a row that is not there
    indicator = indicators.get(str(sheet.cell(finding.row_no, columns["indicator"]).value or "").strip())
    text = described(finding, indicator)
    column = columns.get(finding.field or "position", columns["indicator"])
    cell = sheet.cell(finding.row_no, column)
    assert isinstance(cell, Cell)  # noqa: S101  forms have no merged cells below their header
    cell.fill, cell.border = _WRONG_FILL, _WRONG_BORDER
    cell.comment = Comment(f"Cần sửa: {text}", _AUTHOR, height=120, width=320)
    reason = sheet.cell(finding.row_no, columns["fix"])
    heading = next((heading for heading, field in FIELDS.items() if field == finding.field), "Dòng")
    reason.value = f"{heading}: {text}"
    reason.alignment = _WRAPPED
    reason.font = Font(name="Arial", size=10, bold=True, color="B3261E")
    return finding, cell.coordinate, text


def _list(book: Workbook, lines: Sequence[_Line]) -> None:
    sheet = book.create_sheet(LIST)
    sheet.append(["Dòng", "Ô", "Cần sửa", "Mã lý do"])
    for finding, place, text in lines:
        sheet.append([finding.row_no, place or WHOLE_ROW, text, finding.reason])
    for letter, width in zip("ABCD", (8, 12, 110, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.font = Font(name="Arial", size=10, bold=cell.row == 1)
            cell.alignment = _WRAPPED
    sheet.freeze_panes = "A2"
    page(sheet, f"A1:C{len(lines) + 1}")
