"""The workbook itself: what an official opens, fills and sends back. The only file but `marked.py` that writes xlsx.

Open cells carry an asterisk in their heading, a frame and a ground, so that no colour is needed to see them; all others
are protected, without a password. The same form of the same day gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from pipelines.reporting.forms import Form, FormRow
from pipelines.reporting.registry import FREQUENCIES_VI, LAYOUT, Indicator
from pipelines.sources.reported_indicators import CHOICE, FIELDS, STATUSES

SHEET, GUIDE, LISTS = "Số liệu", "Hướng dẫn", "Danh sách"
HEADER_ROW = 6
COLUMN = {field: number for number, field in enumerate((f for f in FIELDS.values() if f != "fix"), 1)}
OPEN_FIELDS = ("value", "status", "note")
LAST_PRINTED = COLUMN["note"]

_WIDTHS = {
    "position": 7,
    "title": 30,
    "definition": 44,
    "unit": 11,
    "range": 13,
    "area_name": 18,
    "agency_name": 22,
    "period": 12,
    "previous": 14,
    "value": 15,
    "status": 16,
    "note": 26,
    "indicator": 28,
    "area_code": 11,
    "agency_code": 15,
    "form": 22,
}
_FONT = "Arial"
_THIN = Side(style="thin", color="9AA5B1")
_STRONG = Side(style="medium", color="8A5A00")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
OPEN_FILL = PatternFill("solid", fgColor="FFF7DB")
OPEN_BORDER = Border(left=_STRONG, right=_STRONG, top=_STRONG, bottom=_STRONG)
_HEADER_FILL = PatternFill("solid", fgColor="1F4E79")
_CODE_FILL = PatternFill("solid", fgColor="F0F2F5")
_WHOLE_COUNTS = 1e15
"""Excel keeps 15 digits; no count of a province comes near."""


@dataclass(frozen=True)
class Answer:
    """What is typed into the open cells of a row; `agency_code` where the form leaves it open."""

    value: float | str | bool | None = None
    status: str | None = None
    note: str | None = None
    agency_code: str | None = None


def workbook_bytes(
    form: Form,
    *,
    made_on: date,
    send_to: str,
    answers: Mapping[tuple[str, str], Answer] | None = None,
    previous: Mapping[tuple[str, str], str] | None = None,
) -> bytes:
    """The workbook of a form as xlsx; with `answers` by (indicator, area_code), filled in.

    Args:
        previous: by the same, what was reported for the period before, for who fills it to compare with.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  for the type checker: a new workbook has a sheet
    sheet.title = SHEET
    _fill_sheet(sheet, form, answers or {}, previous or {})
    _fill_guide(book.create_sheet(GUIDE), form, made_on, send_to)
    if form.choices:
        lists = book.create_sheet(LISTS)
        lists.sheet_state = "hidden"
        for choice in form.choices:
            lists.append([f"{choice.code}{CHOICE}{choice.name}"])
    book.security = WorkbookProtection(lockStructure=True)
    book.properties.creator = "hatinh"
    book.properties.title = f"{form.title_vi} – {form.period.title_vi}"
    book.custom_doc_props.append(StringProperty(name="hatinh_form", value=checksum(form)))
    return settled(book, made_on)


def checksum(form: Form) -> str:
    """What a workbook asks, in one word: layout, period and the forms of all its rows."""
    asked = "\n".join(f"{row.form} {row.area_code}" for row in form.rows)
    return f"{LAYOUT}-{form.period.label}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def range_text(indicator: Indicator) -> str:
    """The values that can be true, as readers read them."""
    low, high = indicator.valid_min, indicator.valid_max
    if low is None and high is None:
        return "số bất kỳ"
    if high is None:
        return f"từ {low:g} trở lên"
    return f"{low:g} – {high:g}" if low is not None else f"đến {high:g}"


def settled(book: Workbook, made_on: date) -> bytes:
    """The bytes of a workbook without the moment at which they were written."""
    moment = datetime.combine(made_on, time())
    book.properties.created = book.properties.modified = moment
    first, last = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(first, "w", zipfile.ZIP_STORED) as archive:
        ExcelWriter(book, archive).write_data()
    with zipfile.ZipFile(first) as members, zipfile.ZipFile(last, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members.infolist():
            stamped = zipfile.ZipInfo(member.filename, (made_on.year, made_on.month, made_on.day, 0, 0, 0))
            stamped.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(stamped, members.read(member))
    return last.getvalue()


# -------------------------------------------------------------------------------------------------------- the figures
def _fill_sheet(
    sheet: Worksheet,
    form: Form,
    answers: Mapping[tuple[str, str], Answer],
    previous: Mapping[tuple[str, str], str],
) -> None:
    agencies = {row.agency.name for row in form.rows if row.agency}
    who = next(iter(agencies)) if len(agencies) == 1 and not form.choices else "theo từng dòng"
    heads = (
        (1, f"BIỂU BÁO CÁO: {form.title_vi}", Font(name=_FONT, size=14, bold=True, color="1F4E79")),
        (2, f"Kỳ báo cáo: {form.period.title_vi}    ·    Hạn gửi: {form.due_on:%d/%m/%Y}", Font(name=_FONT, bold=True)),
        (3, f"Cơ quan báo cáo: {who}", Font(name=_FONT, bold=True)),
        (
            4,
            "Chỉ nhập vào các ô viền đậm của những cột có dấu *. Ô để trống là chưa báo cáo, không phải số 0. "
            f"Cách điền và nơi gửi: xem trang “{GUIDE}”.",
            Font(name=_FONT, italic=True),
        ),
    )
    for number, text, font in heads:
        cell = sheet.cell(number, 1, text)
        cell.font = font
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=LAST_PRINTED)
        cell.alignment = Alignment(vertical="center", wrap_text=number == 4)
    sheet.row_dimensions[1].height = 24
    is_open = {*OPEN_FIELDS, *(("agency_code",) if form.choices else ())}
    headings = {field: heading for heading, field in FIELDS.items()}
    for field, column in COLUMN.items():
        cell = sheet.cell(HEADER_ROW, column, headings[field] + (" *" if field in is_open else ""))
        cell.font = Font(name=_FONT, bold=True, color="FFFFFF")
        cell.fill = _HEADER_FILL
        cell.border = _BOX
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS[field]
    sheet.row_dimensions[HEADER_ROW].height = 32
    before, looks = "", dict[tuple[str, bool, str], Any]()
    for number, row in enumerate(form.rows, 1):
        key = (row.indicator.code, row.area_code)
        _fill_row(sheet, form, number, row, answers.get(key, Answer()), previous.get(key), before, looks)
        before = row.indicator.code
    if form.choices:  # code and name
        sheet.column_dimensions[get_column_letter(COLUMN["agency_code"])].width = 42
    last = HEADER_ROW + len(form.rows)
    _validate(sheet, form, last)
    _set_up(sheet, last)


def _fill_row(
    sheet: Worksheet,
    form: Form,
    number: int,
    row: FormRow,
    answer: Answer,
    previous: str | None,
    before: str,
    looks: dict[tuple[str, bool, str], Any],
) -> None:
    """One line of the form; `looks` keeps the styles of the sheet."""
    at = HEADER_ROW + number
    is_first = row.indicator.code != before
    agency = row.agency or next((a for a in form.choices if a.code == answer.agency_code), None)
    cells = {
        "position": f"{number}/{len(form.rows)}",
        "title": row.indicator.title_vi,
        "definition": row.indicator.definition_vi if is_first else "như trên",
        "unit": row.indicator.unit,
        "range": range_text(row.indicator),
        "area_name": row.area_name,
        "agency_name": agency.name if agency else "chọn ở cột Mã cơ quan",
        "period": form.period.label,
        "previous": previous or "–",
        "value": answer.value,
        "status": answer.status,
        "note": answer.note,
        "indicator": row.indicator.code,
        "area_code": row.area_code,
        "agency_code": agency.code if agency else None,
        "form": row.form,
    }
    for field, column in COLUMN.items():
        cell = sheet.cell(at, column)
        cell.value = cells[field]
        is_open = field in OPEN_FIELDS or (field == "agency_code" and row.agency is None)
        look = (field, is_open, row.indicator.unit)
        if look in looks:  # openpyxl looks a style up by all that it has, which takes most of the time
            cell._style = copy(looks[look])
            continue
        cell.font = Font(name=_FONT, size=10, color="5B6670" if column > LAST_PRINTED else "000000")
        cell.border = _BOX
        cell.alignment = Alignment(vertical="center", wrap_text=True, horizontal="center" if column > 3 else "left")
        if is_open:
            cell.fill, cell.border = OPEN_FILL, OPEN_BORDER
            cell.protection = Protection(locked=False)
        elif column > LAST_PRINTED:
            cell.fill = _CODE_FILL
        if field == "value":
            cell.number_format = "#,##0.##" if row.indicator.unit == "%" else "#,##0"
            cell.alignment = Alignment(horizontal="right", vertical="center")
        elif field in ("period", "area_code", "agency_code", "position"):
            cell.number_format = "@"
        looks[look] = cell._style
    sheet.row_dimensions[at].height = _height(cells)


def _height(cells: Mapping[str, object]) -> float:
    """Points that the longest wrapped text needs: about 1.15 characters of 10 points go into a unit of width."""
    wrapped = ("title", "definition", "area_name", "agency_name", "note")
    lines = max(math.ceil(len(str(cells[field] or "")) / (_WIDTHS[field] * 1.15)) for field in wrapped)
    return 6 + 13.5 * max(lines, 1)


def _validate(sheet: Worksheet, form: Form, last: int) -> None:
    """What Excel itself refuses while typing, with the reason; nothing rests on it, since cells are also pasted."""
    numbers: dict[str, DataValidation] = {}
    value = get_column_letter(COLUMN["value"])
    for at, row in enumerate(form.rows, HEADER_ROW + 1):
        indicator = row.indicator
        if indicator.code not in numbers:
            low = indicator.valid_min if indicator.valid_min is not None else -_WHOLE_COUNTS
            high = indicator.valid_max if indicator.valid_max is not None else _WHOLE_COUNTS
            rule = DataValidation(
                "decimal", operator="between", formula1=f"{low:g}", formula2=f"{high:g}", allow_blank=True
            )
            rule.errorTitle, rule.error = (
                "Không nhận giá trị này",
                f"Cần một số, {range_text(indicator)} ({indicator.unit}).",
            )
            hint = " 85 phần trăm nhập là 85, không phải 0,85." if indicator.unit == "%" else ""
            rule.promptTitle = f"Đơn vị: {indicator.unit}"[:32]
            rule.prompt = f"Một số, {range_text(indicator)}.{hint} Chưa có số liệu thì để trống."
            rule.showErrorMessage = rule.showInputMessage = True
            numbers[indicator.code] = rule
            sheet.add_data_validation(rule)
        numbers[indicator.code].add(f"{value}{at}")
    statuses = _list(f'"{",".join(STATUSES)}"', "Chọn một dòng trong danh sách, hoặc để trống.")
    statuses.add(f"{get_column_letter(COLUMN['status'])}{HEADER_ROW + 1}:{get_column_letter(COLUMN['status'])}{last}")
    sheet.add_data_validation(statuses)
    if form.choices:
        codes = _list(f"'{LISTS}'!$A$1:$A${len(form.choices)}", "Chọn cơ quan trong danh sách (mã và tên).")
        for at, row in enumerate(form.rows, HEADER_ROW + 1):
            if row.agency is None:
                codes.add(f"{get_column_letter(COLUMN['agency_code'])}{at}")
        sheet.add_data_validation(codes)


def _list(formula: str, error: str) -> DataValidation:
    rule = DataValidation("list", formula1=formula, allow_blank=True)
    rule.errorTitle, rule.error, rule.showErrorMessage = "Không có trong danh sách", error, True
    return rule


def _set_up(sheet: Worksheet, last: int) -> None:
    """Frozen header, protection without a password, and a page that prints on one A4 across."""
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, COLUMN["definition"])
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False  # False allows it
    sheet.sheet_view.showGridLines = False
    sheet.sheet_view.zoomScale = 90
    page(sheet, f"A1:{get_column_letter(LAST_PRINTED)}{last}")
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"


def page(sheet: Worksheet, area: str) -> None:
    """Print an area on A4, as many pages as it is long and one across."""
    sheet.print_area = area
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.oddFooter.center.text = "Trang &P / &N"


# ---------------------------------------------------------------------------------------------------------- the guide
def _fill_guide(sheet: Worksheet, form: Form, made_on: date, send_to: str) -> None:
    last = form.period.last
    lines = [
        ("Biểu", form.title_vi),
        (
            "Kỳ báo cáo",
            f"{form.period.title_vi} ({form.period.label}): từ {form.period.first:%d/%m/%Y} đến {last:%d/%m/%Y}",
        ),
        ("Hạn gửi", f"{form.due_on:%d/%m/%Y}"),
        ("Nơi gửi", send_to),
        (
            "Tên tệp khi gửi",
            f"Giữ tên tệp và thêm ngày gửi vào cuối, ví dụ {form.name}_{form.due_on:%Y-%m-%d}.xlsx; gửi lại số liệu đã "
            "sửa thì đổi ngày, tệp sau thay số liệu của tệp trước, ô để trống không thay gì.",
        ),
        ("SỐ LIỆU", "Gõ một số, không gõ chữ, dấu % hay đơn vị. 85,5 phần trăm gõ là 85,5 (không gõ 0,855)."),
        (
            "Ô để trống",
            "Nghĩa là chưa báo cáo. Nếu thật sự bằng không thì gõ 0. Nếu không có gì để đo thì chọn “Không áp dụng”.",
        ),
        (
            "Tình trạng",
            "Thực hiện: số chính thức. Ước thực hiện: số ước tính, sẽ báo cáo lại. Không áp dụng: địa bàn, cơ quan "
            "không có nội dung này; khi đó không gõ số. Để trống cạnh một số được hiểu là Thực hiện.",
        ),
        (
            "Ghi chú",
            "Được công bố cùng số liệu: không ghi tên người, số điện thoại, thư điện tử, mã hồ sơ. Tỷ lệ thật sự không "
            "quá 1 % thì ghi rõ, ví dụ “0,85 % là đúng”.",
        ),
        ("Không được", "Xóa, thêm hay đổi chỗ dòng; sửa các cột mã; thêm trang; dùng mẫu của kỳ khác."),
        (
            "Khi bị trả lại",
            "Tệp trả lại có ghi lý do ở từng ô sai (cột “Cần sửa”, ghi chú của ô và trang “Cần sửa”). Sửa ngay trên "
            "tệp đó rồi gửi lại.",
        ),
        ("Chu kỳ", ", ".join(sorted({FREQUENCIES_VI[row.indicator.frequency] for row in form.rows}))),
        ("Phiên bản mẫu", f"{LAYOUT} · mã kiểm {checksum(form)} · lập ngày {made_on:%d/%m/%Y}"),
    ]
    sheet.sheet_view.showGridLines = False
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 110
    sheet.cell(1, 1, "HƯỚNG DẪN ĐIỀN BIỂU").font = Font(name=_FONT, size=14, bold=True, color="1F4E79")
    for at, (name, text) in enumerate(lines, 3):
        sheet.cell(at, 1, name).font = Font(name=_FONT, bold=True)
        sheet.cell(at, 2, text).font = Font(name=_FONT)
        for cell in (sheet.cell(at, 1), sheet.cell(at, 2)):
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.border = _BOX
        sheet.row_dimensions[at].height = 6 + 14 * math.ceil(len(text) / 115)
    at = len(lines) + 5
    if form.choices:
        sheet.cell(at - 1, 1, "Mã cơ quan").font = Font(name=_FONT, bold=True)
        for offset, choice in enumerate(form.choices):
            sheet.cell(at + offset, 1, choice.code).font = Font(name=_FONT)
            sheet.cell(at + offset, 2, choice.name).font = Font(name=_FONT)
        at += len(form.choices)
    sheet.protection.sheet = True
    page(sheet, f"A1:B{at}")
