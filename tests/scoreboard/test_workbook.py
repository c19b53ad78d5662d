"""The workbook of a release, read back as Excel would."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from board_world import BOOK_ONLY, FULL, TARGETS, release, target


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("book")
    release(root, with_pages=BOOK_ONLY)
    return openpyxl.load_workbook(root / "current" / "scoreboard.xlsx")


def test_a_sheet_a_pillar_with_every_target_once(book: Any) -> None:
    pillars = [sheet for sheet in book if sheet["A4"].value == "Target (Vietnamese)"]
    assert [sheet.title[:2] for sheet in pillars] == ["1 ", "3 ", "6 ", "9 ", "13"]
    ids = [sheet.cell(row, sheet.max_column).value for sheet in pillars for row in range(5, sheet.max_row + 1)]
    assert sorted(ids) == sorted({row["target_id"] for row in TARGETS})


def test_figures_are_figures_with_formats_and_what_is_unknown_is_empty(book: Any) -> None:
    sheet = book.worksheets[1]
    headings = {sheet.cell(4, column).value: column for column in range(1, sheet.max_column + 1)}
    rows = {sheet.cell(row, headings["Target id"]).value: row for row in range(5, sheet.max_row + 1)}
    value = sheet.cell(rows["on_time"], headings["Value"])
    assert (value.value, value.number_format) == (81.82, "#,##0.00")
    whole = sheet.cell(rows["on_time"], headings["Target value"])
    assert (whole.value, whole.number_format) == (100, "#,##0"), "a count or a rank has no decimals"
    assert sheet.cell(rows["on_time"], headings["Status"]).value == "Xa dần mục tiêu"
    asked = [sheet.cell(rows[name], headings["Asked for"]).value for name in ("on_time", "signed", "new")]
    assert asked == ["≥", ">", None]
    assert sheet.cell(rows["hostile"], headings["Note"]).value == "=1+1"
    empty = book["3 Hạ tầng số và phủ sóng"]
    assert empty.cell(5, headings["Value"]).value is None
    assert empty.cell(5, headings["Status"]).value == "Chưa có số liệu"


def test_villages_without_coverage_and_reports_that_lack_are_listed_one_by_one(book: Any) -> None:
    def rows(name: str) -> list[tuple[Any, ...]]:
        return list(book[name].iter_rows(min_row=5, values_only=True))

    assert [row[1:5] for row in rows("Vùng lõm sóng")] == [("phường Thành Sen", "Tổ dân phố <5>", "5G", "quý IV/2025")]
    assert [row[2:6] for row in rows("Báo cáo muộn, thiếu")] == [
        ("quý III/2026", "H27.103", "UBND xã 3", "chưa gửi"),
        ("quý III/2026", "H27.102", "UBND xã 2", "muộn"),
        ("quý II/2026", "H27.104", "UBND xã 4", "chưa gửi"),
    ]


def test_it_is_ready_to_use_and_to_print(book: Any) -> None:
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B5"
        assert sheet.auto_filter.ref.startswith("A4:")
        assert sheet.print_title_rows == "$3:$4"
        assert "DỮ LIỆU MẪU" in sheet["A2"].value
    notes = " ".join(str(cell.value) for row in book["Ghi chú"].iter_rows() for cell in row if cell.value)
    for said in ("CC-BY-4.0", "Bằng chứng A", "SYNTHETIC", "Chưa có số liệu: 2"):
        assert said in notes


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    release(
        tmp_path,
        {"target_progress": [target("formula", title_vi="=HYPERLINK(1)", document="#N/A\x07")]},
        with_pages=BOOK_ONLY,
    )
    sheet = openpyxl.load_workbook(tmp_path / "current" / "scoreboard.xlsx").worksheets[1]
    assert (sheet["A5"].value, sheet["A5"].data_type) == ("=HYPERLINK(1)", "s")
    assert "#N/A" in [cell.value for cell in sheet[5]]


def test_long_and_forbidden_names_become_names_of_sheets(tmp_path: Path) -> None:
    rows = [target(f"t{n}", pillar=f"a/b:[{'x' * 40}]{n}") for n in range(3)]
    release(tmp_path, {"target_progress": rows}, with_pages=BOOK_ONLY)
    names = openpyxl.load_workbook(tmp_path / "current" / "scoreboard.xlsx").sheetnames
    assert len(set(names)) == 4
    assert all(len(name) <= 31 for name in names)


def test_its_dates_are_those_of_the_release(book: Any) -> None:
    assert (book.properties.created, book.properties.modified) == (datetime(2026, 11, 23, 2), datetime(2026, 11, 23, 2))
    assert isinstance(FULL["qd766_scores"][0]["published_on"], date)
    assert book["QĐ 766"]["G5"].number_format == "dd/mm/yyyy"
