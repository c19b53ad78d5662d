"""The ITU DataHub: who is let in, answers by code, and a CSV whose values break over lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.pulling import Pulls, rows
from doubles.statistic_interfaces import Itu
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, Loaded, loaded, loaded_each

from pipelines.landing.http import HttpClient, Refused
from pipelines.landing.pull import PullError
from pipelines.sources.base import Source
from pipelines.sources.itu import BROWSER, HEADER, SOURCE


def year(number: int, value: Any, code: int = 178) -> dict[str, Any]:
    return {"dataYear": number, "answer": [{"value": value}], "code": "i271", "codeID": code, "dataSource": "ITU"}


def line(value: str = "12.5", notes: str = "", at: str = "2024", area: str = "VNM") -> str:
    cells = ["178", "i271", "Subscriptions", "Number", "WTI", at, "Viet Nam", area, "", "", "", value, notes]
    return ",".join([*cells, "Ministry", "2026-07-02"])


HEAD = ",".join(HEADER)


@pytest.fixture
def server() -> Iterator[Itu]:
    double = Itu(codes={"178": [year(2023, 1000), year(2024, None)]}, csv=f"{HEAD}\r\n{line()}\r\n".encode())
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: Itu, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, SOURCE, server.address, {"codes": "178"}, headers={"user-agent": BROWSER})


def test_answers_and_downloads_become_figures(pulls: Pulls) -> None:
    pulls.credentials["downloads"] = "v3/data/download?codesid=178&countriesid=1"
    assert pulls.pull("2026") == ["178-VNM.json", "download-178.csv"]
    with duckdb.connect() as connection:
        assert pulls.load(connection).rows_quarantined == 0
        found = "select dataset, series, period_start::varchar, value, unit_label, updated_on::varchar from raw.itu"
        assert rows(connection, f"{found} order by version") == [
            ("178", "AREA=VNM", "2023-01-01", 1000.0, None, None),
            ("178", "AREA=VNM", "2024-01-01", None, None, None),
            ("178", "AREA=VNM;SERIES=i271", "2024-01-01", 12.5, "Number", "2026-07-02"),
        ]


def test_only_a_browser_is_let_in(server: Itu, pulls: Pulls) -> None:
    pulls.headers.clear()
    with pytest.raises(Refused):
        pulls.pull("2026")
    assert SOURCE.manner
    with HttpClient(headers=SOURCE.manner.headers) as client:
        assert client.request("GET", f"{server.address}/v2/data/bycode/178/byiso/VNM").status == 200


def test_a_code_that_is_gone_stops_no_other(pulls: Pulls) -> None:
    pulls.credentials["codes"] = "1;178"
    with pytest.raises(PullError, match=r"itu 2026, 1: there is nothing here any more \(status 404\).*`codes`"):
        pulls.pull("2026")
    assert [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)] == ["178-VNM.json"]


def of_file(name: str) -> Source:
    return replace(SOURCE, frames_by_name=False, frame=lambda s, **k: SOURCE.frame(s, name=name, **k))


def named(content: bytes, name: str = "178-VNM.json") -> Loaded:
    return loaded(of_file(name), content)


def csv(*lines: str) -> bytes:
    return "\r\n".join([HEAD, *lines, ""]).encode()


def test_values_that_break_over_lines_are_put_together() -> None:
    got = named(
        csv(line(), line(notes="first\nsecond", at="2023"), line(notes='"a, b\nc"', at="2022"), line(at="2021"))
    )
    assert got.reasons == []
    assert [f"{row['period_start']:%Y}" for row in got.rows] == ["2024", "2023", "2022", "2021"]


def test_lines_that_make_no_row_cost_no_other() -> None:
    got = named(csv("178,i271,broken", line(), line(value="n/a"), line(at="latest"), f"{line()},more", line(at="2020")))
    assert [reason for _, reason, _, _ in got.reasons] == ["malformed_row", "bad_value", "bad_period", "malformed_row"]
    assert [f"{row['period_start']:%Y}" for row in got.rows] == ["2024", "2020"]


def test_a_year_with_several_answers_is_held() -> None:
    two = {**year(2024, 1), "answer": [{"value": 1}, {"value": 2}]}
    got = named(json.dumps([two, year(2023, 3)]).encode(), "178-THA.json")
    assert [reason for _, reason, _, _ in got.reasons] == ["malformed_row"]
    assert [(row["series"], row["value"]) for row in got.rows] == [("AREA=THA", 3.0)]


NOTES = st.lists(st.text('ab ,\n"', max_size=12), min_size=1, max_size=5)


@given(st.lists(st.tuples(NOTES, st.integers(0, 40)), **FILES))
@settings(max_examples=3, deadline=None)
def test_whatever_the_notes_hold_rows_are_counted(files: list[tuple[list[str], int]]) -> None:
    contents = [csv(*(line(notes=note, at=str(2000 + n)) for n, note in enumerate(notes))) for notes, _ in files]
    cut = (content[: len(content) - less] for content, (_, less) in zip(contents, files, strict=True))
    assert all(got.rows or got.reasons for got in loaded_each(of_file("178-VNM.json"), *cut))
