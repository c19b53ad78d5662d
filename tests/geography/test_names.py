"""Names of communes as offices write them lead to one commune on a date, or to none."""

from __future__ import annotations

import unicodedata

import duckdb
import pytest
from geography_world import Render, build, seed, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

BEFORE, SINCE = "2025-06-30", "2025-07-01"
JOIN = """
    select n.area_code, n.match_kind from (select ?::varchar as name, ?::date as day) as given
    {{ join_area_names('given.name', 'given.day') }}
"""


@pytest.mark.parametrize(
    ("name", "day", "code"),
    [
        ("Phường Trần Phú", BEFORE, "18094"),  # the name moved to another place
        ("Phường Trần Phú", SINCE, "18100"),
        ("Thạch Hạ", BEFORE, "18100"),  # its code did not move with it
        ("Thạch Hạ", SINCE, None),
        ("X. Kỳ Lợi", BEFORE, "18796"),
        ("TT.Phố-Châu", BEFORE, "18133"),
        ("p hà  huy tập", SINCE, "18652"),
        ("Xã Yên Hoà", SINCE, "18682"),
        ("YÊN HÒA", SINCE, "18682"),
        (unicodedata.normalize("NFD", "Xã Yên Hòa"), SINCE, "18682"),
        ("Phường Hoành Sơn", SINCE, "18832"),
        ("Ðồng Lộc", SINCE, "18484"),  # the letter of another keyboard
        ("UBND xã\u00a0Đồng Lộc", SINCE, "18484"),
        ("Cỗ Đạm", BEFORE, "18391"),
        ("Xã Cổ Đạm", BEFORE, "18391"),  # an alias of the commune before
        ("Cỗ Đạm", SINCE, "18394"),  # an alias of the commune of today
        ("Xã Thành Sen", SINCE, None),  # it is a phường: not guessed
        ("Thạch Ha", BEFORE, None),
        ("Thành Sen", "2024-12-31", None),  # before the registry begins
        ("Thành Sen", None, None),
        ("", SINCE, None),
        (None, SINCE, None),
    ],
)
def test_a_name_on_a_date(
    render: Render, registry: duckdb.DuckDBPyConnection, name: str | None, day: str | None, code: str | None
) -> None:
    assert [row[0] for row in registry.execute(render(JOIN), [name, day]).fetchall()] == [code]


def test_a_name_that_means_two_is_not_guessed(render: Render) -> None:
    registry = seeded(render)
    registry.execute("insert into area_aliases values ('Thành Sen', '18100', '2025-07-01', 'wrong')")
    build(registry, render)
    assert registry.execute(render(JOIN), ["Thành Sen", SINCE]).fetchall() == [(None, "ambiguous")]
    found = registry.execute("select candidates from int_area_names where name_key = 'thành sen'").fetchall()
    assert found == [("18073 phường Thành Sen; 18100 phường Trần Phú",)]


COMMUNES = [area for area in seed("areas") if area["level"] == "commune"]
PREFIXES = {"xã": ["xã ", "X. ", "x.", "Xã  "], "phường": ["Phường ", "P.", "p. "], "thị trấn": ["TT. ", "Thị trấn "]}


@settings(max_examples=60, deadline=None)
@given(
    area=st.sampled_from(COMMUNES),
    prefix=st.integers(0, 4),
    form=st.sampled_from(["NFC", "NFD"]),
    case=st.sampled_from([str.lower, str.upper, str.title, str]),
    blank=st.sampled_from([" ", "  ", "-", " - ", "\u00a0"]),
)
def test_every_spelling_of_every_commune_is_known(
    render: Render,
    registry: duckdb.DuckDBPyConnection,
    area: dict[str, str],
    prefix: int,
    form: str,
    case: type[str],
    blank: str,
) -> None:
    prefixes = ["", *PREFIXES[area["kind"]]]
    spelled = unicodedata.normalize(form, prefixes[prefix % len(prefixes)] + case(area["name"].replace(" ", blank)))
    found = registry.execute(render(JOIN), [spelled, area["valid_from"]]).fetchall()
    assert [code for code, _ in found] == [area["area_code"]]
