"""What the readers of CSV, HTML and workbooks have in common: rows of cells, numbered, and reasons in their place."""

from __future__ import annotations

import re
from enum import StrEnum

EXCEL_COLUMNS = 1 << 14
"""Widest row that a table may have."""


class Reason(StrEnum):
    """Why a row was not taken. From `EMPTY_FILE` on, one reject counts for the rest of the file, however many rows that
    is."""

    WRONG_WIDTH = "wrong_width"
    MALFORMED_ROW = "malformed_row"
    ROW_LOST = "row_lost"
    RECORD_TOO_LONG = "record_too_long"
    INVALID_UTF8 = "invalid_utf8"
    WRONG_ENCODING = "wrong_encoding"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    EMPTY_FILE = "empty_file"
    HEADER_NOT_FOUND = "header_not_found"
    TWO_COLUMNS = "two_columns"
    UNREADABLE_WORKBOOK = "unreadable_workbook"
    FURTHER_SHEET = "further_sheet"
    HIDDEN_SHEET = "hidden_sheet"
    TRUNCATED_TABLE = "truncated_table"


class Container(StrEnum):
    """A kind of file that is not read: one reject for the file; `reasons.py` states what to do."""

    ARCHIVE = "archive"
    COMPRESSED_TABLE = "compressed_table"
    WEB_ARCHIVE = "web_archive"
    WEB_PAGE = "web_page"
    XML_SPREADSHEET = "xml_spreadsheet"
    OPEN_DOCUMENT = "open_document"
    BINARY_WORKBOOK = "binary_workbook"
    PROTECTED_WORKBOOK = "protected_workbook"
    WORKBOOK_TOO_LARGE = "workbook_too_large"
    TEXT_DOCUMENT = "text_document"
    PDF_DOCUMENT = "pdf_document"


_TEXT_CONTAINERS = (
    (re.compile(rb"%PDF-"), Container.PDF_DOCUMENT),
    (re.compile(rb"Rar!\x1a|7z\xbc\xaf\x27\x1c"), Container.ARCHIVE),
    (re.compile(rb"(?s).{0,2000}^MIME-Version:", re.IGNORECASE | re.MULTILINE), Container.WEB_ARCHIVE),
    (re.compile(rb"(?s)<\?xml.{0,4000}urn:schemas-microsoft-com:office:spreadsheet"), Container.XML_SPREADSHEET),
)


def container_of(head: bytes) -> Container | None:
    """What a file that begins so is, if it is none that is read; zip and Excel files are not distinguished here."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:].replace(b"\0", b"")
    head = head.lstrip()
    return next((container for pattern, container in _TEXT_CONTAINERS if pattern.match(head)), None)


Cells = list[str]
Row = tuple[int, Cells | StrEnum]
"""A row of a table with its number: its cells, or why it has none."""


class TextCell(str):
    """A cell that a workbook holds as text, however much it looks like a number."""

    __slots__ = ()


class NumberCell(str):
    """A cell that a workbook holds as a number. In a record it is a JSON number, which has one reading only."""

    __slots__ = ()

    @property
    def number(self) -> int | float:
        return int(self) if self.lstrip("-").isdigit() else float(self)


class FailedCell(str):
    """A cell with an error value, or a formula without a stored value. It shows nothing, but it is not blank."""

    __slots__ = ()


FAILED = FailedCell("=")
