"""What labels of time say, and what a vintage is: the same for every source of statistics."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loads import loaded

from pipelines.sources.statistic_rows import unit_in, when
from pipelines.sources.worldbank import SOURCE


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("2024", ("year", date(2024, 1, 1), None)),
        ("Năm 2024", ("year", date(2024, 1, 1), None)),
        ("  Sơ bộ 2024", ("year", date(2024, 1, 1), "P")),
        ("2024 (Sơ bộ)", ("year", date(2024, 1, 1), "P")),
        ("Prel. 2024", ("year", date(2024, 1, 1), "P")),
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
def test_a_label_of_time_says_its_period_or_nothing(label: str, said: Any) -> None:
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
    ("updated", "vintage"),
    [("2026-07-01", "2026-07-01"), ("2026-07-01T08:00:00Z", "2026-07-01"), ("9999-12-31", "None"), ("?", "None")],
)
def test_a_day_of_update_that_cannot_be_is_not_known(updated: str, vintage: str) -> None:
    observation = {"indicator": {"id": "A"}, "country": {"id": "VN"}, "date": "2024", "value": 1}
    got = loaded(SOURCE, json.dumps([{"page": 1, "lastupdated": updated}, [observation]]).encode())
    assert [str(row["updated_on"]) for row in got.rows] == [vintage]
