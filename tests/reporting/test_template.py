"""The workbook that agencies get: what it asks, what its cells allow, and what who asks for a wrong one is answered."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import load_workbook
from python_calamine import load_workbook as read_workbook
from workbooks import judged, members, typed, written

from pipelines.reporting.forms import Form
from pipelines.reporting.registry import ReportingError, parse_period
from pipelines.reporting.workbook import COLUMN, GUIDE, HEADER_ROW, LISTS, SHEET, workbook_bytes


@pytest.mark.parametrize(
    ("label", "kind", "first", "last", "title"),
    [
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31), "Năm 2026"),
        ("2026-H1", "half", date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
        ("2026-h2", "half", date(2026, 7, 1), date(2026, 12, 31), "6 tháng cuối năm 2026"),
        ("2026-Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30), "Quý III năm 2026"),
        ("2026Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30), "Quý III năm 2026"),
        (" 2026-q4", "quarter", date(2026, 10, 1), date(2026, 12, 31), "Quý IV năm 2026"),
        ("2028-02", "month", date(2028, 2, 1), date(2028, 2, 29), "Tháng 2 năm 2028"),
        ("2026-12", "month", date(2026, 12, 1), date(2026, 12, 31), "Tháng 12 năm 2026"),
    ],
)
def test_periods_as_people_write_them(label: str, kind: str, first: date, last: date, title: str) -> None:
    period = parse_period(label)
    assert (period.type, period.first, period.last, period.title_vi) == (kind, first, last, title)
    assert period.label == label.strip().upper().replace("2026Q3", "2026-Q3")


@pytest.mark.parametrize("label", ["", "2026-Q5", "2026-H3", "2026-13", "Q3-2026", "2026-9", "1999"])
def test_what_is_no_period_is_shown_how_one_is_written(label: str) -> None:
    with pytest.raises(ReportingError, match="2026-Q3"):
        parse_period(label)


@pytest.mark.parametrize(
    ("wanted", "period", "agency", "said"),
    [
        ("work_files_pct", "2026-Q3", None, "Did you mean work_files_online_pct"),
        ("online_admin", "2026-Q3", None, "online_administration"),
        ("dossiers_on_time_pct", "2026-09", None, "docs/methods/dossier_timeliness.md"),
        ("digital_economy", "2026", None, "No indicator of digital_economy"),
        ("it_staff", "2026-Q3", None, "write --period 2026"),
        ("official_skills", "2026-Q3", None, "write --period 2026-H1 for officials_trained_pct"),
        ("it_staff", "2026", "H27.101", "of level commune"),
        ("it_staff", "2026", "H27.999", "No agency has the code H27.999 on 31 Dec 2026"),
        ("it_staff", "2026", "000.00.01.H27", "No agency has the code"),  # a code until June 2025
        ("work_files_online_pct", "2025-Q1", None, "from 1 Jul 2025 on"),
    ],
)
def test_errors_say_what_to_ask_instead(
    asked: Callable[..., Form], wanted: str, period: str, agency: str | None, said: str
) -> None:
    with pytest.raises(ReportingError, match=said):
        asked(wanted, period, agency)


def test_an_agency_gets_its_own_rows(asked: Callable[..., Form]) -> None:
    commune = asked(agency="H27.101")
    assert [(row.indicator.code, row.area_code, row.area_name) for row in commune.rows] == [
        ("work_files_online_pct", "18073", "phường Thành Sen"),
        ("digital_signature_officials_pct", "18073", "phường Thành Sen"),
    ]
    assert {row.indicator.code for row in asked().rows} >= {"work_files_online_pct", "online_meetings"}
    assert {row.area_code for row in asked().rows} == {"42"}


def test_without_an_agency_every_commune_and_the_province_are_asked(asked: Callable[..., Form]) -> None:
    form = asked("work_files_online_pct", agency=None)
    assert len(form.rows) == 1 + 69
    assert form.rows[0].agency is None
    assert {choice.level for choice in form.choices} == {"province"}
    assert form.due_on == date(2026, 10, 15)
    # in the name of the file a day would be taken for that of the report
    assert form.name == "bieu-bao-cao_work_files_online_pct_2026-Q3"


def test_the_workbook_is_what_officials_need(asked: Callable[..., Form]) -> None:
    form = asked(agency=None)
    content = written(form)
    book = load_workbook(io.BytesIO(content))
    assert [(sheet.title, sheet.sheet_state) for sheet in book] == [
        (SHEET, "visible"),
        (GUIDE, "visible"),
        (LISTS, "hidden"),
    ]
    sheet = book[SHEET]
    first = {field: sheet.cell(HEADER_ROW + 1, column) for field, column in COLUMN.items()}
    assert first["title"].value == "Tỷ lệ hồ sơ công việc được xử lý trên môi trường mạng"
    assert first["definition"].value.startswith("Hồ sơ công việc được xử lý hoàn toàn")
    assert (first["unit"].value, first["range"].value) == ("%", "0 – 100")
    assert sheet.protection.sheet
    assert book.security.lockStructure
    opened = {field for field, cell in first.items() if not cell.protection.locked}
    assert opened == {"value", "status", "note", "agency_code"}
    assert sheet.cell(HEADER_ROW + 2, COLUMN["agency_code"]).protection.locked, "a commune's agency is given"
    cells = [
        (sheet.cell(row, COLUMN["unit"]), sheet.cell(row, COLUMN["value"])) for row in (HEADER_ROW + 1, sheet.max_row)
    ]
    assert [(unit.value == "%", value.number_format) for unit, value in cells] == [(True, "#,##0.##"), (False, "#,##0")]
    assert sheet.freeze_panes == "C7"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$6:$6"
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert (rules["decimal"].formula1, rules["list"].type) == ("0", "list")
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert '"Thực hiện,Ước thực hiện,Không áp dụng"' in lists
    guide = "\n".join(str(cell.value) for row in book[GUIDE].iter_rows() for cell in row if cell.value)
    for needed in ("nơi nhận", "15/10/2026", "Nghĩa là chưa báo cáo", "2026-Q3", "H27.4"):
        assert needed in guide
    assert read_workbook(io.BytesIO(content)).sheet_names == [SHEET, GUIDE, LISTS]  # another reader than the writer


def test_an_empty_workbook_is_good_and_says_nothing(asked: Callable[..., Form]) -> None:
    (checked,) = judged(written(asked(agency=None)))
    assert (checked.answered, checked.blank, checked.findings) == (0, 141, ())


def test_the_same_form_of_the_same_day_has_the_same_bytes(asked: Callable[..., Form]) -> None:
    assert written(asked()) == written(asked())
    assert members(written(asked())) != members(written(asked(agency="H27.101")))


def test_the_drop_down_of_agencies_has_codes_and_names_and_what_is_chosen_there_is_read(
    asked: Callable[..., Form],
) -> None:
    form = asked("work_files_online_pct", agency=None)
    book = load_workbook(io.BytesIO(written(form)))
    offered = [row[0] for row in book[LISTS].iter_rows(values_only=True)]
    assert "H27.4 · Sở Khoa học và Công nghệ" in offered
    assert len(offered) == len(form.choices)
    content = typed(written(form), {(1, "value"): 50, (1, "agency_code"): "H27.4 · Sở Khoa học và Công nghệ"})
    (checked,) = judged(content)
    assert (checked.answered, checked.findings) == (1, ())


def test_the_figure_of_the_period_before_stands_beside_the_open_cell(asked: Callable[..., Form]) -> None:
    before = {("work_files_online_pct", "18073"): "79,9 (2026-Q2)"}
    content = workbook_bytes(asked(agency="H27.101"), made_on=date(2026, 10, 1), send_to="nơi nhận", previous=before)
    sheet = load_workbook(io.BytesIO(content))[SHEET]
    shown = [sheet.cell(HEADER_ROW + row, COLUMN["previous"]).value for row in (1, 2)]
    assert shown == ["79,9 (2026-Q2)", "–"]
    assert COLUMN["value"] == COLUMN["previous"] + 1
    (checked,) = judged(content)
    assert (checked.answered, checked.findings) == (0, ()), "it is for its reader only"
