"""From the files that people send to records: CSV, Excel workbooks, and the HTML table that portals save as `.xls`.

What a file is shows in its first bytes, never in its name. The header is looked for below titles, by the headings that
the source expects; each row under it becomes a JSON object of the source's field names, all values text. Framing judges
the shape of rows only: what a value means is judged at load.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from html.parser import HTMLParser
from itertools import islice, zip_longest
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from pipelines.sources import framing
from pipelines.sources.base import timestamp

if TYPE_CHECKING:
    import pyarrow as pa
    from python_calamine import CalamineSheet

HEADER_WITHIN = 100
"""Rows at the top of a table among which the header is looked for."""
LARGEST_WORKBOOK = 1 << 30
"""Bytes that a workbook may unfold to: its sheets are read whole."""
LARGEST_SHEET = 1 << 25
"""Cells from the first to the farthest used one, about 1 GB: a stray cell in the last corner would ask for more memory
than any machine has, and end the process."""

_BLOCK = 1 << 18
_BATCH_BYTES = 8 << 20
_DELIMITERS = ",;\t"
_ZIP, _OLE, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?(\{\s*["}]|\[\s*\])')
_HTML = re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CELL_COLUMN = re.compile(rb"""\br=["']([A-Za-z]{1,3})[0-9]""")
_CELL_ROW = re.compile(rb"""\br=["'][A-Za-z]{1,3}([0-9]{1,7})["']""")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2}")
_REPLACEMENT = "\ufffd"


class Reason(StrEnum):
    """Why a row was not taken. The last five stand for the rest of the file, however many rows that is."""

    WRONG_WIDTH = "wrong_width"
    MALFORMED_ROW = "malformed_row"
    RECORD_TOO_LONG = "record_too_long"
    INVALID_UTF8 = "invalid_utf8"
    EMPTY_FILE = "empty_file"
    HEADER_NOT_FOUND = "header_not_found"
    UNREADABLE_WORKBOOK = "unreadable_workbook"
    FURTHER_SHEET = "further_sheet"
    HIDDEN_SHEET = "hidden_sheet"
    TRUNCATED_TABLE = "truncated_table"


@dataclass(frozen=True)
class Frames:
    """A batch of rows in the order of the file; a row is in `row_no` or in `rejects`, never in both."""

    row_no: pa.Array
    """int64; from 1: the row of the sheet or table, titles and header counted."""
    text: pa.Array
    """string; a JSON object each."""
    rejects: list[tuple[int, StrEnum]]
    """(row_no, reason), ascending."""
    elsewhere: int = 0
    """Rows of the file that are not of the province, since the batch before."""


_Cells = list[str]
_Row = tuple[int, _Cells | Reason]
"""A row of a table with its number: its cells, or why it has none."""
_Record = tuple[int, Mapping[str, str | None] | StrEnum]
"""A row below the header with its number: its cells by field, or why it is rejected."""


def heading_key(text: str) -> str:
    """A heading as it is compared: NFC, lower case, runs of white space as one blank, no colon or asterisk behind."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(" :*")


@dataclass(frozen=True)
class TableForm:
    """What the tables of a source look like: which headings stand over which field.

    Args:
        fields: heading, as printed, to field name; several headings may name one field.
        needed: fields without which a row is no header; with the groups of one_of two at least.
        one_of: groups of fields, of each of which a header has one at least: without them a table tells nothing.
        omitted: a field whose heading some exports print while their rows leave its cell out, so that all cells after
            it stand one to the left. They are put back.
        typed: fields in which a workbook's text must be told from its numbers: text gets the apostrophe in front by
            which Excel itself shows it, since "1.234" may mean a thousand times 1.234.
    """

    fields: Mapping[str, str]
    needed: frozenset[str]
    one_of: tuple[frozenset[str], ...] = ()
    omitted: str | None = None
    typed: frozenset[str] = frozenset()

    def frame(self, stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames | framing.Frames]:
        """Read a table into records, in batches of some megabytes. Never raises because of what the bytes are.

        Takes CSV (UTF-8, UTF-16, Windows-1258; comma, semicolon or tab), xlsx and old xls, and HTML; JSON and gzip go
        to `framing.frame`. Rows that are blank are none, and neither are titles and repeated headers; every other
        row is a record or a reject. Cells are NFC without white space around them, NUL replaced; what is merged
        downwards counts in each of its rows. Dates that Excel holds as numbers become ISO text. Columns under headings
        that the source does not know keep these as names.

        Without a header in any visible sheet or table, one reject stands for the file.

        Args:
            stream: must be seekable.
            max_record_bytes: longest record taken. Memory is bounded by it and some blocks, but for workbooks, which
                are read whole up to `LARGEST_WORKBOOK`.
        """
        start = stream.read(4096)
        stream.seek(0)
        if not start.strip():
            return batches([(1, Reason.EMPTY_FILE)], max_record_bytes)
        if start.startswith((_ZIP, _OLE)):
            return batches(self._workbook(stream), max_record_bytes)
        if start.startswith(_GZIP) or _JSON.match(start):
            return framing.frame(stream, max_record_bytes=max_record_bytes)
        encoding = _encoding(stream)
        if _HTML.match(start):
            return batches(self._html(stream, encoding, max_record_bytes), max_record_bytes)
        return batches(self._csv(stream, encoding, max_record_bytes), max_record_bytes)

    def _csv(self, stream: BinaryIO, encoding: str, limit: int) -> Iterator[_Record]:
        """The delimiter is the one under which there is a header."""
        for delimiter in _DELIMITERS:
            with closing(_csv_rows(stream, encoding, delimiter, limit)) as rows:
                records = self._records(rows)
                if records is not None:
                    yield from records
                    return
        yield 1, Reason.HEADER_NOT_FOUND

    def _html(self, stream: BinaryIO, encoding: str, limit: int) -> Iterator[_Record]:
        """Every table of a page may have a header; one without is no table of the source."""
        found = False
        for table in _html_tables(stream, encoding, limit):
            records = self._records(table)
            if records is not None:
                found = True
                yield from records
        if not found:
            yield 1, Reason.HEADER_NOT_FOUND

    def _workbook(self, stream: BinaryIO) -> Iterator[_Record]:
        """The first visible sheet with a header; a further one is reported, since its rows would have numbers twice.

        A hidden one with a header is reported beside it: nobody who sent the file saw its rows, but they are in it.
        """
        from python_calamine import CalamineError, SheetVisibleEnum, load_workbook

        found, hidden, last = False, False, 0
        try:
            if _is_too_large(stream):
                yield 1, Reason.UNREADABLE_WORKBOOK
                return
            with load_workbook(stream) as workbook:
                for sheet in workbook.sheets_metadata:
                    records = self._records(_sheet_rows(workbook.get_sheet_by_name(sheet.name)))
                    if records is None:
                        continue
                    if sheet.visible != SheetVisibleEnum.Visible:
                        hidden = True
                        continue
                    if found:
                        yield last + 1, Reason.FURTHER_SHEET
                        return
                    found = True
                    for last, record in records:
                        yield last, record
        except (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError):
            yield last + 1, Reason.UNREADABLE_WORKBOOK
            return
        if hidden:
            yield last + 1, Reason.HIDDEN_SHEET
        elif not found:
            yield 1, Reason.HEADER_NOT_FOUND

    def _records(self, rows: Iterator[_Row]) -> Iterator[_Record] | None:
        """Records below the header of a table, as (row number, record or reason); None when there is no header."""
        above: _Cells = []
        for _, cells in islice(rows, HEADER_WITHIN):
            if isinstance(cells, Reason):
                above = []
                continue
            header = self._header(cells) or self._header(_below_each_other(above, cells))
            if header is not None:
                return self._below(header, cells, rows)
            above = cells
        return None

    def _below(self, header: _Header, top: _Cells, rows: Iterator[_Row]) -> Iterator[_Record]:
        for number, cells in rows:
            if isinstance(cells, Reason):
                yield number, cells
            elif not any(cells):
                continue
            elif header.may_come_again(cells) and (again := self._header(cells)):
                header = again  # the second row of a header, or the header of the next page
            elif top and (whole := self._header(_below_each_other(top, cells))) and self._tells_more(whole, header):
                header = whole  # of a header of two rows the first is one already
            else:
                yield number, header.record(cells)
            top = []

    def _tells_more(self, one: _Header, other: _Header) -> bool:
        fields = set(self.fields.values())
        return len(fields.intersection(one.names)) > len(fields.intersection(other.names))

    def _header(self, cells: Sequence[str]) -> _Header | None:
        fields = set(self.fields.values())
        by_key = {heading_key(heading): field for heading, field in self.fields.items()}
        by_key |= {heading_key(field): field for field in fields}
        names = [by_key.get(heading_key(cell), cell) for cell in cells]
        known = [name for name in names if name in fields]
        if not self.needed <= set(known) or len(known) > len(set(known)):
            return None
        if not all(group & set(known) for group in self.one_of):
            return None
        width = max(at for at, name in enumerate(names) if name) + 1
        mark = next(at for at, name in enumerate(names) if name in self.needed)
        omitted = names.index(self.omitted) if self.omitted in names else None
        typed = frozenset(self.typed.intersection(known))
        return _Header(tuple(names[:width]), mark, heading_key(cells[mark]), omitted, typed)


@dataclass(frozen=True)
class _Header:
    """The columns of a table: field names by position. `mark` is a column whose heading tells a header again."""

    names: tuple[str, ...]
    mark: int
    mark_key: str
    omitted: int | None
    typed: frozenset[str]

    def may_come_again(self, cells: _Cells) -> bool:
        return self.mark < len(cells) and heading_key(cells[self.mark]) == self.mark_key

    def record(self, cells: _Cells) -> dict[str, str] | Reason:
        width = len(self.names)
        while len(cells) > width and not cells[-1]:
            cells = cells[:-1]
        if self.omitted is not None and self._is_shifted(cells):
            cells = [*cells[: self.omitted], "", *cells[self.omitted :]][:width]
        if len(cells) != width:
            return Reason.WRONG_WIDTH
        record = {name: cell for name, cell in zip(self.names, cells, strict=True) if name}
        for name in self.typed:
            if record[name] and isinstance(record[name], TextCell):
                record[name] = f"'{record[name]}"
        return record

    def _is_shifted(self, cells: _Cells) -> bool:
        """One cell short; in a workbook, where all rows are as wide, a date where there should be none, at the end."""
        assert self.omitted is not None  # noqa: S101  for the type checker
        if len(cells) == len(self.names) - 1:
            return True
        return len(cells) == len(self.names) and not cells[-1] and bool(_DATE.match(cells[self.omitted]))


def _below_each_other(above: _Cells, cells: _Cells) -> _Cells:
    """A header of two rows: a heading that stands over several columns gives way to those below it."""
    return [below or over for over, below in zip_longest(above, cells, fillvalue="")]


class TextCell(str):
    """A cell that a workbook holds as text, however much it looks like a number."""

    __slots__ = ()


def _cell(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\0", _REPLACEMENT)).strip()


def batches(records: Iterable[_Record], limit: int) -> Iterator[Frames]:
    """Numbered records, or reasons in their place, as JSON text in Arrow arrays.

    What is longer than `limit` bytes or not UTF-8 is rejected; nothing at all is an empty file.
    """
    import pyarrow as pa  # costly, and only needed when there is a file

    row_no: list[int] = []
    texts: list[bytes] = []
    rejects: list[tuple[int, StrEnum]] = []
    size, is_empty = 0, True

    def batch() -> Frames:
        return Frames(pa.array(row_no, pa.int64()), pa.array(texts, pa.binary()).cast(pa.string()), rejects)

    for number, record in records:
        if isinstance(record, StrEnum):
            rejects.append((number, record))
        else:
            try:
                text = json.dumps(record, ensure_ascii=False).encode()
            except UnicodeEncodeError:  # bytes that are not UTF-8 are carried as lone surrogates
                rejects.append((number, Reason.INVALID_UTF8))
                continue
            if len(text) > limit:
                rejects.append((number, Reason.RECORD_TOO_LONG))
                continue
            row_no.append(number)
            texts.append(text)
            size += len(text)
        if size > _BATCH_BYTES or len(rejects) > _BLOCK:
            yield batch()
            row_no, texts, rejects, size, is_empty = [], [], [], 0, False
    if row_no or rejects:
        yield batch()
    elif is_empty:
        rejects = [(1, Reason.EMPTY_FILE)]  # a header and nothing below it
        yield batch()


def _encoding(stream: BinaryIO) -> str:
    """How the text of a file is encoded, from all of it; the stream is at its start again.

    One bad byte in a file of UTF-8 makes it no other encoding: Windows-1258 is it where most letters beyond ASCII would
    be bad.
    """
    bad = beyond_ascii = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    start = b""
    while block := stream.read(_BLOCK):
        start = start or block
        text = decoder.decode(block)
        if not text.isascii():
            bad += len(_NOT_UTF8.findall(text))
            beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
    stream.seek(0)
    for bom, encoding in _BOMS.items():
        if start.startswith(bom):
            return encoding
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be"
    return "cp1258" if bad * 2 > beyond_ascii else "utf-8"


def _text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    stream.seek(0)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(stream, encoding, errors, newline="")


class _Lines:
    """Lines for the CSV parser, and how long the record is that they make.

    Of a record that is too long only what the parser needs to find its end is kept: quotes, delimiters, line ends.
    """

    def __init__(self, text: io.TextIOWrapper, delimiter: str, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._content = re.compile(rf'[^"\r\n{delimiter}]+')
        self._size = 0

    @property
    def is_too_long(self) -> bool:
        return self._size >= self._limit

    def begin_record(self) -> None:
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        is_continued = self._size > 0  # within quotes
        line = self._text.readline(self._limit)
        if not line:
            raise StopIteration
        self._size += len(line)
        if not self.is_too_long:
            return line
        line = self._content.sub("x", line)
        while not line.endswith(("\n", "\r")) and (more := self._text.readline(self._limit)):
            line += self._content.sub("x", more)
        line = line.replace('""', "")  # an escaped quote, or a cell with nothing in it
        return "" if is_continued and '"' not in line else line


def _csv_rows(stream: BinaryIO, encoding: str, delimiter: str, limit: int) -> Generator[_Row]:
    """RFC 4180, strictly: a row that breaks it costs that row. A quote that never closes costs the rest of the file."""
    csv.field_size_limit(1 << 30)  # holds for the whole process; our own limit is kept by _Lines
    text = _text(stream, encoding)
    lines = _Lines(text, delimiter, limit)
    parser = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    try:
        while True:
            number += 1
            lines.begin_record()
            try:
                cells = next(parser)
            except StopIteration:
                return
            except csv.Error as error:
                is_end = "unexpected end" in str(error)
                yield number, Reason.TRUNCATED_TABLE if is_end else Reason.MALFORMED_ROW
                continue
            yield number, Reason.RECORD_TOO_LONG if lines.is_too_long else [_cell(cell) for cell in cells]
    finally:
        text.detach()


def _is_too_large(stream: BinaryIO) -> bool:
    """Whether reading a workbook could take more memory than it may; an old xls cannot, its sheets end at 65,536 rows.

    Raises:
        zipfile.BadZipFile: the file is no xlsx.
    """
    try:
        if stream.read(len(_ZIP)) != _ZIP:
            return False
        with zipfile.ZipFile(stream) as members:
            sheets = [name for name in members.namelist() if re.match(r"/?xl/worksheets/[^/]+\.xml$", name)]
            if not sheets:
                raise zipfile.BadZipFile
            if sum(member.file_size for member in members.infolist()) > LARGEST_WORKBOOK:
                return True
            return any(_cells_spanned(members.open(name)) > LARGEST_SHEET for name in sheets)
    finally:
        stream.seek(0)


def sheets(stream: BinaryIO) -> Iterator[Iterator[_Row]]:
    """The visible sheets of a workbook, as rows.

    Raises:
        Exception: damaged or too large; of many classes, since several libraries read it.
    """
    from python_calamine import SheetVisibleEnum, load_workbook

    if _is_too_large(stream):
        raise ValueError("too large")
    with load_workbook(stream) as workbook:
        for sheet in workbook.sheets_metadata:
            if sheet.visible == SheetVisibleEnum.Visible:
                yield _sheet_rows(workbook.get_sheet_by_name(sheet.name))


def _cells_spanned(sheet: IO[bytes]) -> int:
    rows, columns, rest = 0, 0, b""
    with sheet:
        while block := sheet.read(_BLOCK):
            text = rest + block
            rows = max(rows, *map(int, set(_CELL_ROW.findall(text))), 0)
            letters = max(set(_CELL_COLUMN.findall(text)), key=lambda name: (len(name), name), default=b"").upper()
            columns = max(columns, sum((char - 64) * 26**place for place, char in enumerate(reversed(letters))))
            rest = text[-32:]  # an address may go on in the next block
    return rows * columns


def _sheet_rows(sheet: CalamineSheet) -> Iterator[_Row]:
    start = sheet.start
    if start is None:
        return
    first_row, first_column = start
    # merged downwards, by column: the last row that the cell reaches into
    merged = {top: bottom[0] for top, bottom in sheet.merged_cell_ranges or () if bottom[0] > top[0]}
    open_cells: dict[int, tuple[int, str]] = {}
    for row, values in enumerate(sheet.iter_rows(), first_row):
        cells = [*[""] * first_column, *(_excel_text(value) for value in values)]
        for column, cell in enumerate(cells) if merged else ():
            if (row, column) in merged:
                open_cells[column] = merged[row, column], cell
            elif column in open_cells and row <= open_cells[column][0]:
                cells[column] = open_cells[column][1]
        yield row + 1, cells


def _excel_text(value: Any) -> str:
    """A cell as text: whole numbers without a decimal point, times as ISO 8601 to the second."""
    if isinstance(value, str):
        return TextCell(_cell(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        # Excel counts days in a double: the second is a few milliseconds off
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


class _HtmlRows(HTMLParser):
    """Collects the rows of the outermost tables; text of a table within a cell belongs to that cell."""

    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=True)
        self._limit = limit
        self.depth = 0
        self.table_no = 0
        self.rows: list[tuple[int, _Row]] = []
        """(table, row) that have ended and were not taken yet."""
        self._number = 0
        self._cells: list[tuple[list[str], int, int]] | None = None  # parts of the text, columns, rows of each cell
        self._hanging: dict[
            int, tuple[int, str]
        ] = {}  # by column: rows that a merged cell still reaches into, its text
        self._size = 0
        self._in_cell = False

    @property
    def in_row(self) -> bool:
        return self._cells is not None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            if self.depth == 1:
                self.table_no += 1
                self._hanging = {}
        elif self.depth != 1:
            return
        elif tag == "tr":
            self._end_row()
            self._number += 1
            self._cells, self._size, self._in_cell = [], 0, False
        elif tag in {"td", "th"} and self._cells is not None:
            given = dict(attrs)
            self._cells.append(([], _span(given.get("colspan")), _span(given.get("rowspan"))))
            self._in_cell = True
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.depth:
            if self.depth == 1:
                self._end_row()
            self.depth -= 1
        elif self.depth == 1 and tag == "tr":
            self._end_row()
        elif self.depth == 1 and tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._cells and self._in_cell:
            self._size += len(data)
            if self._size <= self._limit:  # of a row too long only the size is kept
                self._cells[-1][0].append(data)

    def _end_row(self) -> None:
        if self._cells is None:
            return
        cells: _Cells = []
        taken = {column: text for column, (_, text) in self._hanging.items()}
        self._hanging = {column: (left - 1, text) for column, (left, text) in self._hanging.items() if left > 1}
        for parts, columns, rows in self._cells:
            while len(cells) in taken:
                cells.append(taken[len(cells)])
            text = _cell("".join(parts))
            if rows > 1:
                self._hanging[len(cells)] = rows - 1, text
            cells += [text, *[""] * (columns - 1)]
        while len(cells) in taken:
            cells.append(taken[len(cells)])
        self.rows.append((self.table_no, (self._number, Reason.RECORD_TOO_LONG if self._size > self._limit else cells)))
        self._cells = None


def _span(value: str | None) -> int:
    return min(max(int(value), 1), 1000) if value and value.isascii() and value.isdigit() else 1


def _html_tables(stream: BinaryIO, encoding: str, limit: int) -> Iterator[Iterator[_Row]]:
    """The tables of a page, one after the other; each must be read to its end before the next."""
    rows = _html_rows(stream, encoding, limit)
    held = next(rows, None)
    while held is not None:
        table_no = held[0]

        def table(no: int = table_no) -> Iterator[_Row]:
            nonlocal held
            while held is not None and held[0] == no:
                yield held[1]
                held = next(rows, None)

        yield (remaining := table())
        for _ in remaining:
            pass


def _html_rows(stream: BinaryIO, encoding: str, limit: int) -> Iterator[tuple[int, _Row]]:
    parser = _HtmlRows(limit)
    text = _text(stream, encoding)
    number = 0
    try:
        while block := text.read(_BLOCK):
            parser.feed(block)
            if parser.rawdata.startswith("<") and len(parser.rawdata) > limit + _BLOCK:
                break  # a tag or comment that has no end
            for item in parser.rows:
                number = item[1][0]
                yield item
            parser.rows.clear()
    finally:
        text.detach()
    # a row that has no end, a tag that has none, or a table that has none: the file was cut
    if parser.depth or parser.in_row or parser.rawdata.lstrip().startswith("<"):
        yield parser.table_no, (number + 1, Reason.TRUNCATED_TABLE)


def printed_timestamp(field: str) -> str:
    """SQL of a time as tables print it, `DD/MM/YYYY` with or without the time of day, or as feeds write it."""
    printed = "['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d/%m/%Y']"
    return f"coalesce({timestamp(field)}, try_strptime(nullif(trim({field}), ''), {printed}))"


def printed_number(field: str) -> str:
    """SQL of a number as tables print it: `1.234,5`, `1,234.5`, `1 234,5`, `12,87 %`; null when it is none.

    A mark that comes several times, or before the other mark, groups thousands; one that comes alone is the decimal
    mark, so whoever takes counts must refuse `1.234` beforehand.
    """
    text = f"regexp_replace({field}, '[\\s\\x{{00A0}}%]', '', 'g')"
    vietnamese = r"^[-+]?\d{1,3}(\.\d{3})+,\d+$|^[-+]?\d{1,3}(\.\d{3}){2,}$"
    english = r"^[-+]?\d{1,3}(,\d{3})+\.\d+$|^[-+]?\d{1,3}(,\d{3}){2,}$"
    return (
        f"try_cast(case when regexp_matches({text}, '{vietnamese}') then replace(replace({text}, '.', ''), ',', '.') "
        f"when regexp_matches({text}, '{english}') then replace({text}, ',', '') "
        f"when regexp_matches({text}, '^[-+]?\\d+([.,]\\d+)?$') then replace({text}, ',', '.') end as double)"
    )
