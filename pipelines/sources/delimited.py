"""Rows of CSV files: encoding, quotes, and how many lines a broken quote costs."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from pipelines.sources.table_rows import Cells, Reason, Row

BLOCK = 1 << 18
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_NARROWEST = 4
"""Columns from which a line within a cell is recognised as a row that a quote has swallowed."""


def encoding_of(stream: BinaryIO) -> str:
    """How the text of a file is encoded, from all of it; the stream is at its start again.

    One bad byte in a file of UTF-8 makes it no other encoding: where most letters beyond ASCII would be bad it is of
    one byte per letter, and read as Windows-1258; `vietnamese_text` recognises TCVN3.
    """
    bad = beyond_ascii = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    start = b""
    while block := stream.read(BLOCK):
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


def as_text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
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
        self._delimiter = delimiter
        self._content = re.compile(rf'[^"\r\n{delimiter}]+')
        self._size = 0
        self.count = 0
        """Lines of the record that are not blank."""
        self.swallowed = 0
        """Those of them, but for the first, that have as many delimiters as the table."""
        self.width = 0
        """Cells of the last record that was one line."""

    @property
    def is_too_long(self) -> bool:
        return self._size >= self._limit

    def begin_record(self) -> None:
        self._size = self.count = self.swallowed = 0

    def is_row(self, line: str) -> bool:
        return self.width >= _NARROWEST and line.count(self._delimiter) == self.width - 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        is_continued = self._size > 0  # within quotes
        line = self._text.readline(self._limit)
        if not line:
            raise StopIteration
        self._size += len(line)
        if is_continued:
            self.count += not line.isspace()
            self.swallowed += self.is_row(line)
        else:
            self.count = 1
        if not self.is_too_long:
            return line
        line = self._content.sub("x", line)
        while not line.endswith(("\n", "\r")) and (more := self._text.readline(self._limit)):
            line += self._content.sub("x", more)
        line = line.replace('""', "")  # an escaped quote, or a cell with nothing in it
        return "" if is_continued and '"' not in line else line


def csv_rows(stream: BinaryIO, encoding: str, delimiter: str, limit: int) -> Generator[Row]:
    """RFC 4180, strictly: a row that breaks it is a reject, and so is each further line that its quotes enclose.

    A quote that is never closed may be closed by a later stray quote: a cell with lines in it that are rows by their
    number of delimiters is such a case.
    """
    csv.field_size_limit(1 << 30)  # holds for the entire process; our own limit is kept by _Lines
    text = as_text(stream, encoding)
    lines = _Lines(text, delimiter, limit)
    parser = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    try:
        while True:
            number += 1
            lines.begin_record()
            row: Cells | Reason
            try:
                row = next(parser)
            except StopIteration:
                return
            except csv.Error as error:
                row = Reason.TRUNCATED_TABLE if "unexpected end" in str(error) else Reason.MALFORMED_ROW
            else:
                if lines.is_too_long:
                    row = Reason.MALFORMED_ROW if lines.swallowed > 1 else Reason.RECORD_TOO_LONG
                elif lines.count > 1 and any(_swallows(cell, lines) for cell in row):
                    row = Reason.MALFORMED_ROW
                elif lines.count == 1:
                    lines.width = len(row)
            yield number, row
            if row in (Reason.MALFORMED_ROW, Reason.TRUNCATED_TABLE):
                for _ in range(lines.count - 1):
                    number += 1
                    yield number, Reason.ROW_LOST
    finally:
        text.detach()


def _swallows(cell: str, lines: _Lines) -> bool:
    return any(lines.is_row(line) and any(map(str.isalnum, line)) for line in cell.splitlines()[1:])
