"""Every way in which a workbook comes back wrong is refused at its cell, by the rules of the load."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from workbooks import DAY, changed, found, judged, typed, written

from pipelines.reasons import REASONS
from pipelines.reporting.check import check
from pipelines.reporting.forms import Form
from pipelines.reporting.marked import LIST, marked_copy
from pipelines.reporting.registry import Registry
from pipelines.reporting.workbook import COLUMN, HEADER_ROW, SHEET
from pipelines.sources import framing, tables
from pipelines.sources.reported_indicators import FIELDS, SOURCE
from pipelines.sources.reported_indicators import Reason as RowReason

VALUE, STATUS, NOTE = "value", "status", "note"

GOOD = [
    {VALUE: 93.5},
    {VALUE: 0},
    {VALUE: 100, STATUS: "Ước thực hiện"},
    {VALUE: 0.85, NOTE: "0,85 % là đúng"},
    {STATUS: "Không áp dụng"},
    {STATUS: "  thực hiện ", VALUE: 12},
    {},
    {NOTE: "chưa có số liệu"},
]


def test_what_is_good_is_taken(asked: Callable[..., Form]) -> None:
    workbooks = [typed(written(asked()), {(1, name): value for name, value in cells.items()}) for cells in GOOD]
    for cells, checked in zip(GOOD, judged(*workbooks), strict=True):
        assert checked.findings == (), cells
        assert checked.answered == (1 if {VALUE, STATUS} & cells.keys() else 0), cells
        assert checked.rows == 3


WRONG = [
    ({VALUE: "85,5"}, "text_in_number_cell", VALUE),
    ({VALUE: "85"}, "text_in_number_cell", VALUE),
    ({VALUE: "chín mươi"}, "text_in_number_cell", VALUE),
    ({VALUE: datetime(2026, 9, 1)}, "not_a_number", VALUE),
    ({VALUE: True}, "not_a_number", VALUE),
    ({VALUE: "=40+45"}, "formula_without_value", VALUE),
    ({VALUE: 50, STATUS: '="Ước"&" thực hiện"'}, "formula_without_value", VALUE),
    ({VALUE: 0.85}, "fraction_for_percent", VALUE),
    ({VALUE: 1, NOTE: "cao hơn quý trước"}, "fraction_for_percent", VALUE),
    ({VALUE: 120}, "out_of_range", VALUE),
    ({VALUE: -1}, "out_of_range", VALUE),
    ({VALUE: 50, STATUS: "Xong"}, "unknown_status", STATUS),
    ({STATUS: "Thực hiện"}, "status_without_value", VALUE),
    ({VALUE: 50, STATUS: "Không áp dụng"}, "value_not_applicable", VALUE),
    ({VALUE: 50, NOTE: "x" * 501}, "note_too_long", NOTE),
    ({VALUE: 50, NOTE: "hỏi anh Nam 0912 345 678"}, "contact_in_note", NOTE),
    ({VALUE: 50, NOTE: "nam@hatinh.gov.vn"}, "contact_in_note", NOTE),
    ({VALUE: 50, NOTE: "hồ sơ H27.101-260302-0001"}, "contact_in_note", NOTE),
    ({"indicator": "work_files"}, "unknown_indicator", "indicator"),
    ({"indicator": None}, "missing_field", "indicator"),
    ({"indicator": "dossiers_on_time_pct"}, "not_reported", "indicator"),
    ({"indicator": "it_staff"}, "wrong_frequency", "period"),
    ({"indicator": "online_meetings"}, "old_form", "form"),
    ({"agency_code": "H27.999", VALUE: 50}, "unknown_agency", "agency_code"),
    ({"agency_code": "000.00.01.H27", VALUE: 50}, "unknown_agency", "agency_code"),
    ({"agency_code": None, VALUE: 50}, "missing_field", "agency_code"),
    ({"agency_code": "H27.101", VALUE: 50}, "area_of_another", "area_code"),
    ({"area_code": "99999"}, "unknown_area", "area_code"),
    ({"area_code": "18073"}, "area_of_another", "area_code"),
    ({"period": "2026-Q2"}, "other_period", "period"),
    ({"period": "quý 3"}, "bad_period", "period"),
    ({"period": "2026"}, "wrong_frequency", "period"),
    ({"period": "2027-Q1", "form": "1-207dddaf/2027-Q1"}, "period_not_begun", "period"),
    ({"form": "0-207dddaf/2026-Q3"}, "old_form", "form"),
    ({"form": "1-00000000/2026-Q3"}, "old_form", "form"),
    ({"position": "12"}, RowReason.ROW_ALTERED, None),
    ({"position": "9/3"}, RowReason.ROW_ALTERED, None),
]


def test_what_is_wrong_is_refused_at_its_cell(asked: Callable[..., Form]) -> None:
    content = written(asked())
    workbooks = [typed(content, {(1, name): value for name, value in cells.items()}) for cells, _, _ in WRONG]
    for (cells, reason, field), checked in zip(WRONG, judged(*workbooks), strict=True):
        # no other row suffers; the row that should be there under a number that was altered is missed
        missed = [(4, "row_deleted", None)] if reason == RowReason.ROW_ALTERED else []
        assert found(checked) == [(1, reason, field), *missed], cells


def test_rows_that_were_copied_deleted_or_written_beside_the_form(asked: Callable[..., Form]) -> None:
    content = written(asked())

    def delete(book: Workbook, sheet: Worksheet) -> None:
        sheet.delete_rows(HEADER_ROW + 2)

    def add(book: Workbook, sheet: Worksheet) -> None:
        sheet.cell(HEADER_ROW + 5, 2).value = "Người lập biểu"

    def write_beside(book: Workbook, sheet: Worksheet) -> None:
        sheet.cell(HEADER_ROW + 2, 20).value = "xem lại"

    copied, deleted, added, beside = judged(
        typed(content, {(1, "position"): "2/3"}), *(changed(content, change) for change in (delete, add, write_beside))
    )
    assert found(copied) == [(2, "row_repeated", None), (4, "row_deleted", None)]
    assert found(deleted) == [(3, "row_deleted", None)]
    assert deleted.rows == 3
    assert found(added) == [(5, "row_altered", None)]
    assert found(beside)[0] == (2, "wrong_width", None)


def test_sheets_that_are_hidden_copied_or_gone(asked: Callable[..., Form]) -> None:
    def hide(book: Workbook, sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"

    def copy(book: Workbook, sheet: Worksheet) -> None:
        book.copy_worksheet(sheet)

    contents = [
        changed(written(asked()), hide),
        changed(written(asked()), copy),
        b"",
        b"PK\x03\x04 broken",
        b"a,b\n1,2\n",
    ]
    assert [[finding.reason for finding in checked.findings] for checked in judged(*contents)] == [
        ["hidden_sheet"],
        ["further_sheet"],
        ["empty_file"],
        ["unreadable_workbook"],
        ["header_not_found"],
    ]


def test_an_error_of_excel_is_not_a_blank_cell(asked: Callable[..., Form]) -> None:
    """A stored #DIV/0! reads as blank: it would be taken for a figure that was not reported."""

    def divide(book: Workbook, sheet: Worksheet) -> None:
        cell = sheet.cell(HEADER_ROW + 1, COLUMN[VALUE])
        cell.value = "#DIV/0!"
        assert cell.data_type == "e"

    ((row, reason, field),) = found(*judged(changed(written(asked()), divide)))
    assert (row, field) == (1, VALUE)
    assert reason in ("formula_without_value", "text_in_number_cell")


@pytest.mark.parametrize("cells", [b"<c r='A1'>" * 300_000, b"<c " * 900_000, b"<c r='A1'><f>" * 200_000 + b"</c>"])
def test_sheets_made_to_be_slow_are_not(cells: bytes) -> None:
    """Looking for formulas takes time by the length of a sheet, not by its square."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", cells)
    (checked,) = judged(packed.getvalue())
    assert [finding.reason for finding in checked.findings] == ["unreadable_workbook"]


def test_json_and_csv_are_judged_by_the_same_rules() -> None:
    record = {
        "position": "1/1",
        "indicator": "work_files_online_pct",
        "area_code": "42",
        "agency_code": "H27.1",
        "period": "2026-Q3",
        "value": "93.5",
        "form": "1-207dddaf/2026-Q3",
    }
    changes: list[dict[str, Any]] = [{}, {"value": "93,5"}, {"value": 1.234}, {"value": "0.9"}, {"value": "1.234"}]
    *good, wrong, ambiguous = judged(*(json.dumps([{**record, **change}]).encode() for change in changes))
    assert [checked.answered for checked in good] == [1, 1, 1]
    assert [finding.reason for finding in wrong.findings] == ["fraction_for_percent"]
    assert [finding.reason for finding in ambiguous.findings] == ["ambiguous_number"]


def test_json_may_have_the_headings_of_the_form_for_names() -> None:
    record = {
        "STT": "1/1",
        "Mã chỉ số": "work_files_online_pct",
        "Mã địa bàn": "42",
        "Mã cơ quan": "H27.1",
        "Kỳ báo cáo": "2026-Q3",
        "SỐ LIỆU": 93.5,
        "Mã mẫu": "1-207dddaf/2026-Q3",
    }
    (checked,) = judged(json.dumps([record]).encode())
    assert (checked.answered, checked.findings) == (1, ())


def test_a_day_in_the_name_is_the_day_of_the_report(asked: Callable[..., Form]) -> None:
    content = typed(written(asked("work_files_online_pct", "2026-Q4")), {(1, VALUE): 50})
    assert [f.reason for f in check(content, "bieu_2026-09-30.xlsx", DAY).findings] == ["period_not_begun"]
    assert check(content, "bieu_2026-Q4.xlsx", DAY).findings == ()


# ------------------------------------------------------------------------------------------------------------ marking
def test_every_reason_says_what_to_do() -> None:
    reasons = {rule.reason for rule in SOURCE.table.rules} | {*tables.Reason, *framing.Reason, *RowReason}
    assert {str(reason) for reason in reasons} | {"duplicate_record", "invalid_json", "not_an_object"} <= REASONS.keys()
    own = {rule.reason for rule in SOURCE.table.rules} | {*RowReason}
    assert {code for code in own if not REASONS[code].form_fix_vi} == set()


def test_a_marked_copy_says_at_each_cell_what_is_wrong_and_can_be_mended(
    asked: Callable[..., Form], registry: Registry
) -> None:
    content = typed(written(asked()), {(1, VALUE): 120, (2, VALUE): "85", (3, VALUE): 12})
    (checked,) = judged(content)
    copy = marked_copy(content, checked, registry.indicators, DAY)
    book = load_workbook(io.BytesIO(copy))
    sheet = book[SHEET]
    first, second, third = (sheet.cell(HEADER_ROW + number, COLUMN[VALUE]) for number in (1, 2, 3))
    for cell, words in ((first, "Ngoài khoảng cho phép (0 – 100)"), (second, "Đây là chữ")):
        assert words in cell.comment.text
        assert cell.fill.fgColor.rgb != third.fill.fgColor.rgb
        assert words in sheet.cell(cell.row, len(COLUMN) + 1).value, "in words, not by colour alone"
    assert third.comment is None
    listed = [[cell.value for cell in row] for row in book[LIST].iter_rows(min_row=2)]
    assert [(row[0], row[1], row[3]) for row in listed] == [
        (HEADER_ROW + 1, "J7", "out_of_range"),
        (HEADER_ROW + 2, "J8", "text_in_number_cell"),
    ]
    # the copy itself is corrected and sent again
    assert judged(copy)[0].findings == checked.findings
    fixed = typed(copy, {(1, VALUE): 92.0, (2, VALUE): "85"})
    again = marked_copy(fixed, judged(fixed)[0], registry.indicators, DAY)
    sheet = load_workbook(io.BytesIO(again))[SHEET]
    assert sheet.cell(HEADER_ROW + 1, COLUMN[VALUE]).comment is None, "what was corrected is marked no more"
    assert sheet.cell(HEADER_ROW + 2, COLUMN[VALUE]).comment is not None
    assert judged(typed(again, {(2, VALUE): 85}))[0].findings == ()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"a,b\n1,2\n", b"\xd0\xcf\x11\xe0 old"])
def test_what_cannot_be_opened_gives_a_list(content: bytes, registry: Registry) -> None:
    book = load_workbook(io.BytesIO(marked_copy(content, judged(content)[0], registry.indicators, DAY)))
    assert book.sheetnames == [LIST]
    assert book[LIST].cell(2, 3).value in {reason.form_fix_vi for reason in REASONS.values()}


# ---------------------------------------------------------------------------------------------------------- invariant
cell = (
    st.none()
    | st.integers(-5, 130)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.dates(date(1990, 1, 1), date(2030, 1, 1))
    | st.sampled_from(["Thực hiện", "Không áp dụng", "2026-Q3", "H27.1", "42", "1/3", "0912345678", "=A1", "'5", "nan"])
    | st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
)
place = st.tuples(st.integers(1, 4), st.sampled_from([field for field in FIELDS.values() if field != "fix"]))


@given(st.lists(st.dictionaries(place, cell, max_size=12), min_size=1, max_size=8))
@settings(max_examples=4, deadline=None)
def test_rows_in_are_answered_blank_or_refused(
    asked: Callable[..., Form], workbooks: list[dict[tuple[int, str], Any]]
) -> None:
    content = written(asked())
    for cells, checked in zip(workbooks, judged(*(typed(content, cells) for cells in workbooks)), strict=True):
        rows = 3 + any(number == 4 and value not in (None, "") for (number, _), value in cells.items())
        refused = {finding.row_no for finding in checked.findings if finding.reason != "row_deleted"}
        assert checked.answered + checked.blank + len(refused) <= rows
        assert checked.rows >= 3
        assert {finding.reason for finding in checked.findings} <= REASONS.keys()
