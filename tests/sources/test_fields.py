"""Types of fields: what each reads, and what it rejects and why. A source that uses them is safe without more."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import loaded
from openpyxl import Workbook

from pipelines.sources import framing
from pipelines.sources.base import Source, Table
from pipelines.sources.dossier_rows import IN_NFC
from pipelines.sources.dossiers import SOURCE as DOSSIERS
from pipelines.sources.fields import (
    Amount,
    Choice,
    Code,
    Coordinate,
    Day,
    Due,
    Field,
    Flag,
    Identifier,
    Number,
    Pseudonym,
    Text,
    Timestamp,
    Whole,
)
from pipelines.sources.ispeed import SOURCE as ISPEED

KINDS: dict[str, Field] = {
    "text": Text("value", longest=10),
    "name": Text("value", is_member=True),
    "site": Text("value", in_capitals=True),
    "code": Code("value", pattern="[A-Z0-9.]{2,9}|[a-z0-9.]{2,9}"),
    "choice": Choice("value", meanings={"có": "yes", "không": "no"}, blank_means="all"),
    "flag": Flag("value"),
    "number": Number("value", above=0, maximum=20_000),
    "open": Number("value"),
    "whole": Whole("value"),
    "amount": Amount("value"),
    "id": Identifier("value", minimum=1, maximum=65_533),
    "degrees": Coordinate("value"),
    "time": Timestamp("value"),
    "day": Day("value"),
    "due": Due("value"),
    "needed": Text("value", required=True),
}
DAY = date(2026, 10, 31)
ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GIÁ TRỊ!", "#####", "Err:502", "=")


def source(*fields: Field) -> Source:
    table = Table.of(*fields, identity=fields[0].column_name)
    return replace(DOSSIERS, name="toy", frame=framing.frame, table=table)


def read(kind: str, *values: Any) -> list[Any]:
    """Each value as it is loaded, or the reason why it is not."""
    records = [{"value": value, "row": number} for number, value in enumerate(values)]
    found = loaded(source(KINDS[kind]), json.dumps(records).encode(), day=DAY)
    rejected = {row: reason for row, reason, _, _ in found.reasons}
    rows = iter(found.rows)
    return [rejected[n] if n in rejected else next(rows)["value"] for n in range(1, len(values) + 1)]


CASES: dict[str, dict[Any, Any]] = {
    "text": {" a \u00a0 b\u200b\ufeff ": "a b", "e\u0302": "ê", "": None, "x" * 11: "text_too_long"},
    "name": {
        "Thôn Cộng Hòa": "Thôn Cộng Hòa",
        "Cộng": "total_row",
        "TỔNG CỘNG:": "total_row",
        "Tổng số xã Cẩm Lạc": "total_row",
        "Toàn tỉnh": "total_row",
        "Total": "total_row",
        "Cả tỉnh": "total_row",
        "Toàn huyện": "total_row",
        "I. Tổng cộng": "total_row",
        "1) Cộng": "total_row",
        "* Tổng cộng *": "total_row",
        "Tổng cộng (I+II)": "total_row",
        "Total (69)": "total_row",
        "Tổng: 15 thôn": "total_row",
        "Tổng thôn": "total_row",
        "Tổng Quan": "Tổng Quan",
        "Sum001": "Sum001",
        "a\x07b": "bad_text",
        "a\ufffdb": "bad_text",
    },
    "site": {"hth001 ": "HTH001"},
    "code": {"h27.101": "H27.101", "H27.101": "H27.101", "Cộng": "bad_code", "": None},
    "choice": {"CÓ": "yes", "kh\u006f\u0302ng": "no", "": "all", "hỏng": "unknown_code", "\u200b": "unknown_code"},
    "flag": {"1": True, "True": True, "0": False, "": None, "có": "unknown_code"},
    "number": {
        "312,5": 312.5,
        "312.55": 312.55,
        "1.234,5": 1234.5,
        "1,234.5": 1234.5,
        "1 234,5": 1234.5,
        "0,125": 0.125,
        "1.024": "ambiguous_number",
        "1,024": "ambiguous_number",
        1.024: 1.024,
        "85.123": 85.123,  # 85123 is out of the field's range
        "0": "out_of_range",
        "20001": "out_of_range",
        "nhanh": "bad_number",
        "1336167. 72": "bad_number",
        "1e999": "bad_number",
        "9" * 400: "bad_number",
        "0.123,5": "bad_number",
        "0 123": "bad_number",
        "12 %": "bad_number",
    },
    "open": {"134.345": "ambiguous_number", 134.345: 134.345, "-1,5": -1.5, "1.234.567": 1234567.0, "1e3": 1000.0},
    "whole": {
        "1.234": 1234,
        "1,234": 1234,
        "1 234 567": 1234567,
        "300.0": 300,
        "0.500": "bad_number",
        "0,500": "bad_number",
        "001.234": "bad_number",
        "1,5": "bad_number",
        1.234: "bad_number",
        "-1": "out_of_range",
        7: 7,
        "": None,
    },
    "amount": {"150.000": 150_000, "5000.00": 5000, "5.000 đ": "bad_amount", "9000000000000": "out_of_range"},
    "id": {
        "11010": 11010,
        "12.7": "bad_number",
        "-1": "bad_number",
        "0": "out_of_range",
        "65535": "out_of_range",
        "1.234": "bad_number",
    },
    "degrees": {
        "105,9012": 105.9012,
        "105.9012": 105.9012,
        "18.340": 18.34,
        "105°54'": "bad_number",
        "181": "out_of_range",
    },
    "time": {
        "20261010093000": datetime(2026, 10, 10, 9, 30),
        "10/10/2026 09:30": datetime(2026, 10, 10, 9, 30),
        "2026-11-01 23:59:59": datetime(2026, 11, 1, 23, 59, 59),
        "2026-11-02": "date_out_of_range",
        "10/10/26": "date_out_of_range",
        "0001-01-01T00:00:00": "date_out_of_range",
        "1900-01-01": "date_out_of_range",
        "9999-12-31": "date_out_of_range",
        "31/02/2026": "bad_date",
    },
    "day": {"05/09/2026": date(2026, 9, 5), "2206-01-01": "date_out_of_range"},
    "due": {
        "20261010": datetime(2026, 10, 10, 23, 59, 59),
        "20261010000000": datetime(2026, 10, 10, 23, 59, 59),
        "10/10/2026": datetime(2026, 10, 10, 23, 59, 59),
        "20261010170000": datetime(2026, 10, 10, 17),
        "2100-12-31": datetime(2100, 12, 31, 23, 59, 59),
        "0001-01-01T00:00:00": None,
        "1753-01-01": None,
        "1900-01-01 00:00:00": None,
        "9999-12-31 23:59:59": None,
        "2206-10-10 17:00:00": "date_out_of_range",
        "10/10/26": "date_out_of_range",
        "2101-01-01": "date_out_of_range",
        "sớm": "bad_date",
        "": None,
    },
    "needed": {" ": "missing_field", "\u200b": "missing_field"},
}


@pytest.mark.parametrize("kind", CASES)
def test_what_a_type_reads_and_rejects(kind: str) -> None:
    assert dict(zip(CASES[kind], read(kind, *CASES[kind]), strict=True)) == CASES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_value_of_a_spreadsheet_is_no_value_of_any_type(kind: str) -> None:
    assert read(kind, *ERRORS) == ["error_cell"] * len(ERRORS)


def test_a_text_that_begins_like_an_error_is_no_error() -> None:
    assert read("text", "#1", "E1", "Erratic", "=x") == ["#1", "E1", "Erratic", "=x"]


def test_a_term_before_the_receipt_is_rejected_and_that_of_the_same_day_is_not() -> None:
    toy = source(Timestamp("received_at"), Due("due_at", after="received_at"))
    records = [
        {"received_at": "2026-10-02 08:00:00", "due_at": due} for due in ("2026-10-01", "2026-10-02", "0001-01-01")
    ]
    found = loaded(toy, json.dumps(records).encode(), day=DAY)
    assert [row["due_at"] for row in found.rows] == [datetime(2026, 10, 2, 23, 59, 59), None]
    assert [(row, reason, field) for row, reason, field, _ in found.reasons] == [(1, "due_before_receipt", "due_at")]


def test_a_number_that_differs_by_case_is_one_pseudonym() -> None:
    toy = source(Pseudonym("number", "id", kind="dossier", pattern="[0-9A-Za-z.-]+"))
    records = [{"number": number} for number in ("H27.101-261002-1", "h27.101-261002-1 ")]
    assert len({row["id"] for row in loaded(toy, json.dumps(records).encode(), day=DAY).rows}) == 1


HALF = [
    ('{"number": "A", "free": "bị cắt \\ud83d"}', None),
    ('{"number": "A", "free": "\\ud83d\\ude00 \\\\ud83d \\ude00"}', None),
    ('{"number": "A \\ud83d", "free": "x"}', "bad_text"),
    ('{"number": "A", "free": "\\ud83d"', "invalid_json"),
]


@pytest.mark.parametrize(("line", "reason"), HALF)
def test_half_a_character_costs_the_record_only_where_it_is_kept(line: str, reason: str | None) -> None:
    found = loaded(source(Text("number")), f'{{"number": "B"}}\n{line}\n'.encode(), day=DAY)
    assert [why for _, why, _, _ in found.reasons] == ([reason] if reason else [])
    assert [row["number"] for row in found.rows] == (["B"] if reason else ["B", "A"])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=0.001, max_value=20_000), min_size=20))
@settings(max_examples=3, deadline=None)
def test_a_number_cell_is_loaded_as_it_is(values: list[float]) -> None:
    assert read("number", *values) == values


@given(st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from([".", ",", " "])), min_size=20))
@settings(max_examples=3, deadline=None)
def test_a_count_is_read_with_any_mark_of_thousands(counts: list[tuple[int, str]]) -> None:
    written = [f"{value:,}".replace(",", mark) for value, mark in counts]
    assert read("whole", *written) == [value for value, _ in counts]


def test_a_number_cell_of_a_workbook_has_one_reading_and_a_text_cell_may_have_two() -> None:
    sheet = Workbook()
    assert sheet.active is not None
    for row in (
        ["Kỳ", "Mã xã", "Loại mạng", "Tải xuống (Mbps)", "Số mẫu"],
        ["07/2026", "18073", "cố định", 1.024, 1234],
        ["07/2026", "18073", "cố định", "1.024", 1234],
        ["07/2026", "18073", "cố định", 312, "1.234"],
        ["07/2026", "18073", "cố định", 312, 1.234],
    ):
        sheet.active.append(row)
    content = io.BytesIO()
    sheet.save(content)
    found = loaded(ISPEED, content.getvalue(), day=DAY, name="ispeed-2026-10-31.xlsx")
    assert [(row["download_mbps"], row["samples"]) for row in found.rows] == [(1.024, 1234), (312.0, 1234)]
    assert [(row, reason, field) for row, reason, field, _ in found.reasons] == [
        (3, "ambiguous_number", "download"),
        (5, "bad_number", "samples"),
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_the_name_of_an_office_is_kept_with_whole_letters(form: Any, record: Callable[..., dict[str, Any]]) -> None:
    name = "Ủy ban nhân dân xã Đồng Lộc – Kỳ Ă"
    sent = record(DonViXuLy=unicodedata.normalize(form, name))
    (row,) = loaded(DOSSIERS, json.dumps(sent, ensure_ascii=False).encode()).rows
    assert row["agency_name"] == name


def test_letters_that_are_taken_for_whole_are_whole_in_any_order() -> None:
    letters = re.findall(IN_NFC[:-1], "".join(map(chr, range(0x10000))))
    assert "ệ" in letters, "not only those of ASCII"
    parts = {part for char in map(chr, range(0x110000)) for part in unicodedata.normalize("NFD", char)[1:]}
    assert [char for char in letters if not unicodedata.is_normalized("NFC", char) or char in parts] == []


@pytest.mark.parametrize("text", ["20260302070300", "2026-3-2 7:3:0", "2026-03-02 07:03:00", "2026-03-02T07:03:00.000"])
def test_a_time_of_a_feed_is_read_in_every_form(text: str, record: Callable[..., dict[str, Any]]) -> None:
    """Also in another form that is as long as the usual one."""
    (row,) = loaded(DOSSIERS, json.dumps(record(NgayNopHoSo=text)).encode()).rows
    assert row["submitted_at"] == datetime(2026, 3, 2, 7, 3)
