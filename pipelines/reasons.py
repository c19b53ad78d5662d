"""Every reason for which a row or a file is rejected: its code, what it means, and how to fix it.

The codes are used in the quarantine, in messages and in the tests; the texts are for people. Nothing else
lists reasons: the terminal, the marked copies of workbooks and the load read them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines.language import current, recorded

_CORRECT = (
    "Xem lại dòng ở nguồn, sửa rồi gửi lại tệp.",
    "Correct the row at its source and send the file again.",
)
_SEND_AGAIN = ("Gửi lại tệp đầy đủ.", "Send the complete file again.")
_NEW_FORM = "Lấy lại mẫu (hatinh template) và chép số liệu sang."


@dataclass(frozen=True)
class Reason:
    """Why something was rejected.

    Args:
        scope: what is lost: one row; the rest of the file from that row on, however many rows that is; or the file.
        vi, en: what it means.
        fix_vi, fix_en: what to do.
        form_fix_vi: what to do in a workbook of `hatinh template`; `{range}` and `{unit}` are those of its indicator.
    """

    code: str
    scope: Literal["row", "rest", "file"]
    vi: str
    en: str
    fix_vi: str
    fix_en: str
    form_fix_vi: str | None = None


REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason(
            "conflicting_figures",
            "row",
            "một tệp có hai giá trị khác nhau cho cùng một số liệu",
            "one answer has two values for one figure",
            *_CORRECT,
        ),
        Reason(
            "heading_not_read",
            "row",
            "tiêu đề cột của số liệu này chưa được nhận biết",
            "the heading of the figure is not known",
            "Xem tiêu đề của bảng: nguồn đã đổi mẫu, hoặc chưa khai báo chuỗi này.",
            "Look at the heading of the table: the source has changed its form, or the series is not registered.",
        ),
        Reason(
            "ambiguous_number",
            "row",
            "dấu ba chữ số có thể là hàng nghìn hoặc phần thập phân",
            "one mark before three digits: thousands or decimals",
            "Viết số không có dấu hàng nghìn (1024 hoặc 1,0), hoặc gửi bảng tính với ô số.",
            "Write the number without a mark of thousands (1024 or 1.0), or send a workbook with number cells.",
            form_fix_vi="Không rõ dấu chấm hay phẩy là hàng nghìn hay thập phân. Gõ số vào ô của tệp Excel.",
        ),
        Reason(
            "answered_before_received",
            "row",
            "ngày trả lời trước ngày tiếp nhận",
            "answered before it was received",
            *_CORRECT,
        ),
        Reason(
            "area_of_another",
            "row",
            "địa bàn của cơ quan khác",
            "area of another agency",
            *_CORRECT,
            form_fix_vi="Cơ quan này không báo cáo cho địa bàn này. "
            "Chọn đúng mã cơ quan, hoặc lấy lại mẫu của cơ quan.",
        ),
        Reason(
            "bad_amount",
            "row",
            "số tiền không phải là số",
            "amount is not a number of VND",
            "Viết số tiền bằng số nguyên đồng, không kèm chữ.",
            "Write the amount as whole VND, without words.",
        ),
        Reason("bad_code", "row", "mã không đúng dạng", "code is not written as such codes are", *_CORRECT),
        Reason("bad_coordinates", "row", "tọa độ không phải là số", "coordinates are not numbers", *_CORRECT),
        Reason(
            "bad_date",
            "row",
            "ngày không có thật hoặc sai định dạng",
            "no such day, or written in an unknown way",
            "Viết ngày như 31/12/2026 hoặc 2026-12-31.",
            "Write the day like 31/12/2026 or 2026-12-31.",
        ),
        Reason(
            "bad_number",
            "row",
            "số hoặc mã số sai dạng",
            "number, or number of a record, is not written as such",
            *_CORRECT,
        ),
        Reason(
            "bad_period",
            "row",
            "nhãn không chỉ rõ một kỳ, hoặc không phải ngày đầu kỳ",
            "label names no one period, or is not its first day",
            *_CORRECT,
            form_fix_vi="Kỳ báo cáo phải viết như 2026, 2026-H1, 2026-Q3 hoặc 2026-09. Trả lại như mẫu.",
        ),
        Reason(
            "bad_text",
            "row",
            "chữ có ký tự điều khiển hoặc ký tự không giải mã được",
            "text with control characters, or characters that could not be decoded",
            "Mở tệp gốc và lưu lại dạng UTF-8 hoặc .xlsx.",
            "Open the original and save it as UTF-8 or .xlsx.",
            form_fix_vi="Ghi chú có ký tự không đọc được. Gõ lại ghi chú.",
        ),
        Reason("bad_time", "row", "thời hạn không đọc được", "duration cannot be read", *_CORRECT),
        Reason(
            "bad_value",
            "row",
            "giá trị không phải số, cũng không phải dấu thiếu số liệu",
            "value is neither a number nor a mark of a missing one",
            *_CORRECT,
        ),
        Reason(
            "contact_in_note",
            "row",
            "ghi chú có thông tin cá nhân",
            "note holds personal data",
            *_CORRECT,
            form_fix_vi="Ghi chú được công bố: bỏ số điện thoại, thư điện tử, số định danh, mã hồ sơ. "
            "Số rất lớn viết bằng triệu, tỷ.",
        ),
        Reason(
            "corrupt_gzip",
            "rest",
            "tệp nén hỏng",
            "compressed file is damaged",
            *_SEND_AGAIN,
            form_fix_vi="Tệp bị hỏng. Gửi lại tệp Excel.",
        ),
        Reason(
            "date_out_of_range",
            "row",
            "ngày ngoài khoảng hợp lý",
            "date is outside its plausible range",
            "Kiểm tra năm của ngày, và ngày trong tên tệp.",
            "Check the year of the date, and the day in the file's name.",
        ),
        Reason(
            "due_before_receipt",
            "row",
            "ngày hẹn trước ngày tiếp nhận",
            "due before it was received",
            "Sửa ngày hẹn hoặc ngày tiếp nhận ở hệ thống nguồn.",
            "Correct the due date or the day of receipt at the source.",
        ),
        Reason(
            "duplicate_record",
            "row",
            "bản ghi lặp lại trong tệp",
            "same record again in the file",
            "Không cần làm gì: bản ghi đầu được giữ.",
            "Nothing to do: the first record is kept.",
            form_fix_vi="Dòng này lặp lại một dòng ở trên. Xóa dòng chép thêm.",
        ),
        Reason(
            "empty_file",
            "file",
            "tệp rỗng",
            "empty file",
            "Gửi lại tệp có số liệu.",
            "Send a file with rows.",
            form_fix_vi=f"Tệp không có dòng số liệu nào. {_NEW_FORM}",
        ),
        Reason(
            "error_cell",
            "row",
            "ô báo lỗi của bảng tính, hoặc công thức chưa được tính",
            "error value of a spreadsheet, or a formula without a value",
            "Sửa công thức ở ô, hoặc gõ thẳng giá trị, rồi gửi lại.",
            "Correct the formula of the cell, or type the value, and send the file again.",
            form_fix_vi="Ô này báo lỗi của Excel. Sửa công thức, hoặc gõ thẳng giá trị.",
        ),
        Reason(
            "formula_without_value",
            "row",
            "công thức chưa được tính",
            "formula that was not computed",
            *_CORRECT,
            form_fix_vi="Dòng có công thức chưa tính, hoặc ra lỗi. Gõ thẳng con số, hoặc mở bằng Excel, lưu lại.",
        ),
        Reason(
            "fraction_for_percent",
            "row",
            "phần trăm nhập dạng 0,85",
            "per cent entered as a fraction, like 0.85",
            *_CORRECT,
            form_fix_vi="Số phần trăm nhập theo thang 100: 85, không phải 0,85. "
            "Nếu thật sự không quá 1 %, ghi rõ ở Ghi chú, ví dụ “0,85 % là đúng”.",
        ),
        Reason(
            "further_sheet",
            "rest",
            "còn số liệu ở trang tính khác, chưa đọc",
            "another sheet has rows that were not read",
            "Mỗi tệp một trang số liệu: tách các trang còn lại thành tệp riêng.",
            "One sheet with rows per file: send the others as files of their own.",
            form_fix_vi="Có hơn một trang số liệu, không rõ trang nào đúng. Giữ một trang, xóa các trang chép thêm.",
        ),
        Reason(
            "header_not_found",
            "file",
            "không tìm thấy dòng tiêu đề",
            "no header row found",
            "Giữ dòng tiêu đề như mẫu; tiêu đề mới của nhà mạng thì thêm vào operator_headings.csv.",
            "Keep the headings of the form; add new headings of an operator to operator_headings.csv.",
            form_fix_vi=f"Không thấy dòng tiêu đề của biểu ở trang nào đang hiện. Bỏ ẩn trang đó, hoặc: {_NEW_FORM}",
        ),
        Reason(
            "hidden_sheet",
            "row",
            "bảng tính ẩn có số liệu chưa đọc",
            "a hidden sheet has rows that were not read",
            "Bỏ ẩn trang có số liệu rồi gửi lại.",
            "Unhide the sheet and send the workbook again.",
            form_fix_vi=f"Trang có tiêu đề của biểu đang bị ẩn nên không được đọc. Bỏ ẩn trang đó, hoặc: {_NEW_FORM}",
        ),
        Reason(
            "invalid_json",
            "row",
            "không phải JSON",
            "not JSON",
            *_CORRECT,
            form_fix_vi="Tệp bị hỏng. Gửi lại tệp Excel.",
        ),
        Reason(
            "invalid_utf8",
            "row",
            "sai mã ký tự UTF-8",
            "not UTF-8",
            "Lưu lại tệp dạng UTF-8.",
            "Save the file as UTF-8.",
            form_fix_vi="Chữ trong dòng bị lỗi mã. Gửi lại tệp Excel.",
        ),
        Reason(
            "malformed_array",
            "rest",
            "mảng JSON hỏng",
            "JSON array is damaged",
            *_SEND_AGAIN,
            form_fix_vi="Tệp bị hỏng. Gửi lại tệp Excel.",
        ),
        Reason(
            "malformed_row",
            "row",
            "dòng hỏng cấu trúc",
            "row is damaged",
            *_CORRECT,
            form_fix_vi="Dòng bị hỏng. Gửi lại tệp Excel.",
        ),
        Reason("missing_column", "file", "thiếu cột", "a column is missing", *_CORRECT),
        Reason(
            "missing_field",
            "row",
            "thiếu trường bắt buộc",
            "a required field is missing",
            "Điền trường bắt buộc rồi gửi lại.",
            "Fill in the required field and send the file again.",
            form_fix_vi="Ô này không được để trống. Cột Mã cơ quan: chọn mã cơ quan báo cáo; cột khác: lấy lại mẫu.",
        ),
        Reason(
            "more_devices_than_tests", "row", "số thiết bị nhiều hơn số lần đo", "more devices than tests", *_CORRECT
        ),
        Reason(
            "name_without_quarter",
            "file",
            "tên tệp không cho biết quý",
            "file name does not state the quarter",
            "Giữ tên tệp như khi tải về.",
            "Keep the file's name as downloaded.",
        ),
        Reason("no_answer", "file", "không phải câu trả lời của nguồn", "not an answer of the source", *_CORRECT),
        Reason("no_test", "row", "ô không có lần đo nào", "tile without a test", *_CORRECT),
        Reason(
            "not_a_number",
            "row",
            "không phải là số",
            "not a number",
            *_CORRECT,
            form_fix_vi="Đây không phải một số. Gõ một số, không kèm chữ, dấu % hay đơn vị.",
        ),
        Reason("not_a_polygon", "row", "không phải đa giác", "not a polygon", *_CORRECT),
        Reason(
            "not_an_object",
            "row",
            "không phải một đối tượng JSON",
            "not a JSON object",
            *_CORRECT,
            form_fix_vi="Tệp bị hỏng. Gửi lại tệp Excel.",
        ),
        Reason("not_parquet", "file", "không phải tệp Parquet", "not a Parquet file", *_SEND_AGAIN),
        Reason(
            "not_reported",
            "row",
            "chỉ số không báo cáo bằng biểu",
            "indicator is not reported by form",
            *_CORRECT,
            form_fix_vi="Chỉ số này không báo cáo bằng biểu: hệ thống tự tính hoặc lấy từ nguồn công bố. Xóa số liệu.",
        ),
        Reason(
            "note_too_long",
            "row",
            "ghi chú quá dài",
            "note is too long",
            *_CORRECT,
            form_fix_vi="Ghi chú dài quá 500 ký tự. Rút gọn.",
        ),
        Reason(
            "old_form",
            "row",
            "mẫu biểu cũ",
            "outdated form",
            *_CORRECT,
            form_fix_vi=f"Mẫu cũ hoặc mẫu của kỳ khác: định nghĩa, đơn vị hay khoảng cho phép đã đổi. {_NEW_FORM}",
        ),
        Reason("open_ring", "row", "đường ranh giới không khép kín", "ring of a boundary is not closed", *_CORRECT),
        Reason(
            "other_period",
            "row",
            "kỳ báo cáo khác kỳ của mẫu",
            "another period than that of the form",
            *_CORRECT,
            form_fix_vi="Kỳ báo cáo khác kỳ của mẫu. Trả lại như mẫu; kỳ khác thì lấy mẫu của kỳ đó.",
        ),
        Reason(
            "out_of_range",
            "row",
            "ngoài khoảng cho phép",
            "outside the allowed range",
            "Kiểm tra con số và đơn vị tính.",
            "Check the number and its unit.",
            form_fix_vi="Ngoài khoảng cho phép ({range}). Kiểm tra con số và đơn vị tính ({unit}).",
        ),
        Reason(
            "outside_province",
            "row",
            "tọa độ ngoài phạm vi tỉnh",
            "coordinates outside the province",
            "Kiểm tra tọa độ; nếu đúng, sửa HATINH_PROVINCE_BOX.",
            "Check the coordinates; if they are right, correct HATINH_PROVINCE_BOX.",
        ),
        Reason(
            "period_not_begun",
            "row",
            "kỳ báo cáo chưa bắt đầu",
            "period has not begun",
            *_CORRECT,
            form_fix_vi="Kỳ báo cáo chưa bắt đầu. Kiểm tra kỳ và ngày trong tên tệp.",
        ),
        Reason(
            "record_too_long",
            "row",
            "bản ghi quá dài",
            "record is too long",
            *_CORRECT,
            form_fix_vi="Dòng quá dài. Rút gọn ghi chú.",
        ),
        Reason(
            "row_altered",
            "row",
            "dòng không phải của biểu",
            "row is none of the form",
            *_CORRECT,
            form_fix_vi="Dòng này không phải dòng của biểu (cột STT khác mẫu). "
            "Xóa dòng thêm vào, hoặc trả lại STT như mẫu.",
        ),
        Reason(
            "row_deleted",
            "row",
            "dòng của biểu bị xóa",
            "row of the form was deleted",
            *_CORRECT,
            form_fix_vi=f"Một dòng của biểu đã bị xóa. Chỉ số chưa có thì để trống, không xóa dòng. {_NEW_FORM}",
        ),
        Reason(
            "row_repeated",
            "row",
            "dòng lặp lại",
            "row is repeated",
            *_CORRECT,
            form_fix_vi="Dòng này có STT đã dùng ở trên. Xóa dòng chép thêm.",
        ),
        Reason(
            "status_without_value",
            "row",
            "có tình trạng nhưng chưa có số liệu",
            "status without a value",
            *_CORRECT,
            form_fix_vi="Đã chọn tình trạng mà chưa có số liệu. Gõ số; chưa có thì xóa tình trạng.",
        ),
        Reason("stray_cell", "row", "ô ngoài bảng", "cell outside the table", *_CORRECT),
        Reason(
            "swapped_coordinates",
            "row",
            "kinh độ, vĩ độ đổi chỗ",
            "longitude and latitude are exchanged",
            "Đổi lại cột kinh độ và vĩ độ.",
            "Exchange the columns of longitude and latitude.",
        ),
        Reason(
            "text_in_number_cell",
            "row",
            "chữ trong ô số",
            "text in a cell for a number",
            *_CORRECT,
            form_fix_vi="Đây là chữ, không phải số. Xóa ô rồi gõ lại con số, không kèm chữ, dấu % hay đơn vị.",
        ),
        Reason(
            "text_too_long",
            "row",
            "chữ dài quá giới hạn của trường",
            "text is longer than the field allows",
            "Rút gọn chữ trong ô.",
            "Shorten the text.",
        ),
        Reason(
            "total_row",
            "row",
            "dòng cộng, không phải một đối tượng",
            "row of totals, not a member",
            "Không cần làm gì nếu đó là dòng cộng; nếu là tên thật, viết đủ tên.",
            "Nothing to do if it is a row of totals; if it is a name, write it in full.",
        ),
        Reason(
            "truncated_array",
            "rest",
            "mảng JSON bị cắt",
            "JSON array is truncated",
            *_SEND_AGAIN,
            form_fix_vi="Tệp bị cắt ngang. Gửi lại tệp Excel.",
        ),
        Reason(
            "truncated_gzip",
            "rest",
            "tệp nén bị cắt",
            "compressed file is truncated",
            *_SEND_AGAIN,
            form_fix_vi="Tệp bị cắt ngang. Gửi lại tệp đầy đủ.",
        ),
        Reason(
            "truncated_table",
            "rest",
            "bảng bị cắt",
            "table is truncated",
            *_SEND_AGAIN,
            form_fix_vi="Tệp bị cắt ngang. Gửi lại tệp đầy đủ.",
        ),
        Reason(
            "two_operators",
            "row",
            "tên tệp nêu hai nhà mạng",
            "file name names two operators",
            "Ghi cột Nhà mạng ở từng dòng, hoặc tách tệp theo nhà mạng.",
            "Name the operator in each row, or send one file per operator.",
        ),
        Reason(
            "unknown_agency",
            "row",
            "cơ quan ngoài danh mục",
            "agency is not in the registry",
            *_CORRECT,
            form_fix_vi="Không có cơ quan nào có mã này trong kỳ báo cáo. Chọn mã trong danh sách.",
        ),
        Reason(
            "unknown_area",
            "row",
            "đơn vị hành chính ngoài danh mục",
            "area is not in the registry",
            *_CORRECT,
            form_fix_vi=f"Không có đơn vị hành chính nào có mã này trong kỳ báo cáo. {_NEW_FORM}",
        ),
        Reason(
            "unknown_code",
            "row",
            "mã ngoài danh mục",
            "code is not in the list",
            "Dùng mã trong danh mục; mã mới thì báo người quản trị để bổ sung.",
            "Use a code of the list; report a new one to the data engineer.",
        ),
        Reason(
            "unknown_indicator",
            "row",
            "chỉ số ngoài danh mục",
            "indicator is not in the registry",
            *_CORRECT,
            form_fix_vi=f"Không có chỉ số nào có mã này. {_NEW_FORM}",
        ),
        Reason(
            "unknown_status",
            "row",
            "tình trạng ngoài danh mục",
            "status is not in the list",
            *_CORRECT,
            form_fix_vi="Chọn Thực hiện, Ước thực hiện hoặc Không áp dụng.",
        ),
        Reason(
            "unreadable_parquet",
            "rest",
            "tệp Parquet bị cắt hoặc hỏng",
            "Parquet file is truncated or damaged",
            *_SEND_AGAIN,
        ),
        Reason(
            "unreadable_workbook",
            "rest",
            "không mở được bảng tính",
            "workbook cannot be opened",
            "Tệp hỏng, cắt cụt, có mật khẩu, quá lớn, hoặc không phải Excel. Lưu lại dạng .xlsx.",
            "The file is damaged, truncated, has a password, is too large or no workbook. Save it as .xlsx.",
            form_fix_vi="Không mở được tệp: hỏng, cắt cụt, có mật khẩu, quá lớn, không phải Excel. Lưu lại dạng .xlsx.",
        ),
        Reason(
            "value_and_mark",
            "row",
            "vừa có giá trị vừa có dấu thiếu số liệu",
            "both a value and a mark of a missing one",
            *_CORRECT,
        ),
        Reason(
            "value_not_applicable",
            "row",
            "có giá trị nhưng ghi là không áp dụng",
            "value though not applicable",
            *_CORRECT,
            form_fix_vi="Đã chọn Không áp dụng thì không có số liệu. Xóa con số, hoặc đổi tình trạng.",
        ),
        Reason(
            "value_though_missing", "row", "có giá trị nhưng ghi là thiếu", "value though marked as missing", *_CORRECT
        ),
        Reason(
            "wrong_frequency",
            "row",
            "chỉ số không báo cáo theo loại kỳ này",
            "indicator is not reported for periods of this type",
            *_CORRECT,
            form_fix_vi=f"Chỉ số này không báo cáo theo loại kỳ này. {_NEW_FORM}",
        ),
        Reason(
            "wrong_shape",
            "row",
            "cấu trúc trường không đúng",
            "field has another structure",
            *_CORRECT,
            form_fix_vi="Ô này không phải chữ hay số. Gửi lại tệp Excel.",
        ),
        Reason(
            "wrong_size",
            "row",
            "số giá trị không khớp kích thước bảng",
            "number of values does not fit the table",
            *_CORRECT,
        ),
        Reason("wrong_unit", "row", "đơn vị tính khác danh mục", "unit differs from the registry", *_CORRECT),
        Reason(
            "wrong_width",
            "row",
            "số ô khác dòng tiêu đề",
            "number of cells differs from the header",
            *_CORRECT,
            form_fix_vi="Có chữ ngoài các cột của biểu, ở dòng này. Xóa những ô bên phải biểu.",
        ),
        Reason(
            "archive",
            "file",
            "tệp nén, chưa giải nén",
            "archive that was not unpacked",
            "Đây là tệp nén (zip, rar, 7z). Giải nén rồi gửi tệp Excel bên trong.",
            "it is an archive (zip, rar, 7z): unpack it and drop the files in it",
        ),
        Reason(
            "binary_workbook",
            "file",
            "tệp .xlsb, chưa đọc được",
            ".xlsb workbook, which is not read",
            "Đây là tệp .xlsb. Lưu lại dạng .xlsx.",
            "it is a binary workbook (.xlsb): save it as .xlsx",
        ),
        Reason(
            "compressed_table",
            "file",
            "bảng nén gzip",
            "table compressed by gzip",
            "Đây là tệp nén gzip. Giải nén rồi gửi tệp bên trong.",
            "it is a table compressed with gzip: unpack it and drop the table",
        ),
        Reason(
            "open_document",
            "file",
            "tệp OpenDocument, chưa đọc được",
            "OpenDocument file, which is not read",
            "Đây là tệp OpenDocument. Lưu lại dạng .xlsx.",
            "it is an OpenDocument file: save it as .xlsx",
        ),
        Reason(
            "pdf_document",
            "file",
            "tệp PDF",
            "PDF file",
            "Đây là tệp PDF. Gửi tệp Excel.",
            "it is a PDF: get the table as a workbook (.xlsx) or CSV",
        ),
        Reason("personal_data", "row", "có vẻ là thông tin cá nhân", "looks like personal data", *_CORRECT),
        Reason(
            "protected_workbook",
            "file",
            "bảng tính có mật khẩu",
            "workbook with a password",
            "Tệp có mật khẩu. Lưu lại không có mật khẩu.",
            "it is protected by a password: save it without one",
        ),
        Reason(
            "repeated_key",
            "row",
            "một khóa xuất hiện hai lần",
            "a key twice in an object",
            *_CORRECT,
            form_fix_vi="Dòng JSON có hai lần một khóa. Gửi lại tệp Excel.",
        ),
        Reason(
            "row_lost",
            "row",
            "dòng bị nuốt vào dòng hỏng phía trên",
            "row swallowed by a damaged one above it",
            *_CORRECT,
            form_fix_vi="Dòng này bị nuốt vào một ô vì thiếu dấu ngoặc kép. Gửi lại tệp Excel.",
        ),
        Reason(
            "second_list",
            "file",
            "danh sách thứ hai trong tệp JSON",
            "a second list in the JSON",
            *_CORRECT,
            form_fix_vi="Tệp JSON có hai danh sách. Gửi lại tệp Excel.",
        ),
        Reason(
            "text_document",
            "file",
            "văn bản hoặc bản trình chiếu",
            "text document or presentation",
            "Đây là văn bản hoặc bản trình chiếu. Gửi tệp Excel.",
            "it is a text document or presentation: put the table into a workbook (.xlsx) or CSV",
        ),
        Reason(
            "two_columns",
            "row",
            "hai cột cùng một nội dung",
            "two columns for one field",
            *_CORRECT,
            form_fix_vi="Hai cột cùng chỉ một nội dung. Giữ một cột, xóa cột kia.",
        ),
        Reason(
            "unreadable_file",
            "file",
            "không đọc được tệp",
            "file cannot be read",
            *_CORRECT,
            form_fix_vi=f"Không đọc được tệp: hỏng, quá lớn hoặc quá phức tạp. "
            f"Mở bằng Excel, lưu lại dạng .xlsx, hoặc: {_NEW_FORM}",
        ),
        Reason(
            "web_archive",
            "file",
            "trang web MHTML",
            "web page in MIME form (MHTML)",
            "Đây là trang web lưu dạng MHTML. Mở bằng Excel, lưu lại dạng .xlsx.",
            "it is a web page in MIME form (MHTML): open it in Excel and save it as .xlsx",
        ),
        Reason(
            "web_page",
            "file",
            "trang web, không phải số liệu",
            "web page, not data",
            "Đây là trang web, không phải số liệu. Tải lại tệp.",
            "it is a web page, not data: it may be the answer of a login page; download the file again",
        ),
        Reason(
            "workbook_too_large",
            "file",
            "vùng đã dùng của trang tính quá lớn",
            "used range of the sheet is too large",
            "Vùng đã dùng của trang quá lớn. Xóa các dòng, cột trống có định dạng, rồi lưu lại.",
            "the used range of a sheet is too large: delete the empty rows and columns that hold formatting "
            "or a stray cell, and save it again",
        ),
        Reason(
            "wrong_encoding",
            "row",
            "sai bảng mã (TCVN3 hoặc UTF-8 hai lần)",
            "wrong encoding (TCVN3, or UTF-8 twice)",
            *_CORRECT,
            form_fix_vi="Chữ trong dòng sai bảng mã (TCVN3, ABC). Chuyển sang Unicode.",
        ),
        Reason("wrong_type", "file", "kiểu cột không đọc được", "type of the column is not read", *_CORRECT),
        Reason(
            "xml_spreadsheet",
            "file",
            "bảng tính XML 2003",
            "XML spreadsheet of 2003",
            "Đây là bảng tính XML 2003. Mở bằng Excel, lưu lại dạng .xlsx.",
            "it is an XML Spreadsheet 2003: open it in Excel and save it as .xlsx",
        ),
    )
}


_FIXES = {reason.fix_en: reason.fix_vi for reason in REASONS.values() if reason.scope == "file"}


def refusal_in_words(refusal: str) -> str:
    """Why a file was refused, as the warehouse records it, in the current language."""
    return _FIXES.get(refusal, recorded(refusal)) if current() == "vi" else refusal


def codes(scope: Literal["row", "rest", "file"]) -> tuple[str, ...]:
    """The codes of the reasons of a scope."""
    return tuple(code for code, reason in REASONS.items() if reason.scope == scope)
