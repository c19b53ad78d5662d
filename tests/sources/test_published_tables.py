"""Tables of published figures: what people type, in the bytes that Excel makes of it, becomes figures or a reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, loaded, loaded_each
from openpyxl import Workbook

from pipelines.sources.published_tables import FIELDS, SOURCE

GOOD = {
    "indicator": "digital_economy_share_pct",
    "area_code": "VN",
    "period_type": "năm",
    "period_start": "2024",
    "value": "13,17",
    "unit": "%",
    "obs_status": "",
    "published_on": "06/01/2025",
    "source": "Tổng cục Thống kê",
    "document": "Công bố ngày 06/01/2025",
    "page": "3",
    "grade": "B",
    "note": "",
}


def table(*changes: dict[str, str], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["BẢNG SỐ LIỆU ĐÃ CÔNG BỐ"])
    writer.writerow(FIELDS)
    writer.writerows([list({**GOOD, **change}.values()) for change in changes])
    return text.getvalue().encode(encoding)


def test_a_row_becomes_a_figure() -> None:
    found = loaded(SOURCE, table({}))
    assert found.reasons == []
    (row,) = found.rows
    del row["version"], row["file_no"], row["load_no"], row["extracted_on"]
    assert row == {
        "indicator": "digital_economy_share_pct",
        "registered_unit": "%",
        "area_code": "VN",
        "period_type": "year",
        "period_start": date(2024, 1, 1),
        "value": 13.17,
        "unit": "%",
        "obs_status": "observed",
        "missing_kind": None,
        "published_on": date(2025, 1, 6),
        "source": "Tổng cục Thống kê",
        "document": "Công bố ngày 06/01/2025",
        "page": "3",
        "grade": "B",
        "note": None,
    }


COUNT = {"indicator": "population_count", "unit": "người", "area_code": "42"}
VALUES = [
    ({"value": "12.87 %"}, 12.87),
    ({"value": "0,53 %"}, 0.53),
    ({"value": "13,171"}, 13.171),
    ({**COUNT, "value": "1.622.901"}, 1622901),
    ({**COUNT, "value": "1,622,901"}, 1622901),
    ({**COUNT, "value": "1.622.901,5"}, 1622901.5),
    ({**COUNT, "value": "1 622 901"}, 1622901),
    ({**COUNT, "value": "1622901"}, 1622901),
    ({**COUNT, "value": "0"}, 0),
]


@pytest.mark.parametrize(("change", "value"), VALUES, ids=[change["value"] for change, _ in VALUES])
def test_numbers_are_read_as_both_countries_print_them(change: dict[str, str], value: float) -> None:
    (row,) = loaded(SOURCE, table(change)).rows
    assert row["value"] == value


@pytest.mark.parametrize("value", ["1e400", "9" * 400, "0.123,5", "0 123", "inf", "nan"])
def test_a_number_is_finite_and_its_groups_do_not_begin_with_zero(value: str) -> None:
    found = loaded(SOURCE, table({"value": value}))
    assert (found.rows, [reason[1:3] for reason in found.reasons]) == ([], [("not_a_number", "value")])


def test_marks_of_missing_values_are_no_zeros() -> None:
    rows = loaded(
        SOURCE, table(*({"value": mark} for mark in ("..", "…", "-", ".")), {"obs_status": "missing", "value": ""})
    ).rows
    assert [(row["value"], row["obs_status"], row["missing_kind"]) for row in rows] == [
        (None, "missing", kind) for kind in ("not_available", "not_available", "nil", "not_applicable", "unknown")
    ]


WRONG = [
    ({"indicator": ""}, "missing_field", "indicator"),
    ({"source": " "}, "missing_field", "source"),
    ({"value": ""}, "missing_field", "value"),
    ({"indicator": "kinh tế số"}, "unknown_code", "indicator"),
    ({"area_code": "1"}, "bad_code", "area_code"),
    ({"area_code": "99999"}, "unknown_code", "area_code"),
    ({"area_code": "47"}, "unknown_code", "area_code"),
    ({"period_type": "nhiệm kỳ"}, "unknown_code", "period_type"),
    ({"period_start": "30/02/2024"}, "bad_date", "period_start"),
    ({"period_type": "quý", "period_start": "01/02/2024"}, "bad_period", "period_start"),
    ({"published_on": "đầu năm"}, "bad_date", "published_on"),
    ({"published_on": "31/12/2030"}, "date_out_of_range", "published_on"),
    ({"published_on": "01/01/2020"}, "date_out_of_range", "published_on"),
    ({"obs_status": "chắc chắn"}, "unknown_code", "obs_status"),
    ({"grade": "tốt"}, "unknown_code", "grade"),
    ({"obs_status": "missing"}, "value_though_missing", "value"),
    ({"value": "khoảng 13"}, "not_a_number", "value"),
    ({"value": "13,17 - 13,20"}, "not_a_number", "value"),
    ({**COUNT, "value": "1.317"}, "ambiguous_number", "value"),
    ({"unit": "tỷ đồng"}, "wrong_unit", "unit"),
    ({"value": "0.85"}, "fraction_for_percent", "value"),
    ({"value": "1"}, "fraction_for_percent", "value"),
]


def test_what_cannot_be_meant_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(change for change, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, reason, field) for row, reason, field, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 3)
    ]


def test_a_workbook_with_numbers_and_dates_of_excel() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Bảng 1. Kinh tế số"])
    sheet.append(list(FIELDS))
    sheet.append([*list({**GOOD, "period_start": 2024, "value": 13.17}.values())])
    sheet.append([*list({**GOOD, "period_start": 2023, "value": 0.8523, "published_on": date(2025, 1, 6)}.values())])
    sheet["E4"].number_format = "0.00%"  # what is seen as 85.23 % is 0.8523 in the file
    stream = io.BytesIO()
    book.save(stream)
    found = loaded(SOURCE, stream.getvalue())
    assert [row["value"] for row in found.rows] == [13.17]
    assert found.reasons == [(4, "fraction_for_percent", "value", "9.9999")]


def test_only_text_can_mean_two_numbers() -> None:
    """A JSON number has one reading; `134.345` as text is thousands in one country and decimals in the other."""
    count = {**GOOD, **COUNT}
    found = loaded(SOURCE, json.dumps([{**count, "value": 134.345}, {**count, "value": "134.345"}]).encode())
    assert [row["value"] for row in found.rows] == [134.345]
    assert found.reasons == [(2, "ambiguous_number", "value", "999.999")]


UGLY = {
    "utf-16": table({}, encoding="utf-16"),
    "windows-1258 without accents": table({"source": "TCTK", "period_type": "year"}, delimiter=";").replace(
        "BẢNG SỐ LIỆU ĐÃ CÔNG BỐ".encode(), b"BANG"
    ),
    "tabs": table({}, delimiter="\t"),
    "gzip of JSON": gzip.compress(b'[{"indicator": "dti_rank", "value": "11", "published_on": "2025-10-21"}]'),
    "another table": b"Ma ho so,Ngay nhan\n1,2\n",
    "truncated in the middle of a row": table({}, {})[:-40],
    "nothing": b"",
    "not UTF-8": table({"note": "X"}).replace(b"X", b"\xff\xfe"),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}
EXPECTED = {
    "utf-16": (1, []),
    "windows-1258 without accents": (1, []),
    "tabs": (1, []),
    "gzip of JSON": (0, ["missing_field"]),
    "another table": (0, ["header_not_found"]),
    "truncated in the middle of a row": (1, ["wrong_width"]),
    "nothing": (0, ["empty_file"]),
    "not UTF-8": (0, ["invalid_utf8"]),
    "a picture": (0, ["header_not_found"]),
}


@pytest.mark.parametrize("name", UGLY)
def test_ugly_bytes(name: str) -> None:
    found = loaded(SOURCE, UGLY[name])
    assert (len(found.rows), [reason for _, reason, _, _ in found.reasons]) == EXPECTED[name]


cell = st.text(st.sampled_from('0123,.%- \n"đ…'), max_size=10) | st.sampled_from([*GOOD.values(), "0.85", "missing"])


@given(st.lists(st.lists(st.lists(cell, min_size=len(FIELDS), max_size=len(FIELDS)), max_size=8), **FILES))
@settings(max_examples=2, deadline=None)
def test_rows_in_are_rows_loaded_and_quarantined(tables: list[list[list[str]]]) -> None:
    files = []
    for rows in tables:
        text = io.StringIO()
        csv.writer(text).writerows([list(FIELDS), *rows])
        files.append(text.getvalue().encode())
    for found, rows in zip(loaded_each(SOURCE, *files), tables, strict=True):  # checks the sum itself
        assert len(found.rows) + len(found.reasons) == max(1, sum(any(c.strip() for c in row) for row in rows))
        for row in found.rows:
            assert (row["value"] is None) == (row["missing_kind"] is not None)
            assert (row["value"] is None) == (row["obs_status"] in ("missing", "suppressed"))
