"""The World Bank's indicators: pages, errors with status 200, and what an observation becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, Reply
from doubles.pulling import Pulls, rows
from doubles.statistic_interfaces import WorldBank
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, loaded, loaded_each

from pipelines.landing.pull import PullError
from pipelines.sources.worldbank import SOURCE

USERS = "IT.NET.USER.ZS"
SERVERS = "IT.NET.SECR.P6"
OBSERVATIONS = [
    {"date": "2025", "value": None},
    {"date": "2024", "value": 84.25, "obs_status": "E"},
    {"date": "2023", "value": 78.1},
    {"date": "2022", "value": 0},
]
"""Made up."""


@pytest.fixture
def server() -> Iterator[WorldBank]:
    double = WorldBank(
        indicators={
            USERS: ("Individuals using the Internet (% of population)", OBSERVATIONS),
            SERVERS: ("Secure Internet servers (per 1 million people)", []),
        }
    )
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: WorldBank, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, SOURCE, f"{server.address}/v2", {"indicators": f"{USERS};{SERVERS}", "page_size": "3"})


@pytest.mark.parametrize("heads_are_text", [False, True])
def test_every_page_becomes_figures_of_its_vintage(server: WorldBank, pulls: Pulls, heads_are_text: bool) -> None:
    server.heads_are_text = heads_are_text
    # an indicator without observations has null in their place, and lands nothing
    assert pulls.pull("2026") == [f"{USERS}-page-0001.json", f"{USERS}-page-0002.json"]
    assert server.asked[0].query["date"] == "2000:2026"
    with duckdb.connect() as connection:
        assert pulls.load(connection).rows_quarantined == 0
        reported = "dataset, series, area_label, unit_label, updated_on::varchar"
        assert rows(connection, f"select distinct {reported} from raw.worldbank") == [
            (USERS, "AREA=VNM", "Viet Nam", "% of population", "2026-10-01")
        ]
        found = "select period_start::varchar, value, obs_flag from raw.worldbank order by period_start desc"
        assert rows(connection, found) == [
            ("2025-01-01", None, None),
            ("2024-01-01", 84.25, "E"),
            ("2023-01-01", 78.1, None),
            ("2022-01-01", 0.0, None),
        ]


def test_an_indicator_that_is_gone_stops_no_other(pulls: Pulls) -> None:
    pulls.credentials["indicators"] = f"IT.OLD.ONE;{USERS}"
    with pytest.raises(PullError) as caught:
        pulls.pull("2026")
    assert str(caught.value).startswith("worldbank 2026, IT.OLD.ONE page 1: ")
    assert "it holds messages of an error" in str(caught.value)
    assert "`indicators`" in str(caught.value)
    assert len(pulls.landing.receipts(SOURCE.name)) == 2


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (ERROR_PAGE, "is an HTML page, not JSON"),
        (Reply(b'[{"page": 1}, ['), "is no complete JSON"),
        (Reply({"page": 1}), "it is another kind of JSON"),
        (Reply([{"page": 2, "pages": 3}, None]), "the page is empty, though more are announced"),
        (Reply(b"", 404), "nothing here any more (status 404)"),
    ],
    ids=["HTML", "truncated", "object", "empty", "404"],
)
def test_nonsense_on_the_way_keeps_what_landed(server: WorldBank, pulls: Pulls, reply: Reply, problem: str) -> None:
    server.faults[2] = [reply]
    with pytest.raises(PullError) as caught:
        pulls.pull("2026")
    assert f"worldbank 2026, {USERS} page 2: " in str(caught.value)
    assert problem in str(caught.value)
    assert [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)] == [f"{USERS}-page-0001.json"]
    assert pulls.pull("2026") == [f"{USERS}-page-0002.json"]


def page(*observations: Any) -> bytes:
    head = {"page": 1, "pages": 1, "per_page": 50, "total": len(observations), "lastupdated": "2026-10-01"}
    return json.dumps([head, list(observations)]).encode()


GOOD = {
    "indicator": {"id": USERS, "value": "Individuals using the Internet (% of population)"},
    "country": {"id": "VN", "value": "Viet Nam"},
    "date": "2024",
    "value": 1,
}


def test_what_is_no_observation_is_held() -> None:
    got = loaded(
        SOURCE,
        page(
            GOOD,
            {**GOOD, "date": "2024-2025"},
            {**GOOD, "date": "2031"},
            {**GOOD, "value": "about 5"},
            {**GOOD, "indicator": None},
            7,
            {**GOOD, "indicator": {"value": "x"}},
        ),
    )
    assert [reason for _, reason, _, _ in got.reasons] == [
        *("bad_period", "period_not_begun", "bad_value"),
        *("malformed_row", "malformed_row", "missing_field"),
    ]
    assert [(row["series"], row["value"]) for row in got.rows] == [("AREA=VN", 1.0)]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner, max_size=4),
    max_leaves=6,
)


OBSERVATION = ANYTHING | st.builds(lambda key, odd: {**GOOD, key: odd}, st.sampled_from(list(GOOD)), ANYTHING)


@given(st.lists(st.lists(OBSERVATION), **FILES))
@settings(max_examples=3, deadline=None)
def test_every_observation_is_loaded_or_held(pages: list[list[Any]]) -> None:
    each = loaded_each(SOURCE, *(page(*observations) for observations in pages))
    assert [len(got.rows) + len(got.reasons) for got in each] == [max(len(of_page), 1) for of_page in pages]
