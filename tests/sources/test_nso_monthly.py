"""The workbook of the monthly report: sheets by title, headings by what they state, bad ones named."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, Loaded, loaded
from openpyxl import Workbook

from pipelines.sources.nso_monthly import SOURCE, Heading, Month, _heading

NAME = "bieu-so-lieu-T9-2026.xlsx"
RETAIL = [
    ["7. Tổng mức bán lẻ hàng hóa và doanh thu dịch vụ tiêu dùng"],
    [None, None, None, None, "Đơn vị tính: Tỷ đồng"],
    [
        None,
        "Thực hiện tháng 8 năm 2026",
        "Ước tính tháng 9 năm 2026",
        "Ước tính 9 tháng năm 2026",
        "Tháng 9 năm 2026 so với cùng kỳ năm trước (%)",
    ],
    ["A", 1, 2, 3, 4],
    ["TỔNG SỐ", 612345.6, 620000, 5400000, 110.5],
    ["Phân theo ngành hoạt động"],
    ["Bán lẻ hàng hóa", 470000, "..", None, "-"],
]
CPI = [
    ["12. Chỉ số giá tiêu dùng"],
    [None, None, None, None, "%"],
    [None, "Tháng 9 năm 2026 so với:", None, None, "Bình quân 9 tháng năm 2026 so với cùng kỳ năm trước"],
    [None, "Kỳ gốc (2024)", "Tháng 9 năm 2025", "Tháng 8 năm 2026", None],
    ["CHỈ SỐ GIÁ TIÊU DÙNG", 107.1, 103.3, 100.2, 103.4],
]


def book(*sheets: Sequence[Sequence[Any]], merge: dict[int, list[str]] | None = None) -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for at, rows in enumerate(sheets):
        sheet = workbook.create_sheet(f"{at + 1}.x")
        for row in rows:
            sheet.append(row)
        for cells in (merge or {}).get(at, ()):
            sheet.merge_cells(cells)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def read(*sheets: Sequence[Sequence[Any]], name: str = NAME, **more: Any) -> Loaded:
    return loaded(SOURCE, book(*sheets, **more), name=name)


def reported(got: Loaded) -> list[tuple[Any, ...]]:
    return [
        (
            row["dataset"],
            row["series"],
            f"{row['period_start']:%Y-%m}",
            row["value"],
            row["unit_label"],
            row["obs_flag"],
        )
        for row in got.rows
    ]


def test_a_heading_states_period_measure_and_unit() -> None:
    got = read(RETAIL)
    assert got.reasons == []
    total, goods = "ITEM=TỔNG SỐ;MEASURE={}", "ITEM=Bán lẻ hàng hóa;MEASURE={};SECTION=Phân theo ngành hoạt động"
    assert reported(got) == [
        ("RETAIL", total.format("level"), "2026-08", 612345.6, "Tỷ đồng", None),
        ("RETAIL", total.format("level"), "2026-09", 620000.0, "Tỷ đồng", "E"),
        ("RETAIL", total.format("to_date"), "2026-09", 5400000.0, "Tỷ đồng", "E"),
        ("RETAIL", total.format("yoy"), "2026-09", 110.5, "%", None),
        ("RETAIL", goods.format("level"), "2026-08", 470000.0, "Tỷ đồng", None),
        ("RETAIL", goods.format("level"), "2026-09", None, "Tỷ đồng", "E"),
        ("RETAIL", goods.format("yoy"), "2026-09", None, "%", None),
    ]
    assert [row["missing_mark"] for row in got.rows if row["value"] is None] == ["..", "-"]
    assert {row["period_type"] for row in got.rows} == {"month"}


def test_a_heading_over_several_columns_counts_for_each() -> None:
    got = read(CPI, merge={0: ["B3:D3", "E3:E4", "A3:A4"]})
    assert got.reasons == []
    found = [(row["series"], row["value"]) for row in got.rows]
    assert found == [
        ("ITEM=CHỈ SỐ GIÁ TIÊU DÙNG;MEASURE=base", 107.1),
        ("ITEM=CHỈ SỐ GIÁ TIÊU DÙNG;MEASURE=yoy", 103.3),
        ("ITEM=CHỈ SỐ GIÁ TIÊU DÙNG;MEASURE=mom", 100.2),
        ("ITEM=CHỈ SỐ GIÁ TIÊU DÙNG;MEASURE=to_date_mean_yoy", 103.4),
    ]
    assert {(row["dataset"], f"{row['period_start']}") for row in got.rows} == {("CPI", "2026-09-01")}


@pytest.mark.parametrize(
    ("heading", "period", "measure", "unit"),
    [
        ("Thực hiện tháng 8", "Tháng 8 2026", "level", "Tỷ đồng"),
        ("Sơ bộ quý III năm 2026", "Sơ bộ Quý III 2026", "level", "Tỷ đồng"),
        ("Ước tính năm 2026", "Ước tính 2026", "level", "Tỷ đồng"),
        ("6 tháng đầu năm 2026", "Tháng 6 2026", "to_date", "Tỷ đồng"),
        ("Tháng 9 so với tháng 12 năm 2025", "Tháng 9 2026", "dec", "%"),
        ("So với tháng trước (%)", "Tháng 9 2026", "mom", "%"),
        ("Số lượng (Nghìn tấn) tháng 9/2026", "Tháng 9 2026", "level", "Tỷ đồng"),
        ("Tháng 9 năm 2026 (Nghìn tấn)", "Tháng 9 2026", "level", "Nghìn tấn"),
        ("Cơ cấu (%)", "", "Cơ cấu (%)", "%"),
        ("Tháng 13 năm 2026", "2026", "level", "Tỷ đồng"),
    ],
)
def test_headings(heading: str, period: str, measure: str, unit: str) -> None:
    assert _heading(heading, Month(2026, 9), "Tỷ đồng") == Heading(period, measure, unit)


def test_what_no_heading_states_is_rejected_cell_by_cell_and_row_by_row() -> None:
    more = {2: ["Cơ cấu (%)"], 3: [5], 4: [12.5]}
    shares = [[*row, *more.get(at, [])] for at, row in enumerate(RETAIL[:5])]
    by_rows = [["15. Tỷ lệ thất nghiệp"], ["", "Chung", "Thành thị"], ["Quý I", 2.2, 2.5], ["Quý II", 2.1, 2.4]]
    notes = [["Ghi chú"], ["Số liệu sơ bộ"]]
    got = read(shares, by_rows, notes)
    assert [reason for _, reason, _, _ in got.reasons] == ["bad_period", "heading_not_read", "heading_not_read"]
    assert len(got.rows) == 4


def test_without_a_month_in_its_name_a_heading_needs_its_year() -> None:
    rows = [["Bán lẻ"], ["", "Tháng 8", "Tháng 9 năm 2026"], ["TỔNG SỐ", 1.5, 2.5]]
    got = read(rows, name="bieu-so-lieu.xlsx")
    assert [(row["value"], f"{row['period_start']}") for row in got.rows] == [(2.5, "2026-09-01")]
    assert len(got.reasons) <= 1


UNREADABLE = [b"", b"PK\x03\x04rest", b"<html>", book(RETAIL)[:900], b"\xd0\xcf\x11\xe0" + bytes(99)]


@pytest.mark.parametrize("content", UNREADABLE)
def test_what_is_no_workbook_is_one_reject(content: bytes) -> None:
    got = loaded(SOURCE, content, name=NAME)
    assert (got.rows, len(got.reasons)) == ([], 1)


TEXTS = ["", "Tháng 9 năm 2026", "..", "x"]
cell = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(TEXTS)


@given(st.lists(st.lists(st.lists(cell, max_size=5), max_size=8), **FILES))
@settings(max_examples=4, deadline=None)
def test_any_sheet_is_rows_or_rejects(sheets: list[list[list[Any]]]) -> None:
    got = loaded(SOURCE, *(book([["Bán lẻ"], *rows]) for rows in sheets), name=NAME)
    assert all(row["dataset"] == "RETAIL" for row in got.rows)
