"""Sheets of Excel workbooks: what kind of file it is, how much is used of each sheet, and cells without a value.

calamine reads the values. It shows a cell with an error (#N/A) and a formula that no program has computed as blank,
so such cells are looked for in the file itself: by lxml in .xlsx, by xlrd in .xls.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from pipelines.sources.table_rows import FAILED, Cells, Container, NumberCell, Row, TextCell

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

LARGEST_WORKBOOK = 1 << 30
"""Bytes that a workbook may unfold to: its sheets are read completely."""
LARGEST_SHEET = 1 << 25
"""Cells from the first to the farthest used one, about 1 GB."""
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

_BLOCK = 1 << 18
_LONGEST_TAG = 1 << 16
_CELL = re.compile(
    rb"""<(?:\w{1,20}:)?c\s[^<>]*?\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^<>]*(?<!/)>"""  # one with content
)
_ERROR_OR_FORMULA = re.compile(rb"""\bt\s*=\s*["']e["']|<(?:\w{1,20}:)?f\b""")
_IS_SHEET = re.compile(rb"<(?:\w{1,20}:)?worksheet\b")
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_XL_CELL_ERROR = 5

Places = frozenset[tuple[int, int]]
"""Row and column of cells, from 0."""


class NotReadError(ValueError):
    """The workbook is of a kind that is not read, or too large."""

    def __init__(self, container: Container) -> None:
        super().__init__(str(container))
        self.container = container


@dataclass(frozen=True)
class Sheet:
    is_visible: bool
    rows: Iterator[Row]


def sheets(stream: BinaryIO) -> Iterator[Sheet]:
    """The sheets in their order.

    Raises:
        NotReadError: of a kind that is not read.
        Exception: damaged; of many classes, since several libraries read it.
    """
    from python_calamine import PasswordError, SheetVisibleEnum, load_workbook

    content: BinaryIO = stream
    if stream.read(len(ZIP)) == ZIP:
        stream.seek(0)
        content = _with_slashes(stream)
        failed = _failed_in_xlsx(content)
    else:
        stream.seek(0)
        failed = _failed_in_xls(stream)
    content.seek(0)
    try:
        workbook = load_workbook(content)
    except PasswordError:
        raise NotReadError(Container.PROTECTED_WORKBOOK) from None
    with workbook:
        for sheet in workbook.sheets_metadata:
            rows = _rows(workbook.get_sheet_by_name(sheet.name), failed.get(sheet.name, frozenset()))
            yield Sheet(sheet.visible == SheetVisibleEnum.Visible, rows)


def _with_slashes(stream: BinaryIO) -> BinaryIO:
    """The workbook as received, or, where old writers put backslashes into the names of its parts, a corrected copy."""
    with zipfile.ZipFile(stream) as members:
        names = [member.orig_filename for member in members.infolist()]
        _check_kind([name.replace("\\", "/").lstrip("/").casefold() for name in names])
        if sum(member.file_size for member in members.infolist()) > LARGEST_WORKBOOK:
            raise NotReadError(Container.WORKBOOK_TOO_LARGE)
        if not any("\\" in name for name in names):
            return stream
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as corrected:
            for member in members.infolist():
                corrected.writestr(member.orig_filename.replace("\\", "/"), members.read(member))
        return copy


def _check_kind(names: list[str]) -> None:
    if "mimetype" in names or "content.xml" in names:
        raise NotReadError(Container.OPEN_DOCUMENT)
    if "xl/workbook.bin" in names:
        raise NotReadError(Container.BINARY_WORKBOOK)
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise NotReadError(Container.TEXT_DOCUMENT)
    if not any(name.startswith("xl/") or name == "[content_types].xml" for name in names):
        raise NotReadError(Container.ARCHIVE)


# ------------------------------------------------------------------------------------- cells that only look blank
def _failed_in_xlsx(stream: BinaryIO) -> dict[str, Places]:
    """By sheet: cells with an error, or with a formula and no stored value."""
    with zipfile.ZipFile(stream) as members:
        suspects = set()
        for name in members.namelist():
            if name.lower().endswith((".xml", ".rels")) and _scan(members, name):
                suspects.add(name.casefold())
        if not suspects:
            return {}
        parts = {name.casefold(): name for name in members.namelist()}
        found = {}
        for title, target in _targets(members, parts).items():
            if target in suspects:
                with members.open(parts[target]) as sheet:
                    found[title] = frozenset(_failed_cells(sheet))
        return found


def _scan(members: zipfile.ZipFile, name: str) -> bool:
    """Whether a sheet has errors or formulas; refuses one whose used range is too large."""
    last_row = last_column = 0
    is_suspect, rest = False, b""
    with members.open(name) as part:
        block = part.read(_BLOCK)
        if not _IS_SHEET.search(block):
            return False
        while block:
            text = rest + block
            cells = _CELL.findall(text)
            last_row = max(last_row, *map(int, {row for _, row in cells}), 0)
            last_column = max(last_column, *(_column(letters.decode()) for letters in {c for c, _ in cells}), 0)
            if last_row * last_column > LARGEST_SHEET:
                raise NotReadError(Container.WORKBOOK_TOO_LARGE)
            is_suspect = is_suspect or bool(_ERROR_OR_FORMULA.search(text))
            rest = text[max(text.rfind(b"<"), len(text) - _LONGEST_TAG) :]
            block = part.read(_BLOCK)
    return is_suspect


def _column(letters: str) -> int:
    """Number of a column, from 1."""
    return sum((ord(char) - 64) * 26**place for place, char in enumerate(reversed(letters.upper())))


def _targets(members: zipfile.ZipFile, parts: dict[str, str]) -> dict[str, str]:
    """By title of a sheet, its part in small letters."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    book = next(name for name in parts if re.fullmatch(r"/?xl/workbook\.xml", name))
    links = next(name for name in parts if re.fullmatch(r"/?xl/_rels/workbook\.xml\.rels", name))
    targets = {
        link.get("Id"): posixpath.normpath(posixpath.join("/xl", (link.get("Target") or "").replace("\\", "/")))[1:]
        for link in etree.fromstring(members.read(parts[links]), parser)
    }
    found = {}
    for sheet in etree.fromstring(members.read(parts[book]), parser).iter("{*}sheet"):
        target = targets.get(sheet.get(_RELATION) or "", "").casefold()
        found[sheet.get("name") or ""] = target if target in parts else f"/{target}"
    return found


def _failed_cells(sheet: IO[bytes]) -> Iterator[tuple[int, int]]:
    from lxml import etree

    row = column = -1
    for event, element in etree.iterparse(sheet, events=("start", "end"), resolve_entities=False, huge_tree=True):
        tag = etree.QName(element).localname
        if event == "start" and tag == "row":
            number = element.get("r")
            row, column = int(number) - 1 if number else row + 1, -1
        elif event == "end" and tag == "c":
            place = _PLACE.fullmatch(element.get("r") or "")
            column = _column(place[1]) - 1 if place else column + 1
            if place:
                row = int(place[2]) - 1
            if _is_failed(element):
                yield row, column
            element.clear()
        elif event == "end" and tag == "row":
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _is_failed(cell: Any) -> bool:
    if cell.get("t") == "e":
        return True
    value = cell.find("{*}v")
    if cell.find("{*}f") is None:
        return False
    # a formula may give an empty text: t="str" then states that it was computed
    return value is None or not (value.text or cell.get("t") == "str")


def _failed_in_xls(stream: BinaryIO) -> dict[str, Places]:
    """By sheet: cells with an error. A formula of an .xls always has a stored value."""
    import xlrd

    with xlrd.open_workbook(file_contents=stream.read(), logfile=io.StringIO(), ragged_rows=True) as book:
        return {
            sheet.name: frozenset(
                (row, column)
                for row in range(sheet.nrows)
                for column, kind in enumerate(sheet.row_types(row))
                if kind == _XL_CELL_ERROR
            )
            for sheet in book.sheets()
        }


# -------------------------------------------------------------------------------------------------------------- rows
def _rows(sheet: CalamineSheet, failed: Places) -> Iterator[Row]:
    first_row, first_column = sheet.start or (0, 0)
    # merged downwards, by column: the last row that the cell reaches into
    merged = {top: bottom[0] for top, bottom in sheet.merged_cell_ranges or () if bottom[0] > top[0]}
    failed_in: dict[int, list[int]] = {}
    for row, column in failed:
        failed_in.setdefault(row, []).append(column)
    open_cells: dict[int, tuple[int, str]] = {}
    row = first_row - 1
    for row, values in enumerate(sheet.iter_rows() if sheet.start else (), first_row):
        cells = [*[""] * first_column, *(_text(value) for value in values)]
        _mark(cells, failed_in.pop(row, ()))
        for column, cell in enumerate(cells) if merged else ():
            if (row, column) in merged:
                open_cells[column] = merged[row, column], cell
            elif column in open_cells and row <= open_cells[column][0]:
                cells[column] = open_cells[column][1]
        yield row + 1, cells
    for row in sorted(failed_in):  # below all that calamine takes for used
        cells = []
        _mark(cells, failed_in[row])
        yield row + 1, cells


def _mark(cells: Cells, columns: list[int] | tuple[int, ...]) -> None:
    for column in columns:
        cells += [""] * (column + 1 - len(cells))
        cells[column] = FAILED


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a decimal point, times as ISO 8601 to the second."""
    if isinstance(value, str):
        return TextCell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return NumberCell(int(value) if value.is_integer() else value)
    if isinstance(value, datetime):
        if value <= datetime.max - timedelta(seconds=1):
            # Excel counts days in a double: the second is a few milliseconds off
            value += timedelta(microseconds=500_000)
        return str(value.replace(microsecond=0))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
