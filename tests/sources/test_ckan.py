"""Tables of an open-data portal: pages past the silent cap, tokens, and what a row becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, Reply
from doubles.pulling import Pulls, rows
from doubles.statistic_interfaces import Ckan
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, loaded, loaded_each

from pipelines.landing.http import Refused
from pipelines.landing.pull import PullError
from pipelines.sources.ckan import SOURCE

LONG = [{"id": name, "type": "text"} for name in ("dia_phuong", "nam", "chi_tieu", "don_vi_tinh", "gia_tri")]
WIDE = [{"id": "Năm", "type": "int4"}, {"id": "Số hộ", "type": "numeric"}, {"id": "Tỷ lệ", "type": "numeric"}]


def household(n: int, value: Any = "5") -> dict[str, Any]:
    return {"dia_phuong": f"Xã {n}", "nam": "2024", "chi_tieu": "Số hộ", "don_vi_tinh": "hộ", "gia_tri": value}


@pytest.fixture
def server() -> Iterator[Ckan]:
    records = [household(n) for n in range(1, 8)]
    wide = [{"Năm": 2023, "Số hộ": 10, "Tỷ lệ": 0.5}, {"Năm": 2024, "Số hộ": None, "Tỷ lệ": 0}]
    double = Ckan(tables={"r-long": (LONG, records), "r-wide": (WIDE, wide)}, most_rows=3, token="bi-mat")  # noqa: S106
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: Ckan, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, SOURCE, server.address, {"resources": "r-long; r-wide", "token": "bi-mat"})


def names(*rows_from: int) -> list[str]:
    return [f"r-long-row-{number:09d}.json" for number in rows_from]


def test_pages_follow_the_rows_that_came_not_the_limit_that_was_asked(server: Ckan, pulls: Pulls) -> None:
    assert pulls.pull("2026") == [*names(0, 3, 6), "r-wide-row-000000000.json"]
    with duckdb.connect() as connection:
        report = pulls.load(connection)
        assert (report.rows_in, report.rows_quarantined) == (7 + 4, 0)
        long = "select series, area_label, value, unit_label from raw.ckan where dataset = 'r-long' order by series"
        assert rows(connection, long)[0] == ("chi_tieu=Số hộ;dia_phuong=Xã 1", "Xã 1", 5.0, "hộ")
        wide = "select series, period_start::varchar, value from raw.ckan where dataset = 'r-wide' order by all"
        assert rows(connection, wide) == [
            ("measure=Số hộ", "2023-01-01", 10.0),
            ("measure=Số hộ", "2024-01-01", None),
            ("measure=Tỷ lệ", "2023-01-01", 0.5),
            ("measure=Tỷ lệ", "2024-01-01", 0.0),
        ]


def test_without_its_token_the_portal_refuses(pulls: Pulls) -> None:
    del pulls.credentials["token"]
    with pytest.raises(Refused) as caught:
        pulls.pull("2026")
    assert "bi-mat" not in str(caught.value)


def test_without_resources_the_error_names_the_setting(pulls: Pulls) -> None:
    del pulls.credentials["resources"]
    with pytest.raises(PullError, match='set "resources" of "ckan" in HATINH_CREDENTIALS_FILE'):
        pulls.pull("2026")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (ERROR_PAGE, "is an HTML page, not JSON"),
        (Reply({"success": False, "error": {}}), "it reports no success"),
        (Reply({"success": True, "result": {"records": []}}), "it has no records and fields"),
        (Reply({"success": True, "result": {"records": [], "fields": []}}), 'has no "total"'),
        (Reply({"success": True, "result": {"records": [], "fields": [], "total": 9}}), "the page is empty"),
        (Reply(b"", 404), "nothing here any more (status 404)"),
    ],
    ids=["HTML", "no success", "no fields", "no total", "empty", "404"],
)
def test_a_table_that_fails_stops_no_other(server: Ckan, pulls: Pulls, reply: Reply, problem: str) -> None:
    server.faults[2] = [reply]
    with pytest.raises(PullError) as caught:
        pulls.pull("2026")
    assert str(caught.value).startswith("ckan 2026, r-long from row 3: ")
    assert problem in str(caught.value)
    landed = [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)]
    assert landed == [*names(0), "r-wide-row-000000000.json"]


def body(fields: Any, records: Any) -> bytes:
    return json.dumps(
        {"success": True, "result": {"resource_id": "r", "fields": fields, "records": records, "total": 1}}
    ).encode()


def test_a_table_without_a_period_is_no_table_of_figures() -> None:
    got = loaded(SOURCE, body([{"id": "ten", "type": "text"}, {"id": "so", "type": "int"}], [{"ten": "a", "so": 1}]))
    assert [reason for _, reason, _, _ in got.reasons] == ["no_answer"]


def typed(**types: str) -> list[dict[str, str]]:
    return [{"id": name, "type": kind} for name, kind in types.items()]


def test_a_number_beside_the_value_is_a_dimension() -> None:
    fields = typed(nam="int4", quy="int4", ma_nhom="int4", gia_tri="numeric")
    rows_of = [{"nam": 2024, "quy": q, "ma_nhom": g, "gia_tri": 100 * q + g} for q in (1, 2) for g in (1, 2)]
    got = loaded(SOURCE, body(fields, rows_of))
    found = [(row["series"], row["period_type"], f"{row['period_start']}", row["value"]) for row in got.rows]
    assert found == [
        ("ma_nhom=1", "quarter", "2024-01-01", 101.0),
        ("ma_nhom=2", "quarter", "2024-01-01", 102.0),
        ("ma_nhom=1", "quarter", "2024-04-01", 201.0),
        ("ma_nhom=2", "quarter", "2024-04-01", 202.0),
    ]


def test_codes_and_months_of_a_wide_table_are_no_figures() -> None:
    fields = typed(stt="int4", nam="int4", thang="int4", ma_xa="int4", so_ho="numeric")
    got = loaded(SOURCE, body(fields, [{"stt": 1, "nam": 2024, "thang": 3, "ma_xa": 18073, "so_ho": 12}]))
    assert [(row["series"], f"{row['period_start']}", row["value"]) for row in got.rows] == [
        ("ma_xa=18073;measure=so_ho;stt=1", "2024-03-01", 12.0)
    ]


def test_a_dimension_that_was_read_as_a_figure_publishes_nothing() -> None:
    """`dot` is not known as a class: its rows contradict each other in `so_ho`, and are held."""
    fields = typed(nam="int4", dot="int4", so_ho="numeric")
    got = loaded(SOURCE, body(fields, [{"nam": 2024, "dot": n, "so_ho": 10 * n} for n in (1, 2)]))
    assert (got.rows, {reason for _, reason, _, _ in got.reasons}) == ([], {"conflicting_figures"})


VALUES = st.lists(st.none() | st.text(max_size=5) | st.floats() | st.sampled_from(["..", "-", "1.234,5", "7"]))


@given(tables=st.lists(VALUES, **FILES))
@settings(max_examples=3, deadline=None)
def test_every_row_is_loaded_or_held(tables: list[list[Any]]) -> None:
    each = loaded_each(SOURCE, *(body(LONG, [household(n, value) for n, value in enumerate(t)]) for t in tables))
    assert [len(got.rows) + len(got.reasons) for got in each] == [max(len(values), 1) for values in tables]
