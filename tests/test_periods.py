"""Periods: written, read, named and compared in one way, in Python and in SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.periods import MONTHS, Period, PeriodType, first_sql, label_sql, last_day, last_sql, local_date, type_sql

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
TYPES = st.sampled_from(get_args(PeriodType))


@pytest.mark.parametrize(
    ("label", "type_", "first", "last", "title"),
    [
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31), "Năm 2026"),
        ("2026-H1", "half", date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
        ("2026-H2", "half", date(2026, 7, 1), date(2026, 12, 31), "6 tháng cuối năm 2026"),
        ("2026-Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30), "Quý III năm 2026"),
        ("2026-02", "month", date(2026, 2, 1), date(2026, 2, 28), "Tháng 2 năm 2026"),
        ("2024-02-29", "day", date(2024, 2, 29), date(2024, 2, 29), "Ngày 29/02/2024"),
    ],
)
def test_a_label_is_a_period(label: str, type_: str, first: date, last: date, title: str) -> None:
    period = Period.parse(label, get_args(PeriodType))
    assert (period.type, period.first, period.last, period.label, period.title_vi) == (type_, first, last, label, title)


@pytest.mark.parametrize("text", ["", "26", "0000", "2026-Q5", "2026-H3", "2026-13", "2026-00", "2026-02-01", "2026-Q"])
def test_what_is_no_label_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no period: write it like 2026 or 2026-H1 or 2026-Q3 or 2026-09\."):
        Period.parse(text)
    with pytest.raises(ValueError, match=r"write it like 2026-09\."):
        Period.parse("2026", ("month",))


@given(TYPES, DAYS)
def test_every_day_lies_in_one_period_of_a_type_that_its_label_names(type_: PeriodType, day: date) -> None:
    period = Period.containing(type_, day)
    assert period.first <= day <= period.last
    assert Period.parse(period.label, (type_,)) == period
    following = Period.containing(type_, period.last + timedelta(days=1))
    assert following.first == period.last + timedelta(days=1)
    assert period < following


@given(st.sampled_from(sorted(MONTHS)), DAYS)
@settings(max_examples=40, deadline=None)
def test_sql_reads_and_writes_as_python_does(type_: PeriodType, day: date) -> None:
    period = Period.containing(type_, day)
    found = duckdb.execute(
        f"select {type_sql('label')}, {first_sql('label')}, {last_sql('label')}, {label_sql('type', 'first')} "
        "from (select ? as label, ? as type, ?::date as first)",
        [period.label, period.type, period.first],
    ).fetchone()
    assert found == (period.type, period.first, period.last, period.label)


def test_the_day_is_that_of_vietnam() -> None:
    assert local_date(datetime(2026, 9, 30, 17, 0, tzinfo=UTC)) == date(2026, 10, 1)
    assert last_day(2028, 2) == date(2028, 2, 29)
