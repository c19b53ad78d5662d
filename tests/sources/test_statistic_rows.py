"""What labels of time mean, and what a vintage is: the same for every source of statistics."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loads import loaded

from pipelines.sources.statistic_rows import number, unit_in, when
from pipelines.sources.worldbank import SOURCE


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("2024", ("year", date(2024, 1, 1), None)),
        ("Năm 2024", ("year", date(2024, 1, 1), None)),
        ("  Sơ bộ 2024", ("year", date(2024, 1, 1), "P")),
        ("2024 (Sơ bộ)", ("year", date(2024, 1, 1), "P")),
        ("Prel. 2024", ("year", date(2024, 1, 1), "P")),
        ("Sơ bộ - Prel. 2024", ("year", date(2024, 1, 1), "P")),
        ("Sơ bộ/Prel. 2024", ("year", date(2024, 1, 1), "P")),
        ("2024 (Sơ bộ - Preliminary)", ("year", date(2024, 1, 1), "P")),
        ("Ước tính - Est. 2025", ("year", date(2025, 1, 1), "E")),
        ("Ước 2024", ("year", date(2024, 1, 1), "E")),
        ("Sơ bộ - Prel. Quý III năm 2024", ("quarter", date(2024, 7, 1), "P")),
        ("Sơ bộ - Est. 2024", None),
        ("Ước tính 2025", ("year", date(2025, 1, 1), "E")),
        ("Quý III năm 2024", ("quarter", date(2024, 7, 1), None)),
        ("Quý 4/2024", ("quarter", date(2024, 10, 1), None)),
        ("2024-Q2", ("quarter", date(2024, 4, 1), None)),
        ("Tháng 3 2024", ("month", date(2024, 3, 1), None)),
        ("Tháng 11/2024", ("month", date(2024, 11, 1), None)),
        ("2024M07", ("month", date(2024, 7, 1), None)),
        ("2024-12", ("month", date(2024, 12, 1), None)),
        ("6 tháng cuối năm 2024", ("half", date(2024, 7, 1), None)),
        ("2024-S1", ("half", date(2024, 1, 1), None)),
        ("2024-02-29", ("day", date(2024, 2, 29), None)),
        *(
            (label, None)
            for label in ("", "Tổng số", "2024-2025", "2023-02-29", "204", "20245", "Tháng 13 2024", "Quý V 2024")
        ),
        *((label, None) for label in ("Bình quân 2020-2024", "1/2/2024", "Sơ bộ", "9999-12")),
    ],
)
def test_a_label_of_time_gives_its_period_or_none(label: str, said: Any) -> None:
    assert when(label) == said


@given(st.text())
def test_any_text_is_a_period_or_none(text: str) -> None:
    said = when(text)
    assert said is None or 1900 <= said[1].year < 2100


def test_the_unit_is_what_the_last_brackets_hold() -> None:
    assert unit_in("Dân số (2024) trung bình (Nghìn người)") == "Nghìn người"
    assert unit_in("Dân số", "Bảng 1 ( % )") == "%"
    assert unit_in("Dân số (2024) trung bình") == ""


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("Area (Km2(*)", "Km2"),
        ("Diện tích (Km2)(*)", "Km2"),
        ("Diện tích (Km2)*", "Km2"),
        ("Total - Thous. pers.", "Thous. pers."),
        ("Growth rate -%", "%"),
        ("Structure - urban", ""),
    ],
)
def test_a_footnote_or_a_dash_hides_no_unit(title: str, unit: str) -> None:
    assert unit_in(title) == unit


@pytest.mark.parametrize(
    ("text", "typed", "read"),
    [
        ("1310.1", False, "1310.1"),
        ("8 339.9", False, "8339.9"),
        ("8\u00a0339,9", False, "8339.9"),
        ("97.250,00", False, "97250.00"),
        ("1.067.817,12", False, "1067817.12"),
        ("1,067,817", False, "1067817.0"),
        ("164,25", False, "164.25"),
        ("-12,5", False, "-12.5"),
        ("0.125", False, "0.125"),
        ("102.892", True, "102.892"),
        ("102.892", False, None),
        ("102,892", True, None),
        ("1336167. 72", True, None),
        ("1 33.5", False, None),
        ("1.234.5", False, None),
        ("12.345.67", False, None),
        ("", False, None),
        ("na", False, None),
        ("0x10", True, None),
        ("1_000", True, None),
        ("nan", True, None),
    ],
)
def test_a_number_has_one_reading_or_none(text: str, typed: bool, read: str | None) -> None:
    assert number(text, is_typed=typed) == read


@given(
    value=st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    marks=st.sampled_from([(" ", "."), (" ", ","), (".", ","), (",", "."), ("\u00a0", ","), ("", "."), ("", ",")]),
)
def test_a_number_printed_in_any_convention_is_the_same_number(value: Decimal, marks: tuple[str, str]) -> None:
    grouped, point = marks
    printed = f"{value:,.2f}".translate({ord(","): grouped, ord("."): point})
    assert Decimal(number(printed, is_typed=False) or "NaN") == value


def test_ambiguous_text_is_held_and_a_number_of_the_format_is_not() -> None:
    observation = {"indicator": {"id": "A"}, "country": {"id": "VN"}, "date": "2024"}
    rows = [{**observation, "date": "2023", "value": 1.234}, {**observation, "value": "1.234"}]
    got = loaded(SOURCE, json.dumps([{"page": 1}, rows]).encode())
    assert [row["value"] for row in got.rows] == [1.234]
    assert [(reason, shape) for _, reason, _, shape in got.reasons] == [("ambiguous_number", "9.999")]


def test_two_values_of_one_figure_are_both_held() -> None:
    observation = {"indicator": {"id": "A"}, "country": {"id": "VN"}, "date": "2024"}
    again = loaded(SOURCE, json.dumps([{"page": 1}, [{**observation, "value": 5}] * 2]).encode())
    assert [reason for _, reason, _, _ in again.reasons] == ["duplicate_record"]
    rows = [{**observation, "value": 5}, {**observation, "value": 6}, {**observation, "date": "2023", "value": 7}]
    got = loaded(SOURCE, json.dumps([{"page": 1}, rows]).encode())
    assert [row["value"] for row in got.rows] == [7.0]
    assert [reason for _, reason, _, _ in got.reasons] == ["conflicting_figures"] * 2


@pytest.mark.parametrize(
    ("updated", "vintage"),
    [("2026-07-01", "2026-07-01"), ("2026-07-01T08:00:00Z", "2026-07-01"), ("9999-12-31", "None"), ("?", "None")],
)
def test_a_day_of_update_that_cannot_be_is_not_known(updated: str, vintage: str) -> None:
    observation = {"indicator": {"id": "A"}, "country": {"id": "VN"}, "date": "2024", "value": 1}
    got = loaded(SOURCE, json.dumps([{"page": 1, "lastupdated": updated}, [observation]]).encode())
    assert [str(row["updated_on"]) for row in got.rows] == [vintage]
