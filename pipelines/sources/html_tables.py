"""Rows of the HTML tables that portals save as `.xls`, read by lxml as browsers read them.

Cells outside a row make a row of their own, rows after the end of a table belong to it, and text of a table within a
cell belongs to that cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from pipelines.sources.delimited import as_text
from pipelines.sources.table_rows import EXCEL_COLUMNS, Cells, Reason, Row

_BLOCK = 1 << 14
"""Characters parsed at once. Small, since a merged cell of 25 characters may stand for a thousand."""
_TABLE = re.compile(r"<(/?)table(?=[\s/>])", re.IGNORECASE)
_TABLE_LENGTH = 8
_ROW = re.compile(r"<tr[\s>]", re.IGNORECASE)
_UNDECODED, _PRIVATE = re.compile("[\udc80-\udcff]"), re.compile("[\U0010ff80-\U0010ffff]")
_MOST_SPANNED = 1000


def html_tables(stream: BinaryIO, encoding: str, limit: int) -> Iterator[Iterator[Row]]:
    """The tables of a page, one after the other; each must be read to its end before the next."""
    rows = _html_rows(stream, encoding, limit)
    held = next(rows, None)
    while held is not None:
        table_no = held[0]

        def table(no: int = table_no) -> Iterator[Row]:
            nonlocal held
            while held is not None and held[0] == no:
                yield held[1]
                held = next(rows, None)

        yield (remaining := table())
        for _ in remaining:
            pass


def _html_rows(stream: BinaryIO, encoding: str, limit: int) -> Iterator[tuple[int, Row]]:
    from lxml import etree

    target = _Target(limit)
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    text = as_text(stream, encoding)
    number = open_tables = 0
    before = ""
    try:
        while block := text.read(_BLOCK):
            for found in _TABLE.finditer(before + block):
                if found.end() >= len(before):  # not counted with the block before
                    open_tables += -1 if found[1] else 1
            before = (before + block)[-_TABLE_LENGTH:]
            parser.feed(_parsable(block))
            for item in target.rows:
                number = item[1][0]
                yield item
            target.rows.clear()
    finally:
        text.detach()
    # the parser closes open elements silently, and the last row may be incomplete
    target.is_cut = open_tables > 0 or target.is_open
    try:
        parser.close()
    except etree.XMLSyntaxError:  # nothing in it
        return
    for item in target.rows:
        number = item[1][0]
        yield item
    if target.is_cut:
        yield target.table_no, (number + 1, Reason.TRUNCATED_TABLE)


def _parsable(text: str) -> bytes:
    """NUL would end the text; bytes that are no text become private characters, so that their row is rejected."""
    text = text.replace("\0", "\ufffd")
    return _UNDECODED.sub(lambda bad: chr(ord(bad[0]) + 0x102300), text).encode("utf-8", "replace")


class _Target:
    """Collects the rows of the outermost tables."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.table_no = 0
        self.rows: list[tuple[int, Row]] = []
        """(table, row) that have ended and were not taken yet."""
        self.is_cut = False
        self._depth = 0
        self._number = 0
        self._cells: list[tuple[list[str], int, int]] | None = None  # parts of the text, columns, rows of each cell
        self._hanging: dict[int, tuple[int, str]] = {}  # by column: rows that a merged cell reaches into, its text
        self._size = 0
        self._in_cell = False

    @property
    def is_open(self) -> bool:
        """Whether a table has begun and not ended."""
        return self._depth > 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self._end_row()
                self.table_no += 1
                self._hanging = {}
        elif self._depth > 1:
            return
        elif tag == "tr":
            self._begin_row()
        elif tag in {"td", "th"}:
            if self._cells is None:
                self._begin_row()
            assert self._cells is not None  # noqa: S101  for the type checker
            columns, rows = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
            self._cells.append(([], columns, rows))
            self._size += columns
            self._in_cell = True
        elif tag == "br":
            self.data("\n")

    def end(self, tag: str) -> None:
        if tag == "table" and self._depth:
            if self._depth == 1:
                self._end_row()
            self._depth -= 1
        elif self._depth <= 1 and tag == "tr":
            self._end_row()
        elif self._depth <= 1 and tag in {"td", "th"}:
            self._in_cell = False

    def data(self, text: str) -> None:
        if self._cells and self._in_cell:
            self._size += len(text)
            if self._size <= self._limit:  # of a row too long only the size is kept
                self._cells[-1][0].append(text)

    def comment(self, text: str) -> None:
        """Rows within a comment are shown to nobody: a comment that is not closed where it should be hides them."""
        hidden = len(_ROW.findall(text)) if self._depth else 0
        if hidden:
            self._end_row()
        for _ in range(hidden):
            self._number += 1
            self.rows.append((self.table_no, (self._number, Reason.ROW_LOST)))

    def close(self) -> None:
        self._end_row()

    def _begin_row(self) -> None:
        self._end_row()
        self._number += 1
        self._cells, self._size, self._in_cell = [], 0, False

    def _end_row(self) -> None:
        if self._cells is None or self.is_cut:
            return
        given, self._cells = self._cells, None
        swallowed = sum(len(_ROW.findall("".join(parts))) for parts, _, _ in given)
        if swallowed:  # as in a <textarea> that is not closed
            self.rows.append((self.table_no, (self._number, Reason.MALFORMED_ROW)))
            for _ in range(swallowed):
                self._number += 1
                self.rows.append((self.table_no, (self._number, Reason.ROW_LOST)))
            return
        if self._size > self._limit or sum(columns for _, columns, _ in given) > EXCEL_COLUMNS:
            self.rows.append((self.table_no, (self._number, Reason.RECORD_TOO_LONG)))
            return
        cells: Cells = []
        taken = {column: text for column, (_, text) in self._hanging.items()}
        self._hanging = {column: (left - 1, text) for column, (left, text) in self._hanging.items() if left > 1}
        for parts, columns, rows in given:
            while len(cells) in taken:
                cells.append(taken[len(cells)])
            text = _PRIVATE.sub(lambda bad: chr(ord(bad[0]) - 0x102300), "".join(parts))
            if rows > 1:
                self._hanging[len(cells)] = rows - 1, text
            cells += [text, *[""] * (columns - 1)]
        while len(cells) in taken:
            cells.append(taken[len(cells)])
        self.rows.append((self.table_no, (self._number, cells)))


def _span(value: str | None) -> int:
    value = (value or "").strip()
    return min(max(int(value), 1), _MOST_SPANNED) if value.isascii() and value.isdigit() and len(value) < 10 else 1
