"""From the files that people send to records: CSV, Excel workbooks, and the HTML table that portals save as `.xls`.

What a file is shows in its first bytes, never in its name. The header is looked for below titles, by the headings that
the source expects; each row under it becomes a JSON object of the source's field names, all values text. Framing judges
the shape of rows only: what a value means is judged at load. The rows themselves are read by `delimited`, `html_tables`
and `workbooks`.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice, zip_longest
from typing import Any, BinaryIO

from pipelines.sources import framing, workbooks
from pipelines.sources.delimited import csv_rows, encoding_of
from pipelines.sources.fields import INVISIBLE, printed_number, printed_timestamp
from pipelines.sources.framing import Frames
from pipelines.sources.html_tables import html_tables
from pipelines.sources.table_rows import (
    FAILED,
    Cells,
    Container,
    FailedCell,
    NumberCell,
    Reason,
    Row,
    TextCell,
    container_of,
)
from pipelines.sources.vietnamese_text import Reading, is_misread, reading_of

__all__ = ["Frames", "Reason", "TableForm", "batches", "heading_key", "printed_number", "printed_timestamp"]

__all__ = ["printed_number", "printed_timestamp"]

HEADER_WITHIN = 100
"""Rows at the top of a table among which the header is looked for."""
READING_WITHIN = 2000
"""Rows at the top of a table by which it is decided how its text was encoded."""

_BATCH_BYTES = 8 << 20
_BATCH_REJECTS = 1 << 18
_DELIMITERS = ",;\t"
_GZIP = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31  # zlib: gzip only, largest window
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?(\{\s*["}]|\[\s*\])')
_HTML = re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2}")
_ERROR_TEXT = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA)")
_REPLACEMENT = "\ufffd"
_INVISIBLE = re.compile(INVISIBLE)
"""In headings and codes they are no difference."""

_Record = tuple[int, "Mapping[str, Any] | StrEnum | tuple[StrEnum, str]"]
"""A row below the header with its number: its cells by field, or why it is rejected, and where in the row."""


def heading_key(text: str) -> str:
    """A heading as it is compared: NFC, lower case, runs of white space as one blank, no colon or asterisk behind."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(" :*")


def _unzipped(start: bytes) -> bytes:
    """The first bytes of a gzip file, unpacked; none where it is damaged."""
    try:
        return zlib.decompressobj(_WITH_GZIP_HEADER).decompress(start, 4096)
    except zlib.error:
        return b""


@dataclass(frozen=True)
class TableForm:
    """What the tables of a source look like: which headings name which field.

    Args:
        fields: heading, as printed, to field name; several headings may name one field.
        needed: fields without which a row is no header; with the groups of one_of two at least.
        one_of: groups of fields, of each of which a header has one at least: without them a table has no content.
        omitted: a field whose heading some exports print while their rows leave its cell out, so that all cells after
            it are one to the left. They are put back.
        typed: fields in which a workbook's text must be distinguished from its numbers: text gets the apostrophe in
            front by which Excel itself shows it, since "1.234" may mean a thousand times 1.234.
        keeps_failed: whether a cell with an error, or a formula without a value, is given on as "=" for the source to
            judge. Otherwise it rejects its row, where it is in a field that the source knows.
    """

    fields: Mapping[str, str]
    needed: frozenset[str]
    one_of: tuple[frozenset[str], ...] = ()
    omitted: str | None = None
    typed: frozenset[str] = frozenset()
    keeps_failed: bool = False
    _known: frozenset[str] = field(init=False, repr=False, compare=False)
    _by_key: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = frozenset(self.fields.values())
        by_key = {heading_key(heading): name for heading, name in self.fields.items()}
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_by_key", by_key | {heading_key(name): name for name in known})

    def frame(self, stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
        """Read a table into records, in batches of some megabytes. Never raises because of what the bytes are.

        Takes CSV (UTF-8, UTF-16, Windows-1258, TCVN3; comma, semicolon or tab), xlsx and old xls, and HTML; JSON goes
        to `framing.frame`. Rows that are blank are none, and neither are titles and repeated headers; every other
        row is a record or a reject. Cells are NFC without white space around them or characters of no width, NUL
        replaced; what is merged downwards counts in each of its rows. Dates that Excel holds as numbers become ISO
        text. Columns under headings that the source does not know keep these as names.

        Without a header in any visible sheet or table, one reject counts for the file.

        Args:
            stream: must be seekable.
            max_record_bytes: longest record taken. Memory is bounded by it and some blocks, but for workbooks, which
                are read complete up to `workbooks.LARGEST_WORKBOOK`.
        """
        start = stream.read(4096)
        stream.seek(0)
        is_json = _JSON.match(_unzipped(start) if start.startswith(_GZIP) else start)
        if is_json or (start.startswith(_GZIP) and not _unzipped(start).strip()):
            return framing.frame(stream, max_record_bytes=max_record_bytes)
        return batches(self._table(stream, start, max_record_bytes), max_record_bytes)

    def _table(self, stream: BinaryIO, start: bytes, limit: int) -> Iterator[_Record]:
        if not start.strip():
            yield 1, Reason.EMPTY_FILE
        elif start.startswith((workbooks.ZIP, workbooks.OLE)):
            yield from self._workbook(stream)
        elif start.startswith(_GZIP):
            yield 1, Container.COMPRESSED_TABLE
        elif container := container_of(start):
            yield 1, container
        else:
            read = self._html if _HTML.match(start) else self._csv
            yield from read(stream, encoding_of(stream), limit)

    def _csv(self, stream: BinaryIO, encoding: str, limit: int) -> Iterator[_Record]:
        """The delimiter is the one under which there is a header."""
        clashes = []
        for delimiter in _DELIMITERS:
            with closing(csv_rows(stream, encoding, delimiter, limit)) as rows:
                records, clash = self._records(rows)
                if records is not None:
                    yield from records
                    return
                clashes.append(clash)
        yield self._without_header(clashes)

    def _html(self, stream: BinaryIO, encoding: str, limit: int) -> Iterator[_Record]:
        """Every table of a page may have a header; one without is no table of the source."""
        found, clashes = False, []
        for table in html_tables(stream, encoding, limit):
            records, clash = self._records(table)
            clashes.append(clash)
            if records is not None:
                found = True
                yield from records
        if not found:
            yield self._without_header(clashes)

    def _workbook(self, stream: BinaryIO) -> Iterator[_Record]:
        """The first visible sheet with a header; a further one is reported, since its rows would have numbers twice.

        A hidden one with a header is reported beside it: its rows were not visible to the sender, but they are in the
        file.
        """
        found, hidden, last, clashes = False, False, 0, []
        try:
            for sheet in workbooks.sheets(stream):
                records, clash = self._records(sheet.rows)
                clashes.append(clash if sheet.is_visible else None)
                if records is None:
                    continue
                if not sheet.is_visible:
                    hidden = True
                    continue
                if found:
                    yield last + 1, Reason.FURTHER_SHEET
                    return
                found = True
                for last, record in records:
                    yield last, record
        except workbooks.NotReadError as error:
            yield last + 1, error.container
            return
        except (MemoryError, GeneratorExit):
            raise
        except Exception:  # of many classes, out of several libraries
            yield last + 1, Reason.UNREADABLE_WORKBOOK
            return
        if hidden:
            yield last + 1, Reason.HIDDEN_SHEET
        elif not found:
            yield self._without_header(clashes)

    @staticmethod
    def _without_header(clashes: Iterable[str | None]) -> _Record:
        clash = next(filter(None, clashes), None)
        return (1, (Reason.TWO_COLUMNS, clash)) if clash else (1, Reason.HEADER_NOT_FOUND)

    def _records(self, rows: Iterator[Row]) -> tuple[Iterator[_Record] | None, str | None]:
        """Records below the header of a table, as (row number, record or reason); None when there is no header, with
        the headings of the first row that would be one if it did not name a field twice."""
        rows = _decoded(rows)
        above: Cells = []
        clash = None
        for _, cells in islice(rows, HEADER_WITHIN):
            if isinstance(cells, StrEnum):
                above = []
                continue
            header = self._header(cells) or self._header(_below_each_other(above, cells))
            if header is not None:
                return self._below(header, cells, rows), None
            clash = clash or self._clash(cells)
            above = cells
        return None, clash

    def _below(self, header: _Header, top: Cells, rows: Iterator[Row]) -> Iterator[_Record]:
        for number, cells in rows:
            if isinstance(cells, StrEnum):
                yield number, cells
            elif not any(cells):
                continue
            elif header.may_come_again(cells) and (again := self._header(cells)):
                header = again  # the second row of a header, or the header of the next page
            elif (
                top and (combined := self._header(_below_each_other(top, cells))) and self._names_more(combined, header)
            ):
                header = combined  # of a header of two rows the first is one already
            else:
                yield number, header.record(cells)
            top = []

    def _names_more(self, one: _Header, other: _Header) -> bool:
        return len(self._known.intersection(one.names)) > len(self._known.intersection(other.names))

    def _names(self, cells: Sequence[str]) -> list[str]:
        """The field under each heading, or the heading itself."""
        return [self._by_key.get(heading_key(cell), cell) for cell in cells]

    def _header(self, cells: Sequence[str]) -> _Header | None:
        names = self._names(cells)
        known = [name for name in names if name in self._known]
        if not self.needed <= set(known) or len(known) > len(set(known)):
            return None
        if not all(group & set(known) for group in self.one_of):
            return None
        width = max(at for at, name in enumerate(names) if name) + 1
        mark = next(at for at, name in enumerate(names) if name in self.needed)
        omitted = names.index(self.omitted) if self.omitted in names else None
        typed = frozenset(self.typed.intersection(known))
        checked = frozenset() if self.keeps_failed else self._known
        return _Header(tuple(names[:width]), mark, heading_key(cells[mark]), omitted, typed, checked)

    def _clash(self, cells: Sequence[str]) -> str | None:
        """The headings of a row that would be a header, if two of them did not name one field."""
        names = self._names(cells)
        known = [name for name in names if name in self._known]
        if not self.needed <= set(known):
            return None
        twice = next((name for name in known if known.count(name) > 1), None)
        return " / ".join(cell for cell, name in zip(cells, names, strict=True) if name == twice) if twice else None


@dataclass(frozen=True)
class _Header:
    """The columns of a table: field names by position. `mark` is a column whose heading identifies a repeated
    header."""

    names: tuple[str, ...]
    mark: int
    mark_key: str
    omitted: int | None
    typed: frozenset[str]
    checked: frozenset[str]
    """Fields in which a cell without a value rejects its row."""

    def may_come_again(self, cells: Cells) -> bool:
        return self.mark < len(cells) and heading_key(cells[self.mark]) == self.mark_key

    def record(self, cells: Cells) -> dict[str, Any] | Reason | tuple[Reason, str]:
        width = len(self.names)
        while len(cells) > width and not cells[-1]:
            cells = cells[:-1]
        if self.omitted is not None and self._is_shifted(cells):
            cells = [*cells[: self.omitted], "", *cells[self.omitted :]][:width]
        if len(cells) != width:
            return Reason.WRONG_WIDTH
        record = {
            name: cell.number if isinstance(cell, NumberCell) else cell
            for name, cell in zip(self.names, cells, strict=True)
            if name
        }
        for name, cell in record.items():
            if isinstance(cell, FailedCell) and name in self.checked:
                return Reason.FORMULA_WITHOUT_VALUE, name
        for name in self.typed:
            if record[name] and isinstance(record[name], TextCell):
                record[name] = f"'{record[name]}"
        return record

    def _is_shifted(self, cells: Cells) -> bool:
        """One cell short; in a workbook, where all rows are as wide, a date where there should be none, at the end."""
        assert self.omitted is not None  # noqa: S101  for the type checker
        if len(cells) == len(self.names) - 1:
            return True
        return len(cells) == len(self.names) and not cells[-1] and bool(_DATE.match(cells[self.omitted]))


def _below_each_other(above: Cells, cells: Cells) -> Cells:
    """A header of two rows: a heading over several columns is replaced by those below it."""
    return [below or over for over, below in zip_longest(above, cells, fillvalue="")]


def _decoded(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows with their text decoded and cleaned; one whose text is misread is a reject."""
    first = list(islice(rows, READING_WITHIN))
    reading = reading_of(cell for _, cells in first if not isinstance(cells, StrEnum) for cell in cells)
    for number, cells in chain(first, rows):
        if isinstance(cells, StrEnum):
            yield number, cells
            continue
        cleaned = [_cell(cell, reading) for cell in cells]
        if is_misread("\n".join(cell for cell in cleaned if not cell.isascii())):
            yield number, Reason.WRONG_ENCODING
        else:
            yield number, cleaned


def _cell(text: str, reading: Reading | None) -> str:
    if isinstance(text, FailedCell | NumberCell):
        return text
    clean: str = text
    if not text.isascii():
        if reading and (other := reading(text)) is not None:
            clean = other
        clean = _INVISIBLE.sub("", unicodedata.normalize("NFC", clean))
    clean = clean.replace("\0", _REPLACEMENT).strip()
    if clean.startswith("#") and _ERROR_TEXT.fullmatch(clean):
        return FAILED
    return TextCell(clean) if isinstance(text, TextCell) else clean


def batches(records: Iterable[_Record], limit: int) -> Iterator[Frames]:
    """Numbered records, or reasons in their place, as JSON text in Arrow arrays.

    What is longer than `limit` bytes or not UTF-8 is rejected; nothing at all is an empty file.
    """
    import pyarrow as pa  # costly, and only needed when there is a file

    row_no: list[int] = []
    texts: list[bytes] = []
    rejects: list[framing.Reject] = []
    size, is_empty = 0, True

    def batch() -> Frames:
        return Frames(pa.array(row_no, pa.int64()), pa.array(texts, pa.binary()).cast(pa.string()), rejects)

    for number, record in records:
        if isinstance(record, StrEnum):
            rejects.append((number, record))
        elif isinstance(record, tuple):
            rejects.append((number, *record))
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
        if size > _BATCH_BYTES or len(rejects) > _BATCH_REJECTS:
            yield batch()
            row_no, texts, rejects, size, is_empty = [], [], [], 0, False
    if row_no or rejects:
        yield batch()
    elif is_empty:
        rejects = [(1, Reason.EMPTY_FILE)]  # a header and nothing below it
        yield batch()
