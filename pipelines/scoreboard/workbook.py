"""The workbook that people take along: the targets a pillar a sheet, communes, QĐ 766, and how to read it all.

Vietnamese headings with English ones below, figures as figures with their formats, so that it sorts and charts. The
same release gives the same bytes: the dates in the file are the release's.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

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
    "on_track": "D3E8EC",
    "moderate": "F3E7C4",
    "insufficient": "F8DCC6",
    "away": "F6D3D6",
    "not_assessed": "E8EBEE",
    "no_data": "E8EBEE",
}


@dataclass(frozen=True)
class _Column:
    vi: str
    en: str
    width: float
    value: Callable[[Row], Any]
    format: str = "General"


def _vi(text: Text) -> str | None:
    return None if text is words.NOTHING else text.vi


def _asked(row: Row) -> str | None:
    return None if row["target_value"] is None else words.sign(row["direction"], row["is_strict"])


_TARGETS = (
    _Column("Chỉ tiêu", "Target (Vietnamese)", 46, lambda r: r["title_vi"]),
    _Column("Tên tiếng Anh", "Target", 40, lambda r: r["title_en"]),
    _Column("Tình trạng", "Status", 18, lambda r: words.STATUS[r["status"]].vi),
    _Column("Mã tình trạng", "Status code", 13, lambda r: r["status"]),
    _Column("Giá trị", "Value", 12, lambda r: r["value"], "#,##0.00"),
    _Column("Đơn vị", "Unit", 11, lambda r: r["unit"]),
    _Column(
        "Kỳ", "Period", 24, lambda r: _vi(words.period(r["period_type"], r["period_start"], r["last_month"], r["year"]))
    ),
    _Column("Dữ liệu mẫu", "Synthetic", 10, lambda r: _vi(words.plain(r["is_sample"]))),
    _Column("Phải đạt", "Asked for", 9, _asked),
    _Column("Mục tiêu", "Target value", 12, lambda r: r["target_value"], "#,##0.00"),
    _Column("Năm mục tiêu", "Target year", 12, lambda r: r["target_year"], "0"),
    _Column("Khoảng cách", "Distance", 13, lambda r: r["distance"], "+#,##0.00;-#,##0.00;0"),
    _Column("Lộ trình cần có", "Path asks for", 14, lambda r: r["path_value"], "#,##0.00"),
    _Column("Năm dự kiến đạt", "Expected year", 14, lambda r: r["expected_year"], "0"),
    _Column("Chỉ tiêu quốc gia", "National target", 14, lambda r: _vi(words.plain(r["is_national_target"]))),
    _Column("Cơ sở số liệu", "Basis", 20, lambda r: _vi(words.said(words.BASIS, r["basis"]))),
    _Column("Trạng thái số liệu", "Observation", 18, lambda r: _vi(words.said(words.OBS_STATUS, r["obs_status"]))),
    _Column("Nguồn số liệu", "Source of value", 24, lambda r: r["value_source"]),
    _Column("Văn bản của số liệu", "Document of value", 28, lambda r: r["value_document"]),
    _Column("Bằng chứng số liệu", "Grade of value", 12, lambda r: r["value_grade"]),
    _Column("Công bố ngày", "Vintage", 13, lambda r: r["vintage_on"], "dd/mm/yyyy"),
    _Column("Văn bản giao", "Document of target", 44, lambda r: r["document"]),
    _Column("Bằng chứng chỉ tiêu", "Grade of target", 12, lambda r: r["grade"]),
    _Column("Lưu ý", "Note", 50, lambda r: r["note"]),
    _Column("Cách tính", "Method", 60, lambda r: r["definition_vi"]),
    _Column("Nơi báo cáo", "Reported by", 24, lambda r: _vi(words.said(words.REPORTS, r["reported_by"] or None))),
    _Column("Mã chỉ tiêu", "Target id", 26, lambda r: r["target_id"]),
)
_COMMUNES = (
    _Column("Mã", "Code", 10, lambda r: r["code"]),
    _Column("Xã, phường", "Commune", 28, lambda r: r["name"]),
    _Column("Năm", "Year", 9, lambda r: r["year"], "0"),
    _Column("Hồ sơ tiếp nhận", "Dossiers received", 16, lambda r: r["received"], "#,##0"),
    _Column("Đúng hạn, trước hạn (%)", "On time or early (%)", 20, lambda r: r["on_time_pct"], "0.00"),
    _Column("Nộp trực tuyến (%)", "Submitted online (%)", 18, lambda r: r["online_pct"], "0.00"),
    _Column("Thôn có sóng 5G ≥ (%)", "Villages with 5G ≥ (%)", 18, lambda r: r["villages_5g_pct"], "0.00"),
    _Column("Thôn có sóng 4G ≥ (%)", "Villages with 4G ≥ (%)", 18, lambda r: r["villages_4g_pct"], "0.00"),
    _Column("Thôn có cáp quang ≥ (%)", "Villages with fibre ≥ (%)", 18, lambda r: r["villages_fibre_pct"], "0.00"),
)
_QD766 = (
    _Column("Nhóm", "Group (Vietnamese)", 34, lambda r: r["item_vi"]),
    _Column("Tên tiếng Anh", "Group", 34, lambda r: r["item_en"]),
    _Column("Năm", "Year", 9, lambda r: r["period_start"].year, "0"),
    _Column("Điểm đạt", "Points won", 12, lambda r: r["points"], "0.00"),
    _Column("Điểm tối đa", "At most", 12, lambda r: r["max_points"], "0.00"),
    _Column(
        "Nguồn điểm",
        "Basis",
        20,
        lambda r: "Cổng công bố / published" if r["is_published"] else "tính lại / recomputed",
    ),
    _Column("Công bố ngày", "Published on", 14, lambda r: r["published_on"], "dd/mm/yyyy"),
    _Column("Bằng chứng", "Grade", 12, lambda r: r["grade"]),
)
_POINTS_LOST = (
    _Column("Thành phần", "Component (Vietnamese)", 44, lambda r: r["component_vi"]),
    _Column("Tên tiếng Anh", "Component", 44, lambda r: r["component_en"]),
    _Column("Điểm mất (tính lại)", "Points lost (recomputed)", 18, lambda r: r["points_lost"], "0.00"),
    _Column("Điểm tối đa", "At most", 12, lambda r: r["max_points"], "0.00"),
    _Column("Chưa đạt", "Short", 12, lambda r: r["short"], "#,##0"),
    _Column("Trên tổng", "Of", 12, lambda r: r["counted"], "#,##0"),
    _Column("Cách cải thiện", "How to win (Vietnamese)", 60, lambda r: r["how_to_win_vi"]),
)
_VILLAGES = (
    _Column("Mã xã, phường", "Code of commune", 14, lambda r: r["area_code"]),
    _Column("Xã, phường", "Commune", 28, lambda r: r["area_name"]),
    _Column("Thôn, tổ dân phố", "Village", 30, lambda r: r["village_name"]),
    _Column("Công nghệ chưa có", "Technology without coverage", 20, lambda r: r["technology"]),
    _Column("Từ quý", "Since quarter", 18, lambda r: _vi(words.period("quarter", r["since_quarter"]))),
    _Column("Báo cáo ngày", "Reported on", 14, lambda r: r["reported_on"], "dd/mm/yyyy"),
)
_REPORTS = (
    _Column("Chỉ số", "Indicator (Vietnamese)", 46, lambda r: r["title_vi"]),
    _Column("Mã chỉ số", "Indicator", 28, lambda r: r["indicator"]),
    _Column("Kỳ", "Period", 18, lambda r: _vi(words.period(r["period_type"], r["period_start"]))),
    _Column("Mã cơ quan", "Code of agency", 14, lambda r: r["agency_code"]),
    _Column("Cơ quan", "Agency", 32, lambda r: r["agency_name"]),
    _Column("Tình trạng", "Status", 14, lambda r: {"late": "muộn", "missing": "chưa gửi"}[r["report_status"]]),
    _Column("Hạn", "Due on", 14, lambda r: r["due_on"], "dd/mm/yyyy"),
    _Column("Báo cáo ngày", "Reported on", 14, lambda r: r["reported_on"], "dd/mm/yyyy"),
)


def draw(release: Release, place: Place) -> bytes:
    """The workbook of a release (xlsx). The same release and design give the same bytes."""
    from openpyxl import Workbook

    rows = Rows(release, place)
    book = Workbook()
    book.remove(book.active)
    _notes(book.create_sheet("Ghi chú"), rows, place)
    for _, group in groupby(rows.targets, key=lambda row: row["pillar"]):
        targets = list(group)
        title = f"{targets[0]['position'] or ''} {targets[0]['pillar_vi']}".strip()
        _sheet(book, title, title, _TARGETS, targets, release, status=True)
    if not rows.targets:
        _sheet(book, "Chỉ tiêu", "Chưa có bảng chỉ tiêu / no table of targets", _TARGETS, [], release)
    if any(row["year"] or row["quarter"] for row in rows.communes):
        _sheet(book, "Xã, phường", "Theo xã, phường / by commune", _COMMUNES, rows.communes, release)
    if rows.qd766:
        _sheet(book, "QĐ 766", "Điểm QĐ 766 của tỉnh / QĐ 766, the province", _QD766, rows.qd766, release)
    if rows.points_lost:
        title = "Điểm QĐ 766 bị mất / points lost"
        _sheet(book, "QĐ 766 điểm mất", title, _POINTS_LOST, rows.points_lost, release)
    if rows.dark_villages:
        title = "Thôn chưa có sóng hoặc cáp quang / villages without signal or fibre"
        _sheet(book, "Vùng lõm sóng", title, _VILLAGES, rows.dark_villages, release)
    if rows.each_report:
        title = "Báo cáo muộn hoặc chưa gửi / reports late or missing"
        _sheet(book, "Báo cáo muộn, thiếu", title, _REPORTS, rows.each_report, release)
    return _bytes(book, release.created_at)


def _sheet(
    book: Workbook,
    name: str,
    title: str,
    columns: Sequence[_Column],
    rows: Sequence[Row],
    release: Release,
    *,
    status: bool = False,
) -> None:
    """One table: title, synthetic warning, headings in two languages, rows; frozen, filtered, ready to print."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
    _put(sheet["A1"], title)
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A2"] = f"Bản công bố {release.id}"
    if release.synthetic:
        sheet["A2"] = f"{_SYNTHETIC} – {release.id}"
        sheet["A2"].font, sheet["A2"].fill = Font(bold=True, color="4B3500"), PatternFill("solid", fgColor="FFF1C9")
    line = Side(style="thin", color="D9D5CB")
    for number, column in enumerate(columns, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = column.width
        for row, text, color in ((3, column.vi, "FFFFFF"), (4, column.en, "C3D3DD")):
            cell = sheet.cell(row, number, text)
            cell.font = Font(bold=row == 3, italic=row == 4, color=color)
            cell.fill = PatternFill("solid", fgColor="0D2C40")
            cell.alignment = Alignment(wrap_text=True, vertical="center")
        for row, item in enumerate(rows, 5):
            cell = sheet.cell(row, number)
            value = column.value(item)
            _put(cell, value)
            # a rank or a count has no decimals
            is_whole = isinstance(value, float) and value.is_integer()
            cell.number_format = column.format.replace(".00", "") if is_whole else column.format
            cell.alignment = Alignment(wrap_text=column.format == "General", vertical="top")
            cell.border = Border(bottom=line)
            if status and column.en.startswith("Status"):
                cell.fill = PatternFill("solid", fgColor=_FILL[item["status"]])
    last = get_column_letter(len(columns))
    sheet.freeze_panes = "B5"
    sheet.auto_filter.ref = f"A4:{last}{max(len(rows), 1) + 4}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = "3:4"


_SYNTHETIC = "DỮ LIỆU MẪU, không phải số liệu thật của tỉnh / SYNTHETIC, not the province's data"


def _notes(sheet: Worksheet, rows: Rows, place: Place) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    release = rows.release
    counts = "; ".join(f"{words.STATUS[status].vi}: {rows.counts[status]}" for status in STATUSES)
    licences = " · ".join(item.get("title", item["name"]) for item in release.package["licenses"]) or "–"
    held = "; ".join(f"{held.target} (từ {held.since[:10]}): {held.reason}" for held in release.held_back)
    created = words.moment(release.created_at)
    lines: list[tuple[str, str, str]] = [
        ("Bản công bố", release.id, "Release"),
        ("Công bố lúc", f"{created.vi} / {created.en}", "Released"),
        ("Tình trạng", f"{len(rows.targets)} chỉ tiêu. {counts}", "Status of the targets"),
        ("Giữ lại", held or "không / none", "Held back"),
        ("Giấy phép", licences, "Licences"),
        ("Ô trống", "chưa biết, không phải bằng 0 / unknown, not zero", "Empty cell"),
        ("Khoảng cách", "giá trị trừ mục tiêu / value minus target", "Distance"),
        *((words.STATUS[s].vi, f"{words.STATUS_MEANS[s].vi} / {words.STATUS_MEANS[s].en}", s) for s in STATUSES),
        *((f"Bằng chứng {code}", f"{text.vi} / {text.en}", "Evidence grade") for code, text in words.GRADE.items()),
        ("Cách tính, nguồn, kiểm tra", "scoreboard.html, datapackage.json", "Methods, sources, checks"),
    ]
    _put(sheet["A1"], f"Bảng chỉ tiêu chuyển đổi số {place.province_name}")
    sheet["A1"].font = Font(bold=True, size=16)
    if release.synthetic:
        sheet["A2"] = _SYNTHETIC
        sheet["A2"].font, sheet["A2"].fill = Font(bold=True, color="4B3500"), PatternFill("solid", fgColor="FFF1C9")
    for row, (vi, text, en) in enumerate(lines, 4):
        for column, value in enumerate((vi, text, en), 1):
            cell = sheet.cell(row, column)
            _put(cell, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=column == 1, italic=column == 3)
    for letter, width in (("A", 28), ("B", 100), ("C", 26)):
        sheet.column_dimensions[letter].width = width


def _put(cell: Any, value: Any) -> None:
    """A value into a cell. Text stays text, also when it looks like a formula; what XML cannot hold goes."""
    if isinstance(value, str):
        cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    """At most 31 characters, none that a sheet may not have, no name twice."""
    clean = re.sub(r"[\[\]:*?/\\']", " ", name).strip() or "-"
    short = clean if len(clean) <= 31 else clean[:30].rstrip() + "…"
    number = 2
    while short in taken:
        short, number = f"{clean[:27].rstrip()} {number}", number + 1
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
