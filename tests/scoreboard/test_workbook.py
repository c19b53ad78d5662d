"""The workbook of a release, read back as Excel would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from board_world import BOOK_ONLY, FULL, PLACE, TARGETS, release, target

from pipelines.scoreboard.pages import pages

HEADER = 3


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("book")
    release(root, with_pages=BOOK_ONLY)
    return openpyxl.load_workbook(root / "current" / "scoreboard.xlsx")


def records(sheet: Any) -> list[dict[str, Any]]:
    """The cells of each row by heading."""
    headings = [cell.value for cell in sheet[HEADER]]
    return [dict(zip(headings, row, strict=True)) for row in sheet.iter_rows(min_row=HEADER + 1)]


def tables(book: Any) -> Iterator[Any]:
    return (sheet for sheet in book if sheet.title != "notes")


def test_every_target_is_once_in_the_table_of_all_and_once_in_that_of_its_pillar(book: Any) -> None:
    ids = [record["Mã chỉ tiêu"].value for record in records(book["targets"])]
    assert sorted(ids) == sorted({row["target_id"] for row in TARGETS})
    pillars = [name for name in book.sheetnames if re.match(r"p\d\d_", name)]
    expected = ("01_digital_government", "03_digital_infrastructure", "06_digital_economy", "09_new_rural")
    assert pillars == [*(f"p{name}" for name in expected), "p13_provincial_ranks"]
    assert sum(len(records(book[name])) for name in pillars) == len(ids)


def test_figures_are_figures_with_formats_and_what_is_unknown_is_empty(book: Any) -> None:
    by_id = {record["Mã chỉ tiêu"].value: record for record in records(book["targets"])}
    value = by_id["on_time"]["Giá trị"]
    assert (value.value, value.number_format) == (81.82, "[$-42A]#,##0.00")
    whole = by_id["on_time"]["Mức mục tiêu"]
    assert (whole.value, whole.number_format) == (100, "[$-42A]#,##0"), "a count or a rank has no decimals"
    away, met = by_id["on_time"]["Tình trạng"], by_id["online"]["Tình trạng"]
    assert (away.value, away.fill.fgColor.rgb, away.font.b) == ("Xa dần mục tiêu", "00F6D3D6", True)
    assert (met.fill.fgColor.rgb, value.fill.fill_type, value.font.b) == ("00D5EBDF", None, False)
    assert [by_id[name]["Phải đạt"].value for name in ("on_time", "signed", "new")] == ["≥", ">", None]
    assert by_id["hostile"]["Lưu ý"].value == "=1+1"
    (empty,) = records(book["p03_digital_infrastructure"])
    assert (empty["Giá trị"].value, empty["Tình trạng"].value) == (None, "Chưa có số liệu")
    (rank,) = records(book["p13_provincial_ranks"])
    assert (rank["Giá trị"].value, rank["Giá trị"].number_format) == (32, '[$-42A]"hạng "#,##0')
    asked = next(r for r in records(book["p01_digital_government"]) if r["Chỉ tiêu"].value == "Chỉ tiêu signed")
    assert (asked["Mục tiêu"].value, asked["Mục tiêu"].number_format) == (70, '[$-42A]"> "#,##0" %"')


def test_villages_without_coverage_and_reports_that_lack_are_listed_one_by_one(book: Any) -> None:
    def rows(name: str) -> list[tuple[Any, ...]]:
        return list(book[name].iter_rows(min_row=HEADER + 1, values_only=True))

    assert [row[:4] for row in rows("villages_without_coverage")] == [
        ("phường Thành Sen", "Tổ dân phố <5>", "5G", "quý IV/2025")
    ]
    assert [row[1:4] + row[6:7] for row in rows("reports_late_or_missing")] == [
        ("quý III/2026", "UBND xã 3", "thiếu", "H27.103"),
        ("quý III/2026", "UBND xã 2", "muộn", "H27.102"),
        ("quý II/2026", "UBND xã 4", "thiếu", "H27.104"),
    ]


def test_every_sheet_is_a_filtered_table_that_prints_on_a4_with_its_release_and_mark(book: Any) -> None:
    for sheet in tables(book):
        (table,) = sheet.tables.values()
        assert table.ref.startswith(f"A{HEADER}:"), sheet.title
        assert table.autoFilter.ref == table.ref
        assert (sheet.freeze_panes, sheet.print_title_rows) == (f"B{HEADER + 1}", f"$1:${HEADER}")
        assert "DỮ LIỆU MẪU" in sheet["A2"].value
    for sheet in book:
        assert sheet.title.isascii()
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert "DỮ LIỆU MẪU" in sheet.oddFooter.center.text
        assert sheet.oddFooter.right.text.startswith("20261123T")
        assert sheet.oddFooter.right.text.endswith("trang &P / &N")
    notes = " ".join(str(cell.value) for row in book["notes"].iter_rows() for cell in row if cell.value)
    for said in ("CC-BY-4.0", "Bằng chứng A", "DỮ LIỆU MẪU", "Chưa có số liệu: 2"):
        assert said in notes


def test_no_heading_is_clipped_and_no_row_is_lower_than_its_texts(book: Any) -> None:
    for sheet in tables(book):
        for cell in sheet[HEADER]:
            width = sheet.column_dimensions[cell.column_letter].width
            assert max(map(len, cell.value.split())) + 3 <= width, (sheet.title, cell.value)
            assert len(cell.value) / width * 12 <= sheet.row_dimensions[HEADER].height
    long = next(r for r in records(book["targets"]) if r["Mã chỉ tiêu"].value == "hostile")["Chỉ tiêu"]
    assert book["targets"].row_dimensions[long.row].height >= 25


def test_in_english_no_vietnamese_is_left_but_names_and_documents(tmp_path: Path) -> None:
    release(tmp_path, with_pages=[pages(replace(PLACE, language="en"))[1]])
    english = openpyxl.load_workbook(tmp_path / "current" / "scoreboard.xlsx")
    for sheet in tables(english):
        assert all(cell.value.isascii() for cell in sheet[HEADER]), sheet.title
    by_id = {record["Target code"].value: record for record in records(english["targets"])}
    on_time = by_id["on_time"]
    said = [on_time[name].value for name in ("Target", "Status", "Period", "Basis")]
    assert said == ["Target on_time", "Moving away", "2026 (to October)", "published figure"]
    assert english["targets"]["A2"].value.startswith("SYNTHETIC DATA")
    assert english["qd766"]["F4"].number_format == "[$-409]d mmm yyyy"


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    release(
        tmp_path,
        {"target_progress": [target("formula", title_vi="=HYPERLINK(1)", document="#N/A\x07")]},
        with_pages=BOOK_ONLY,
    )
    sheet = openpyxl.load_workbook(tmp_path / "current" / "scoreboard.xlsx")["targets"]
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("=HYPERLINK(1)", "s")
    assert "#N/A" in [cell.value for cell in sheet[4]]


def test_long_and_forbidden_names_become_names_of_sheets(tmp_path: Path) -> None:
    rows = [target(f"t{n}", pillar=f"a/b:[{'x' * 40}]{n}") for n in range(3)]
    release(tmp_path, {"target_progress": rows}, with_pages=BOOK_ONLY)
    names = openpyxl.load_workbook(tmp_path / "current" / "scoreboard.xlsx").sheetnames
    assert len(set(names)) == 5
    assert all(len(name) <= 31 for name in names)


def test_its_dates_are_those_of_the_release(book: Any) -> None:
    assert (book.properties.created, book.properties.modified) == (datetime(2026, 11, 23, 2), datetime(2026, 11, 23, 2))
    assert isinstance(FULL["qd766_scores"][0]["published_on"], date)
    assert book["qd766"]["F4"].number_format == "dd/mm/yyyy"
