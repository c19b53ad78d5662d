"""What is wrong goes back to who filled the workbook: a copy with the reason at each cell, in words.

A wrong cell is framed and filled, has a comment, and its reason stands in words at the end of its row (column
"Cần sửa") and in a list on a sheet of its own, so nobody needs to see a colour. The copy can be mended and sent again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.reporting.check import Check, Finding
from pipelines.reporting.registry import Indicator
from pipelines.reporting.workbook import OPEN_BORDER, OPEN_FIELDS, OPEN_FILL, page, range_text, settled
from pipelines.sources import isolated
from pipelines.sources.reported_indicators import FIELDS
from pipelines.sources.tables import HEADER_WITHIN, heading_key
from pipelines.sources.workbooks import LARGEST_WORKBOOK

LIST = "Cần sửa"
WHOLE_ROW = "cả dòng"
_Line = tuple[Finding, str | None, str]
"""A finding, the cell that it is marked at, and what is said of it."""
_AUTHOR = "hatinh"
_WRONG_FILL = PatternFill("solid", fgColor="FFD9D6")
_WRONG_SIDE = Side(style="thick", color="B3261E")
_WRONG_BORDER = Border(left=_WRONG_SIDE, right=_WRONG_SIDE, top=_WRONG_SIDE, bottom=_WRONG_SIDE)
_WRAPPED = Alignment(vertical="center", wrap_text=True)
_LARGEST = 16 << 20
"""Bytes of a workbook that is opened to be marked; a larger one is no form of ours and gets the list alone."""

_AGAIN = "Lấy lại mẫu (hatinh template) và chép số liệu sang."
MENDS: Mapping[str, str] = {
    # of the file
    "empty_file": f"Tệp không có dòng số liệu nào. {_AGAIN}",
    "hidden_sheet": f"Trang có tiêu đề của biểu đang bị ẩn nên không được đọc. Bỏ ẩn trang đó, hoặc: {_AGAIN}",
    "header_not_found": f"Không thấy dòng tiêu đề của biểu ở trang nào đang hiện. Bỏ ẩn trang đó, hoặc: {_AGAIN}",
    "unreadable_workbook": "Không mở được tệp: hỏng, có mật khẩu, quá lớn, hoặc không phải Excel. Lưu lại dạng .xlsx.",
    "unreadable_file": "Không đọc được tệp: hỏng, quá lớn hoặc quá phức tạp. Mở bằng Excel, lưu lại dạng .xlsx, hoặc: "
    + _AGAIN,
    "two_columns": "Hai cột cùng chỉ một nội dung. Giữ một cột, xóa cột kia.",
    "archive": "Đây là tệp nén (zip, rar, 7z). Giải nén rồi gửi tệp Excel bên trong.",
    "compressed_table": "Đây là tệp nén gzip. Giải nén rồi gửi tệp bên trong.",
    "web_archive": "Đây là trang web lưu dạng MHTML. Mở bằng Excel, lưu lại dạng .xlsx.",
    "web_page": "Đây là trang web, không phải số liệu. Tải lại tệp.",
    "xml_spreadsheet": "Đây là bảng tính XML 2003. Mở bằng Excel, lưu lại dạng .xlsx.",
    "open_document": "Đây là tệp OpenDocument. Lưu lại dạng .xlsx.",
    "binary_workbook": "Đây là tệp .xlsb. Lưu lại dạng .xlsx.",
    "protected_workbook": "Tệp có mật khẩu. Lưu lại không có mật khẩu.",
    "workbook_too_large": "Vùng đã dùng của trang quá lớn. Xóa các dòng, cột trống có định dạng, rồi lưu lại.",
    "text_document": "Đây là văn bản hoặc bản trình chiếu. Gửi tệp Excel.",
    "pdf_document": "Đây là tệp PDF. Gửi tệp Excel.",
    "second_list": "Tệp JSON có hai danh sách. Gửi lại tệp Excel.",
    "repeated_key": "Dòng JSON có hai lần một khóa. Gửi lại tệp Excel.",
    "row_lost": "Dòng này bị nuốt vào một ô vì thiếu dấu ngoặc kép. Gửi lại tệp Excel.",
    "wrong_encoding": "Chữ trong dòng sai bảng mã (TCVN3, ABC). Chuyển sang Unicode.",
    "further_sheet": "Có hơn một trang số liệu, không rõ trang nào đúng. Giữ một trang, xóa các trang chép thêm.",
    "truncated_table": "Tệp bị cắt ngang. Gửi lại tệp đầy đủ.",
    "truncated_gzip": "Tệp bị cắt ngang. Gửi lại tệp đầy đủ.",
    "corrupt_gzip": "Tệp bị hỏng. Gửi lại tệp Excel.",
    "truncated_array": "Tệp bị cắt ngang. Gửi lại tệp Excel.",
    "malformed_array": "Tệp bị hỏng. Gửi lại tệp Excel.",
    "invalid_json": "Tệp bị hỏng. Gửi lại tệp Excel.",
    "not_an_object": "Tệp bị hỏng. Gửi lại tệp Excel.",
    "malformed_row": "Dòng bị hỏng. Gửi lại tệp Excel.",
    "invalid_utf8": "Chữ trong dòng bị lỗi mã. Gửi lại tệp Excel.",
    "record_too_long": "Dòng quá dài. Rút gọn ghi chú.",
    # of a row
    "wrong_width": "Có chữ ngoài các cột của biểu, ở dòng này. Xóa những ô bên phải biểu.",
    "row_altered": "Dòng này không phải dòng của biểu (cột STT khác mẫu). Xóa dòng thêm vào, hoặc trả lại STT như mẫu.",
    "row_repeated": "Dòng này có STT đã dùng ở trên. Xóa dòng chép thêm.",
    "row_deleted": f"Một dòng của biểu đã bị xóa. Chỉ số chưa có thì để trống, không xóa dòng. {_AGAIN}",
    "duplicate_record": "Dòng này lặp lại một dòng ở trên. Xóa dòng chép thêm.",
    "missing_field": "Ô này không được để trống. Cột Mã cơ quan: chọn mã cơ quan báo cáo; cột khác: lấy lại mẫu.",
    # of the codes
    "unknown_indicator": f"Không có chỉ số nào có mã này. {_AGAIN}",
    "not_reported": "Chỉ số này không báo cáo bằng biểu: hệ thống tự tính hoặc lấy từ nguồn công bố. Xóa số liệu.",
    "unknown_agency": "Không có cơ quan nào có mã này trong kỳ báo cáo. Chọn mã trong danh sách.",
    "unknown_area": f"Không có đơn vị hành chính nào có mã này trong kỳ báo cáo. {_AGAIN}",
    "area_of_another": "Cơ quan này không báo cáo cho địa bàn này. Chọn đúng mã cơ quan, hoặc lấy lại mẫu của cơ quan.",
    "bad_period": "Kỳ báo cáo phải viết như 2026, 2026-H1, 2026-Q3 hoặc 2026-09. Trả lại như mẫu.",
    "wrong_frequency": f"Chỉ số này không báo cáo theo loại kỳ này. {_AGAIN}",
    "other_period": "Kỳ báo cáo khác kỳ của mẫu. Trả lại như mẫu; kỳ khác thì lấy mẫu của kỳ đó.",
    "period_not_begun": "Kỳ báo cáo chưa bắt đầu. Kiểm tra kỳ và ngày trong tên tệp.",
    "old_form": f"Mẫu cũ hoặc mẫu của kỳ khác: định nghĩa, đơn vị hay khoảng cho phép đã đổi. {_AGAIN}",
    # of the open cells
    "formula_without_value": "Dòng có công thức chưa tính, hoặc ra lỗi. Gõ thẳng con số, hoặc mở bằng Excel, lưu lại.",
    "text_in_number_cell": "Đây là chữ, không phải số. Xóa ô rồi gõ lại con số, không kèm chữ, dấu % hay đơn vị.",
    "not_a_number": "Đây không phải một số. Gõ một số, không kèm chữ, dấu % hay đơn vị.",
    "unknown_status": "Chọn Thực hiện, Ước thực hiện hoặc Không áp dụng.",
    "value_not_applicable": "Đã chọn Không áp dụng thì không có số liệu. Xóa con số, hoặc đổi tình trạng.",
    "status_without_value": "Đã chọn tình trạng mà chưa có số liệu. Gõ số; chưa có thì xóa tình trạng.",
    "fraction_for_percent": "Số phần trăm nhập theo thang 100: 85, không phải 0,85. Nếu thật sự không quá 1 %, ghi rõ "
    "ở Ghi chú, ví dụ “0,85 % là đúng”.",
    "out_of_range": "Ngoài khoảng cho phép ({range}). Kiểm tra con số và đơn vị tính ({unit}).",
    "note_too_long": "Ghi chú dài quá 500 ký tự. Rút gọn.",
    "contact_in_note": "Ghi chú được công bố: bỏ số điện thoại, thư điện tử, số định danh, mã hồ sơ. Số rất lớn viết "
    "bằng triệu, tỷ.",
}
"""What each reason of quarantine says to who filled the workbook: what is wrong, and what to do."""


def said(finding: Finding, indicator: Indicator | None) -> str:
    """A reason in words."""
    bounds = range_text(indicator) if indicator else "xem cột Khoảng cho phép"
    unit = indicator.unit if indicator else "xem cột Đơn vị tính"
    return MENDS[finding.reason].replace("{range}", bounds).replace("{unit}", unit)


def said_lines(content: bytes, checked: Check, indicators: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    """Every finding as (row, cell or "cả dòng", reason in words), for people who look at a terminal."""
    *_, lines = _in_child(_said, content, checked, indicators) or _said(None, checked, indicators)
    return [(row, place, text) for row, place, text in json.loads(lines)]


def marked_copy(content: bytes, checked: Check, indicators: Mapping[str, Indicator], made_on: date) -> bytes:
    """The workbook as it came, with every finding marked; where it cannot be opened, the list of findings alone."""
    (copy,) = _in_child(_copy, content, checked, indicators, made_on) or _copy(None, checked, indicators, made_on)
    return copy


def _in_child(function: Callable[..., Iterator[bytes]], content: bytes, *arguments: Any) -> list[bytes]:
    """What a function makes of the workbook, in the process that reads files of others; nothing where that fails."""
    try:
        return list(isolated.call(function, io.BytesIO(content), *arguments))
    except isolated.ReaderFailed:
        return []


def _said(stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator]) -> Iterator[bytes]:
    _, lines = _marked(stream, checked, indicators)
    yield json.dumps([(str(finding.row_no), place or WHOLE_ROW, text) for finding, place, text in lines]).encode()


def _copy(
    stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator], made_on: date
) -> Iterator[bytes]:
    book, lines = _marked(stream, checked, indicators)
    _list(book, lines)
    yield settled(book, made_on)


def _marked(
    stream: BinaryIO | None, checked: Check, indicators: Mapping[str, Indicator]
) -> tuple[Workbook, list[_Line]]:
    book = None if stream is None or checked.refusal else _opened(stream.read(_LARGEST + 1))
    if book is None:
        book = Workbook()
        assert book.active is not None  # noqa: S101  a new workbook has a sheet
        book.remove(book.active)
    if LIST in book.sheetnames:  # a marked copy that came again
        book.remove(book[LIST])
    found = _table(book)
    if found is None:
        return book, [(finding, None, said(finding, None)) for finding in checked.findings]
    sheet, header, columns = found
    _clean(sheet, header, columns)
    last = sheet.max_row
    return book, [_mark(sheet, header, columns, finding, indicators, last) for finding in checked.findings]


def _opened(content: bytes) -> Workbook | None:
    if len(content) > _LARGEST:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            if sum(member.file_size for member in members.infolist()) > LARGEST_WORKBOOK >> 4:
                return None
        return load_workbook(io.BytesIO(content))
    except Exception:  # whatever the bytes make openpyxl raise
        return None


def _table(book: Workbook) -> tuple[Worksheet, int, dict[str, int]] | None:
    """The visible sheet with the header, its row, and the column of each field."""
    by_key = {heading_key(heading): field for heading, field in FIELDS.items()}
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        for number, cells in enumerate(sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True), 1):
            columns = {
                by_key[key]: at for at, cell in enumerate(cells, 1) if (key := heading_key(f"{cell or ''}")) in by_key
            }
            if {"indicator", "value", "form"} <= columns.keys():
                return sheet, number, columns
    return None


def _clean(sheet: Worksheet, header: int, columns: dict[str, int]) -> None:
    """Take away the marks of an earlier copy, and make sure of the column of reasons."""
    columns.setdefault("mend", max(columns.values()) + 1)
    at = columns["mend"]
    heading = sheet.cell(header, at, LIST)
    heading.font = Font(name="Arial", bold=True, color="B3261E")
    heading.alignment = _WRAPPED
    sheet.column_dimensions[get_column_letter(at)].width = 60
    for row in range(header + 1, sheet.max_row + 1):
        sheet.cell(row, at).value = None
        for field, column in columns.items():
            cell = sheet.cell(row, column)
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
                cell.border = OPEN_BORDER if field in OPEN_FIELDS else Border()
                cell.fill = OPEN_FILL if field in OPEN_FIELDS else PatternFill()


def _mark(
    sheet: Worksheet,
    header: int,
    columns: Mapping[str, int],
    finding: Finding,
    indicators: Mapping[str, Indicator],
    last: int,
) -> _Line:
    if not header < finding.row_no <= last:
        return finding, None, said(finding, None)  # a row that is not there
    indicator = indicators.get(str(sheet.cell(finding.row_no, columns["indicator"]).value or "").strip())
    text = said(finding, indicator)
    column = columns.get(finding.field or "position", columns["indicator"])
    cell = sheet.cell(finding.row_no, column)
    assert isinstance(cell, Cell)  # noqa: S101  forms have no merged cells below their header
    cell.fill, cell.border = _WRONG_FILL, _WRONG_BORDER
    cell.comment = Comment(f"Cần sửa: {text}", _AUTHOR, height=120, width=320)
    reason = sheet.cell(finding.row_no, columns["mend"])
    heading = next((heading for heading, field in FIELDS.items() if field == finding.field), "Dòng")
    reason.value = f"{heading}: {text}"
    reason.alignment = _WRAPPED
    reason.font = Font(name="Arial", size=10, bold=True, color="B3261E")
    return finding, cell.coordinate, text


def _list(book: Workbook, lines: Sequence[_Line]) -> None:
    sheet = book.create_sheet(LIST)
    sheet.append(["Dòng", "Ô", "Cần sửa", "Mã lý do"])
    for finding, place, text in lines:
        sheet.append([finding.row_no, place or WHOLE_ROW, text, finding.reason])
    for letter, width in zip("ABCD", (8, 12, 110, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows():
        for cell in row:
            cell.font = Font(name="Arial", size=10, bold=cell.row == 1)
            cell.alignment = _WRAPPED
    sheet.freeze_panes = "A2"
    page(sheet, f"A1:C{len(lines) + 1}")
