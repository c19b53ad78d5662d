"""The workbook that people take along: all targets as one Excel table, a sheet per pillar to print, communes, QĐ 766.

One language, chosen by the place; names of sheets and tables are codes, the same in both. Figures are figures with
their formats, so that they sort and chart; units stand in the format. The same release gives the same bytes: the dates
in the file are the release's.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.language import current, later, speaking, tr
from pipelines.release.reader import Row
from pipelines.release.released import Release
from pipelines.scoreboard import words
from pipelines.scoreboard.rows import STATUSES, Place, Rows
from pipelines.scoreboard.words import Text

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_FILL = {
    "met": "D5EBDF",
    "met_provisional": "EAF3D9",
    "on_track": "D3E8EC",
    "moderate": "F3E7C4",
    "insufficient": "F8DCC6",
    "away": "F6D3D6",
    "not_assessed": "E8EBEE",
    "no_data": "E8EBEE",
    "no_longer_in_force": "E8EBEE",
}
_HEADER_ROW = 3
_LINE = 12.75
"""Points of a line of Arial 10."""
_SYNTHETIC = later("SYNTHETIC DATA, not the province's")


@dataclass(frozen=True)
class _Column:
    heading: str
    width: float
    value: Callable[[Row], Any]
    format: Callable[[Row], str] = lambda row: "General"


def _said(text: Text) -> str | None:
    return None if text is words.NOTHING else str(text)


def _named(name: str) -> Callable[[Row], str | None]:
    """The title in the current language: a column for Vietnamese and one for English; the former where one lacks."""
    return lambda row: str(Text(row[f"{name}_vi"] or "", row[f"{name}_en"] or row[f"{name}_vi"] or "")) or None


def _word(dictionary: dict[str, Text], name: str) -> Callable[[Row], str | None]:
    return lambda row: _said(words.said(dictionary, row[name] or None))


def _asked(row: Row) -> str | None:
    return None if row["target_value"] is None else words.sign(row["direction"], row["is_strict"])


def _why_none(row: Row) -> str | None:
    return _said(words.said(words.NO_DATA_REASON, row["no_data_reason"])) or (
        _named("ended_reason")(row) if row["ended_reason_vi"] else None
    )


def _number(digits: int = 2, sign: str = "") -> Callable[[Any], str]:
    plain = "#,##0" + ("." + "0" * digits if digits else "")
    return lambda row: f"+{plain};-{plain};0" if sign else plain


def _day(row: Row) -> str:
    return "dd/mm/yyyy" if current() == "vi" else "[$-409]d mmm yyyy"


def _locale() -> str:
    """The locale of a number: programs that know it write `81,82` in Vietnamese, whatever the machine's own is."""
    return "[$-42A]" if current() == "vi" else "[$-409]"


def _with_unit(before: Callable[[Row], str | None] = lambda row: None) -> Callable[[Row], str]:
    """A figure with its unit as the language has it: `#,##0.00" %"`; a rank comes after its word."""

    def written(row: Row) -> str:
        unit, start = str(words.unit(row["unit"])).replace('"', ""), before(row)
        start = f'"{start} "' if start else ""
        return f'{start}"{unit} "#,##0.00' if row["unit"] == "hạng" else f'{start}#,##0.00" {unit}"' if unit else start

    return written


def _period(row: Row) -> str | None:
    return _said(words.period(row["period_type"], row["period_start"], row["last_month"], row["year"]))


_VALUE, _TARGET = _with_unit(), _with_unit(_asked)
_TARGETS = (
    _Column(later("Target"), 38, _named("title")),
    _Column(later("Status"), 15, _word(words.STATUS, "status")),
    _Column(later("Value"), 10, lambda r: r["value"], _number()),
    _Column(later("Asked for"), 8, _asked),
    _Column(later("Target value"), 10, lambda r: r["target_value"], _number()),
    _Column(later("Unit"), 11, lambda r: _said(words.unit(r["unit"]))),
    _Column(later("Target year"), 8, lambda r: r["target_year"], lambda r: "0"),
    _Column(later("Period"), 18, _period),
    _Column(later("Certainty"), 12, _word(words.CERTAINTY, "certainty")),
    _Column(later("Responsible agency"), 24, lambda r: r["responsible_agency"]),
    _Column(later("Pillar"), 30, _named("pillar")),
    _Column(later("Distance"), 13, lambda r: r["distance"], _number(sign="+")),
    _Column(later("Path asks for"), 13, lambda r: r["path_value"], _number()),
    _Column(later("Expected year"), 12, lambda r: r["expected_year"], lambda r: "0"),
    _Column(later("Synthetic"), 10, lambda r: _said(words.plain(r["is_sample"]))),
    _Column(later("National target"), 12, lambda r: _said(words.plain(r["is_national_target"]))),
    _Column(later("Basis"), 20, _word(words.BASIS, "basis")),
    _Column(later("Observation"), 18, _word(words.OBS_STATUS, "obs_status")),
    _Column(later("Qualifier"), 12, lambda r: (_word(words.QUALIFIER, "qualifier")(r) or "").strip() or None),
    _Column(later("Reason of no data"), 24, _why_none),
    _Column(later("Source of the value"), 24, lambda r: r["value_source"]),
    _Column(later("Document of the value"), 28, lambda r: r["value_document"]),
    _Column(later("Grade of the value"), 12, lambda r: r["value_grade"]),
    _Column(later("Published on"), 14, lambda r: r["vintage_on"], _day),
    _Column(later("Document of the target"), 44, lambda r: r["document"]),
    _Column(later("Grade of the target"), 12, lambda r: r["grade"]),
    _Column(later("Note"), 50, lambda r: r["note"]),
    _Column(later("Method"), 60, _named("definition")),
    _Column(later("Reported by"), 24, _word(words.REPORTS, "reported_by")),
    _Column(later("Status code"), 18, lambda r: r["status"]),
    _Column(later("Pillar code"), 24, lambda r: r["pillar"]),
    _Column(later("Target code"), 34, lambda r: r["target_id"]),
)
"""What prints comes first: `_PRINTED` columns fill one A4 across."""
_PRINTED = 10
_OF_A_PILLAR = (
    _Column(later("Target"), 30, _named("title")),
    _Column(later("Status"), 13, _word(words.STATUS, "status")),
    _Column(later("Value"), 11, lambda r: r["value"], _VALUE),
    _Column(later("Period"), 11, _period),
    _Column(later("Goal"), 12, lambda r: r["target_value"], _TARGET),
    _Column(later("Target year"), 8, lambda r: r["target_year"], lambda r: "0"),
    _Column(later("Certainty"), 10, _word(words.CERTAINTY, "certainty")),
    _Column(later("Responsible agency"), 16, lambda r: r["responsible_agency"]),
    _Column(later("Document of the target"), 18, lambda r: r["document"]),
    _Column(later("Note"), 28, lambda r: _why_none(r) or r["note"]),
)
_COMMUNES = (
    _Column(later("Commune"), 28, lambda r: r["name"]),
    _Column(later("Year"), 9, lambda r: r["year"], lambda r: "0"),
    _Column(later("Dossiers received"), 14, lambda r: r["received"], _number(0)),
    _Column(later("On time or early (%)"), 14, lambda r: r["on_time_pct"], _number()),
    _Column(later("Submitted online (%)"), 14, lambda r: r["online_pct"], _number()),
    _Column(later("Villages with 5G, at least (%)"), 16, lambda r: r["villages_5g_pct"], _number()),
    _Column(later("Villages with 4G, at least (%)"), 16, lambda r: r["villages_4g_pct"], _number()),
    _Column(later("Villages with fibre, at least (%)"), 16, lambda r: r["villages_fibre_pct"], _number()),
    _Column(later("Code"), 10, lambda r: r["code"]),
)
_QD766 = (
    _Column(later("Group"), 40, _named("item")),
    _Column(later("Year"), 9, lambda r: r["period_start"].year, lambda r: "0"),
    _Column(later("Points won"), 12, lambda r: r["points"], _number()),
    _Column(later("Maximum"), 12, lambda r: r["max_points"], _number()),
    _Column(later("Basis"), 20, lambda r: tr("published by the portal") if r["is_published"] else tr("recomputed")),
    _Column(later("Published on"), 14, lambda r: r["published_on"], _day),
    _Column(later("Grade"), 12, lambda r: r["grade"]),
)
_POINTS_LOST = (
    _Column(later("Component"), 44, _named("component")),
    _Column(later("Points lost (recomputed)"), 14, lambda r: r["points_lost"], _number()),
    _Column(later("Maximum"), 10, lambda r: r["max_points"], _number()),
    _Column(later("Short"), 10, lambda r: r["short"], _number(0)),
    _Column(later("Of"), 10, lambda r: r["counted"], _number(0)),
    _Column(later("How to win"), 60, _named("how_to_win")),
)
_VILLAGES = (
    _Column(later("Commune"), 28, lambda r: r["area_name"]),
    _Column(later("Village"), 30, lambda r: r["village_name"]),
    _Column(later("Technology without coverage"), 20, _word(words.TECHNOLOGY, "technology")),
    _Column(later("Since quarter"), 18, lambda r: _said(words.period("quarter", r["since_quarter"]))),
    _Column(later("Reported on"), 14, lambda r: r["reported_on"], _day),
    _Column(later("Code of the commune"), 14, lambda r: r["area_code"]),
)
_REPORTS = (
    _Column(later("Indicator"), 46, _named("title")),
    _Column(later("Period"), 18, lambda r: _said(words.period(r["period_type"], r["period_start"]))),
    _Column(later("Agency"), 32, lambda r: r["agency_name"]),
    _Column(later("Status"), 14, lambda r: {"late": tr("late"), "missing": tr("missing")}[r["report_status"]]),
    _Column(later("Due"), 14, lambda r: r["due_on"], _day),
    _Column(later("Reported on"), 14, lambda r: r["reported_on"], _day),
    _Column(later("Code of the agency"), 14, lambda r: r["agency_code"]),
    _Column(later("Indicator code"), 28, lambda r: r["indicator"]),
)


def draw(release: Release, place: Place) -> bytes:
    """The workbook of a release (xlsx). The same release, language and design give the same bytes."""
    with speaking(place.language):
        return _draw(Rows.of(release, place), place)


def _draw(rows: Rows, place: Place) -> bytes:
    from openpyxl import Workbook

    release, book = rows.release, Workbook()
    book.remove(book.active)
    _notes(book.create_sheet("notes"), rows, place)
    _sheet(book, "targets", tr("All targets"), _TARGETS, rows.targets, release, printed=_PRINTED)
    for code, group in groupby(rows.targets, key=lambda row: row["pillar"]):
        targets = list(group)
        title = f"{targets[0]['position'] or ''} {_named('pillar')(targets[0])}".strip()
        position = targets[0]["position"]
        name = f"p{position:02}_{code}" if position else f"p_{code}"
        _sheet(book, name, title, _OF_A_PILLAR, targets, release)
    if any(row["year"] or row["quarter"] for row in rows.communes):
        _sheet(book, "communes", tr("By commune"), _COMMUNES, rows.communes, release)
    for name, title, columns, lines in (
        ("qd766", tr("QĐ 766: points of the province"), _QD766, rows.qd766),
        ("qd766_points_lost", tr("QĐ 766: points lost"), _POINTS_LOST, rows.points_lost),
        ("villages_without_coverage", tr("Villages without signal or fibre"), _VILLAGES, rows.dark_villages),
        ("reports_late_or_missing", tr("Reports late or missing"), _REPORTS, rows.each_report),
    ):
        if lines:
            _sheet(book, name, title, columns, lines, release)
    return _bytes(book, release.created_at)


def _sheet(
    book: Workbook,
    name: str,
    title: str,
    columns: Sequence[_Column],
    rows: Sequence[Row],
    release: Release,
    *,
    printed: int | None = None,
) -> None:
    """One Excel table under its title, with filters, frozen and ready to print; `printed`: how many columns print."""
    from openpyxl.styles import Alignment, Border, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.table import Table, TableStyleInfo

    sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
    _head(sheet, title, release)
    line = Side(style="thin", color="D9D5CB")
    looks: dict[tuple[str, bool, str | None], Any] = {}
    headings = [tr(column.heading) for column in columns]
    for number, (column, heading) in enumerate(zip(columns, headings, strict=True), 1):
        _heading(sheet, number, heading, column.width)
        for row, item in enumerate(rows, _HEADER_ROW + 1):
            cell = sheet.cell(row, number)
            value = column.value(item)
            _put(cell, value)
            pattern = _locale() + column.format(item) if isinstance(value, int | float) else column.format(item)
            # a rank or a count has no decimals
            is_whole = isinstance(value, float) and value.is_integer()
            pattern = pattern.replace(".00", "") if is_whole else pattern
            is_text, status = isinstance(value, str), item.get("status") if column.heading == "Status" else None
            look = (pattern, is_text, status)
            if look in looks:  # openpyxl looks a style up by all that it has: three of four seconds went there
                cell._style = copy(looks[look])
                continue
            cell.number_format = pattern
            cell.font = _font(bold=status is not None)
            cell.alignment = Alignment(
                wrap_text=is_text, vertical="top", horizontal="left" if is_text else "right", indent=int(is_text)
            )
            cell.border = Border(bottom=line)
            if status is not None:
                cell.fill = _fill(_FILL[status])
            looks[look] = cell._style
    for row, item in enumerate(rows, _HEADER_ROW + 1):
        _heighten(sheet, row, columns[:printed], item)
    last, end = get_column_letter(len(columns)), max(len(rows), 1) + _HEADER_ROW
    table = Table(displayName=f"t_{re.sub(r'[^a-z0-9]+', '_', sheet.title)}", ref=f"A{_HEADER_ROW}:{last}{end}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(table)
    sheet.freeze_panes = f"B{_HEADER_ROW + 1}"
    sheet.print_title_rows = f"1:{_HEADER_ROW}"
    sheet.print_area = f"A1:{get_column_letter(printed or len(columns))}{end}"
    _page(sheet, title, release)


def _heading(sheet: Worksheet, column: int, text: str, width: float) -> None:
    """A heading that is never clipped: no word wider than its column, and a row for as many lines as it needs."""
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    wide = max(width, *(len(word) + 4 for word in text.split()))  # the button of the filter takes three
    row = sheet.row_dimensions[_HEADER_ROW]
    row.height = max(row.height or 0, 8 + _LINE * _lines(text, wide - 4))
    sheet.column_dimensions[get_column_letter(column)].width = wide
    cell = sheet.cell(_HEADER_ROW, column)
    _put(cell, text)
    cell.font, cell.fill = _font(bold=True, color="FFFFFF"), _fill("0D2C40")
    cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="left", indent=1)


def _heighten(sheet: Worksheet, row: int, columns: Sequence[_Column], item: Row) -> None:
    """A row as high as its longest wrapped text: no program does it for a file that it has not written itself."""
    texts = ((column.value(item), column.width) for column in columns)
    lines = max(_lines(text, width - 2) for text, width in texts if isinstance(text, str))
    sheet.row_dimensions[row].height = 3 + _LINE * lines


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column: words are not broken."""
    lines, room = 1, width
    for word in text.split():
        if len(word) > room and room < width:
            lines, room = lines + 1, width
        room -= len(word) + 1
    return lines


def _head(sheet: Worksheet, title: str, release: Release) -> None:
    """Title and release, with the mark of samples, above every table."""
    _put(sheet["A1"], title)
    sheet["A1"].font = _font(bold=True, size=14)
    sheet["A2"] = f"{tr('Release')} {release.id}"
    sheet["A2"].font = _font()
    if release.synthetic:
        sheet["A2"] = f"{tr(_SYNTHETIC)} · {release.id}"
        sheet["A2"].font = _font(bold=True, color="4B3500")
        for cell in sheet["A2:D2"][0]:  # the text runs over its neighbours
            cell.fill = _fill("FFF1C9")


def _page(sheet: Worksheet, title: str, release: Release) -> None:
    """Landscape A4, one page across; release, mark of samples and page number on every page."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top = margins.bottom = 0.6
    margins.header = margins.footer = 0.25
    sheet.oddFooter.left.text = title.replace("&", "&&")
    sheet.oddFooter.center.text = tr(_SYNTHETIC) if release.synthetic else None
    sheet.oddFooter.right.text = f"{release.id} · {tr('page')} &P / &N"


def _notes(sheet: Worksheet, rows: Rows, place: Place) -> None:
    from openpyxl.styles import Alignment

    release = rows.release
    counts = "; ".join(f"{words.STATUS[status]}: {rows.counts[status]}" for status in STATUSES)
    licences = " · ".join(str(words.licence(item.get("title", item["name"]))) for item in release.package["licenses"])
    held = "; ".join(
        f"{held.target} ({tr('since')} {held.since[:10]}): {words.held_back(release, held)}"
        for held in release.held_back
    )
    lines: list[tuple[str, str]] = [
        (tr("Release"), release.id),
        (tr("Released"), str(words.moment(release.created_at))),
        (tr("Status of the targets"), f"{tr('{count} targets', count=len(rows.targets))}. {counts}"),
        (tr("Held back"), held or tr("nothing")),
        (tr("Licences"), licences or "–"),
        (tr("Empty cell"), tr("unknown, not zero")),
        (tr("Distance"), tr("value minus target")),
        *((str(words.STATUS[status]), str(words.STATUS_MEANS[status])) for status in STATUSES),
        *((str(words.CERTAINTY[code]), str(text)) for code, text in words.CERTAINTY_MEANS.items()),
        *((tr("Evidence {grade}", grade=code), str(text)) for code, text in words.GRADE.items()),
        (tr("Methods, sources, checks"), "scoreboard.html, datapackage.json"),
    ]
    title = str(words.title(place.province_name))
    _head(sheet, title, release)
    for row, line in enumerate(lines, _HEADER_ROW + 1):
        for column, value in enumerate(line, 1):
            cell = sheet.cell(row, column)
            _put(cell, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = _font(bold=column == 1)
        sheet.row_dimensions[row].height = 4 + _LINE * max(_lines(line[0], 26), _lines(line[1], 100))
    for letter, width in (("A", 28), ("B", 100)):
        sheet.column_dimensions[letter].width = width
    _page(sheet, title, release)


def _font(**style: Any) -> Any:
    from openpyxl.styles import Font

    return Font(name="Arial", **{"size": 10, **style})


def _fill(color: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=color)


def _put(cell: Any, value: Any) -> None:
    """A value into a cell. Text stays text, also when it looks like a formula; what XML cannot hold goes."""
    if isinstance(value, str):
        cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    """At most 31 characters of lower-case ASCII, no name twice."""
    short = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:31].rstrip("_")
    number, clean = 2, short
    while short in taken:
        short, number = f"{clean[:28].rstrip('_')}_{number}", number + 1
    return short


def _bytes(book: Workbook, at: datetime) -> bytes:
    """The file, with the release's date in place of the time of writing, in its properties and in the archive."""
    stamp = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    book.properties.creator = "hatinh"
    book.properties.created = book.properties.modified = stamp
    written = io.BytesIO()
    book.save(written)
    fixed = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = source.read(name)
            if name == "docProps/core.xml":  # openpyxl writes the present moment there
                moment = f"{stamp:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + moment, content)
            target.writestr(zipfile.ZipInfo(name, (stamp.year, *stamp.timetuple()[1:6])), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
