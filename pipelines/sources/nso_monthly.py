"""The workbook "Biểu số liệu" of the National Statistics Office's monthly report on the economy and society.

It has some twenty sheets, whose names change from month to month: a sheet is known by its title in A1 (DATASETS). Below
the title are one to three rows of headings, then a row per item. A heading states the period and what is measured:
"Ước tính tháng 9 năm 2026", "9 tháng năm 2026 so với cùng kỳ năm trước (%)". Layout as described by public readers of
these files (github.com search "Biểu số liệu", October 2026); no original file was at hand, so each sheet is read by its
headings alone, and what they do not state is rejected, cell by cell.

| Heading                                   | Period          | MEASURE  |
|-------------------------------------------|-----------------|----------|
| Thực hiện tháng 8 năm 2026                | month 2026-08   | level    |
| Ước tính quý III năm 2026                 | quarter 2026-Q3 | level    |
| 9 tháng năm 2026                          | month 2026-09   | to_date  |
| Tháng 9 năm 2026 so với cùng kỳ năm trước | month 2026-09   | yoy      |
| … so với tháng trước; tháng 12 năm trước  | month 2026-09   | mom; dec |
| … so với kỳ gốc; bình quân … so với …     | month 2026-09   | base; mean_yoy |

A heading without a year is of the year in the file's name. "Ước tính" and "Sơ bộ" are the kind of number. A row with a
label and no figures heads the rows below it (SECTION). The workbook is dropped, named with its month
(`bieu-so-lieu-T9-2026.xlsx`); files before 2019 (.xls, TCVN3) are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from pipelines.language import tr
from pipelines.sources.base import Source
from pipelines.sources.statistic_rows import (
    TABLE,
    NoAnswerError,
    Reason,
    Record,
    consistent,
    framed,
    label,
    record,
    unit_in,
)
from pipelines.sources.table_rows import TextCell

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

NAME = "nso_monthly"
DATASETS = (
    ("chỉ số giá tiêu dùng", "CPI"),
    ("bán lẻ", "RETAIL"),
    ("sản xuất công nghiệp", "IIP"),
    ("sản phẩm công nghiệp", "INDUSTRIAL_PRODUCTS"),
    ("đầu tư trực tiếp nước ngoài", "FDI"),
    ("vốn đầu tư", "INVESTMENT"),
    ("xuất khẩu, nhập khẩu dịch vụ", "SERVICE_TRADE"),
    ("xuất khẩu", "EXPORTS"),
    ("nhập khẩu", "IMPORTS"),
    ("doanh nghiệp", "ENTERPRISES"),
    ("tổng sản phẩm trong nước", "GDP"),
    ("thất nghiệp", "UNEMPLOYMENT"),
    ("lao động", "LABOUR"),
    ("khách", "TOURISTS"),
    ("vận tải", "TRANSPORT"),
)
"""Words of a title, in small letters, and the dataset that its sheet is: the first that fits. Any other title is the
name of its own dataset."""
HEADINGS_WITHIN = 15
COUNTRY = "Cả nước"

_MONTH = re.compile(r"tháng\s+(?P<part>1[0-2]|0?[1-9])(?!\d)(?:\s*(?:/|-|năm)?\s*(?P<year>20\d\d))?", re.IGNORECASE)
_TO_DATE = re.compile(
    r"(?<![\d/])(?P<part>1[0-2]|0?[1-9])\s+tháng(?:\s+đầu)?(?:\s*(?:/|năm)?\s*(?P<year>20\d\d))?", re.IGNORECASE
)
_QUARTER = re.compile(r"quý\s+(?P<part>IV|I{1,3}|[1-4])\b(?:\s*(?:/|năm)?\s*(?P<year>20\d\d))?", re.IGNORECASE)
_YEAR = re.compile(r"(?:cả\s+)?năm\s+(?P<year>20\d\d)", re.IGNORECASE)
_VERSUS = re.compile(r"\bso\s+với\b", re.IGNORECASE)
_UNIT = re.compile(r"^(?:đơn vị(?: tính)?|đvt)\s*:\s*(?P<unit>.+)$", re.IGNORECASE)
_NAMED = re.compile(r"(?:t|th|thang)[-_ ]?(?P<part>1[0-2]|0?[1-9])[-_ ]+(?:nam[-_ ])?(?P<year>20\d\d)", re.IGNORECASE)
_NAMED_ISO = re.compile(r"(?<!\d)(?P<year>20\d\d)[-_](?P<part>0[1-9]|1[0-2])(?!\d)")
_KIND = re.compile(r"\b(sơ bộ|ước tính|ước)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Month:
    """A month of a year; of the report, or of a comparison."""

    year: int
    month: int


@dataclass(frozen=True)
class Heading:
    """What the headings of a column state. `period` is a label as `statistic_rows.when` reads it."""

    period: str
    measure: str
    unit: str


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The figures of one workbook, sheet after sheet; `name` states the month of the report."""
    return framed(stream, max_record_bytes, lambda content: consistent(_records(content, _report_month(name))))


def _report_month(name: str) -> Month | None:
    found = _NAMED.search(name) or _NAMED_ISO.search(name)
    return Month(int(found["year"]), int(found["part"])) if found else None


def _records(content: bytes, report: Month | None) -> Iterator[Record | Reason]:
    for rows in _sheets(content):
        yield from _sheet(rows, report)


def _sheets(content: bytes) -> Iterator[list[Sequence[str | float | None]]]:
    """The visible sheets: cells as text, numbers as numbers, None for an empty cell.

    Raises:
        NoAnswerError: the bytes are no workbook.
    """
    from io import BytesIO

    from pipelines.sources.workbooks import sheets

    try:
        for sheet in sheets(BytesIO(content)):
            if sheet.is_visible:
                yield [[_cell(cell) for cell in cells] for _, cells in sheet.rows if not isinstance(cells, StrEnum)]
    except (
        Exception
    ) as error:  # several libraries read a workbook, and what they raise for a damaged one is of many kinds
        raise NoAnswerError(tr("no workbook that can be read ({error})", error=type(error).__name__)) from None


def _sheet(rows: list[Sequence[str | float | None]], report: Month | None) -> Iterator[Record | Reason]:
    """The figures of a sheet; where no heading can be read, every row with figures is rejected."""
    title = next((_text(row[0]) for row in rows[:3] if row and _text(row[0])), "")
    first = next((at for at, row in enumerate(rows) if at and _has_figures(row) and not _numbers_columns(row)), None)
    if first is None:
        return  # a sheet of text: contents, notes
    if first > HEADINGS_WITHIN or not title:
        yield from (Reason.HEADING_NOT_READ for row in rows[first:] if _has_figures(row))
        return
    above = [row for row in rows[1:first] if not _numbers_columns(row)]
    unit = next((found["unit"] for row in above for cell in row if (found := _UNIT.match(_text(cell)))), "")
    headings = _headings(above, report, unit or unit_in(title))
    if not any(heading.period for heading in headings):
        yield from (Reason.HEADING_NOT_READ for row in rows[first:] if _has_figures(row))
        return
    labels = next(at for at, heading in enumerate(headings) if heading.period)
    yield from _below(rows[first:], _dataset(title), headings, labels)


def _below(
    rows: list[Sequence[str | float | None]], dataset: str, headings: Sequence[Heading], labels: int
) -> Iterator[Record | Reason]:
    section = ""
    for row in rows:
        item = " ".join(text for cell in row[:labels] if (text := _text(cell)))
        cells = [(heading, cell) for heading, cell in zip(headings[labels:], row[labels:], strict=False) if cell != ""]
        cells = [(heading, cell) for heading, cell in cells if cell is not None]
        if not cells:
            section = item or section
            continue
        own = {"SECTION": section} if section else {}
        for heading, cell in cells:
            yield record(
                dataset=dataset,
                series={"ITEM": item, "MEASURE": heading.measure, **own},
                period=heading.period or heading.measure,
                value=cell,
                series_label=" | ".join(part for part in (section, item, heading.measure) if part),
                area_label=COUNTRY,
                unit_label=heading.unit,
            )


# ------------------------------------------------------------------------------------------------------------- headings
def _headings(above: list[Sequence[str | float | None]], report: Month | None, unit: str) -> list[Heading]:
    """What the headings of each column state: a cell that spans several columns counts for all of them."""
    width = max((len(row) for row in above), default=0)
    parts: list[list[str]] = [[] for _ in range(width)]
    for row in above:
        texts = [_text(cell) for cell in row]
        if sum(bool(text) for text in texts) < 2:
            continue  # a second title, or the unit
        over = ""
        for at in range(width):
            over = (texts[at] if at < len(texts) else "") or over
            if over and over not in parts[at] and not _UNIT.match(over):
                parts[at].append(over)
    return [_heading(" ".join(column), report, unit) for column in parts]


def _heading(text: str, report: Month | None, unit: str) -> Heading:
    """Period and measure of a column; the period is empty where the heading states none."""
    own, _, versus = _split(text)
    period, month, is_to_date = _period(own, report)
    if not period and versus and report:
        period, month, is_to_date = f"Tháng {report.month} {report.year}", report, False
    kind = found[0] if period and (found := _KIND.search(own)) else ""
    measure = _compared(versus, month) if versus else "level"
    if versus and "bình quân" in own.lower():
        measure = f"mean_{measure}"
    if is_to_date:
        measure = "to_date" if measure == "level" else f"to_date_{measure}"
    if not period:
        measure = label(text)
    own_unit = "%" if versus or "%" in text else unit_in(text)
    return Heading(f"{kind} {period}".strip(), measure, own_unit or unit)


def _split(text: str) -> tuple[str, str, str]:
    found = _VERSUS.search(text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _period(text: str, report: Month | None) -> tuple[str, Month | None, bool]:
    """The label of the first period in a heading, its month where it has one, and whether it counts from January on."""
    default = str(report.year) if report else ""
    if found := _TO_DATE.search(text):
        year = found["year"] or default
        month = Month(int(year), int(found["part"])) if year else None
        return (f"Tháng {found['part']} {year}" if year else ""), month, True
    if found := _MONTH.search(text):
        year = found["year"] or default
        month = Month(int(year), int(found["part"])) if year else None
        return (f"Tháng {found['part']} {year}" if year else ""), month, False
    if found := _QUARTER.search(text):
        year = found["year"] or default
        return (f"Quý {found['part']} {year}" if year else ""), None, False
    if found := _YEAR.search(text):
        return found["year"], None, False
    return "", None, False


_COMPARED = {
    "cùng kỳ": "yoy",
    "cùng tháng": "yoy",
    "kỳ gốc": "base",
    "năm gốc": "base",
    "tháng trước": "mom",
    "tháng 12 năm trước": "dec",
}


def _compared(versus: str, own: Month | None) -> str:
    """What a figure is compared with: the same time a year ago, the month before, December, or the base."""
    text = label(versus).lower()
    stated = next((measure for words, measure in _COMPARED.items() if words in text), None)
    found = _MONTH.search(text)
    if stated is None and found and found["year"] and own:
        known = {
            Month(own.year - 1, 12): "dec",
            Month(own.year - (own.month == 1), own.month - 1 or 12): "mom",
            Month(own.year - 1, own.month): "yoy",
        }
        stated = known.get(Month(int(found["year"]), int(found["part"])))
    return stated or f"so với {re.sub(r'[(%)]', '', text).strip(' :')}"


def _dataset(title: str) -> str:
    text = label(re.sub(r"^\d+\s*[.)]\s*|\(tiếp theo\)", "", title, flags=re.IGNORECASE))
    return next((code for words, code in DATASETS if words in text.lower()), text)


# ---------------------------------------------------------------------------------------------------------------- cells
def _cell(cell: str) -> str | float | None:
    """A number cell as a number, text as text, None for an empty cell."""
    if not cell:
        return None
    try:
        return cell if isinstance(cell, TextCell) else float(cell)
    except ValueError:
        return cell


def _text(cell: str | float | None) -> str:
    return label(cell) if isinstance(cell, str) else ""


def _has_figures(row: Sequence[str | float | None]) -> bool:
    return any(isinstance(cell, int | float) for cell in row[1:]) and bool(row)


def _numbers_columns(row: Sequence[str | float | None]) -> bool:
    """Whether a row only numbers the columns: A, B, 1, 2, 3."""
    filled = [cell for cell in row if cell not in (None, "")]
    numbers = [cell for cell in filled if isinstance(cell, int | float)]
    letters = [cell for cell in filled if isinstance(cell, str)]
    return bool(numbers) and numbers == list(range(1, len(numbers) + 1)) and all(len(cell) == 1 for cell in letters)


SOURCE = Source(
    name=NAME,
    title_vi="Biểu số liệu báo cáo kinh tế - xã hội hằng tháng",
    title_en="Workbook of the monthly socio-economic report",
    publisher="Cục Thống kê, Bộ Tài chính",
    licence="Public statistics (nso.gov.vn); terms of re-use not stated there; name the source",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    rows_stand_alone=True,
    frames_by_name=True,
    named_after_period=True,
    table=TABLE,
)
