"""Names of communes as offices write them lead to one commune on a date, or to none."""

from __future__ import annotations

import unicodedata
from typing import Literal

import duckdb
import pytest
from geography_world import Render, Stated, build, reviewed, seed, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

BEFORE, SINCE = "2025-06-30", "2025-07-01"
JOIN = """
    select n.area_code, n.match_kind from (select ?::varchar as name, ?::date as day) as given
    {{ join_area_names('given.name', 'given.day') }}
"""
STATED = """
    select w.area_code from (select ?::varchar as code, ?::varchar as name, ?::date as day) as g
    {{ join_stated_commune('g.code', 'g.name', 'g.day') }}
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
        ("Cỗ Đạm", SINCE, "18394"),  # an alias of the current commune
        ("Xã Thành Sen", SINCE, None),  # it is a phường: not guessed
        ("Xã Yên Hòa, huyện Cẩm Xuyên", BEFORE, "18679"),
        ("xã yên hoà - H.Cẩm Xuyên", BEFORE, "18679"),
        ("UBND xã Yên Hòa huyện Cẩm Xuyên", BEFORE, "18679"),
        ("Yên Hòa (huyện Cẩm Xuyên)", BEFORE, "18679"),
        ("X. Yên Hòa (H. Cẩm Xuyên, tỉnh Hà Tĩnh)", BEFORE, "18679"),
        ("Xã Yên Hòa (huyện Cẩm Xuyên) - tỉnh Hà Tĩnh", BEFORE, "18679"),
        ("Yên Hòa, Cẩm Xuyên, Hà Tĩnh", BEFORE, "18679"),
        ("P. Đại Nài, TP. Hà Tĩnh", BEFORE, "18082"),
        ("Xã Kỳ Hoa, thị xã Kỳ Anh, tỉnh Hà Tĩnh", BEFORE, "18829"),
        ("Xã Kỳ Hoa, TX Kỳ Anh", BEFORE, "18829"),
        ("Xã Kỳ Hoa, huyện Kỳ Anh", BEFORE, None),  # it lay in the thị xã
        ("Xã Cổ Đạm, huyện Nghi Xuân", BEFORE, "18391"),  # an alias in its district
        ("Xã Yên Hòa, tỉnh Hà Tĩnh", BEFORE, "18679"),
        ("Xã Yên Hòa, tỉnh Hà Tĩnh", SINCE, "18682"),
        ("Xã Yên Hòa, tỉnh Nghệ An", SINCE, None),
        ("Xã Yên Hòa, huyện Cẩm Xuyên", SINCE, None),  # no district is left: not guessed which of the two is meant
        ("Thị xã Kỳ Anh", BEFORE, None),
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


@pytest.mark.parametrize(
    ("code", "name", "day", "commune"),
    [
        ("18073", "Phường Thành Sen", SINCE, "18073"),
        ("18073", "Tên Lạ", SINCE, "18073"),  # an unknown name does not contradict a code
        ("18100", "Phường Thành Sen", SINCE, None),  # two communes of that day
        ("18079", "Phường Thành Sen", SINCE, "18073"),  # the code of one, all of which went there
        ("18391", "Xã Cổ Đạm, tỉnh Hà Tĩnh", SINCE, "18394"),
        ("99999", "Phường Thành Sen", SINCE, "18073"),  # a code that never was a commune's is ignored
        ("446", "Xã Yên Hòa, huyện Cẩm Xuyên", BEFORE, "18679"),
        ("18094", "Phường Trần Phú", SINCE, None),  # the code's went to Thành Sen, the name is now another place
        ("18082", "Phường Thành Sen", SINCE, None),  # split: a part of it went elsewhere
        ("18079", "Tên Lạ", SINCE, None),
        ("18079", None, SINCE, None),
        (None, "Phường Thành Sen", SINCE, "18073"),
        (None, None, SINCE, None),
    ],
)
def test_a_code_beside_a_name(
    render: Render,
    registry: duckdb.DuckDBPyConnection,
    code: str | None,
    name: str | None,
    day: str,
    commune: str | None,
) -> None:
    assert registry.execute(render(STATED), [code, name, day]).fetchall() == [(commune,)]


def review(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None, str]]:
    reported = "select name_given, placed_in, candidates from int_area_name_review order by all"
    return connection.execute(reported).fetchall()


def test_what_leads_to_no_commune_is_shown_with_what_the_crosswalk_knows(render: Render) -> None:
    world = seeded(render)
    stated: list[Stated] = [
        (None, "Phường Đại Nài", SINCE),
        (None, "Xã Yên Hòa, huyện Cẩm Xuyên", SINCE),
        (None, "Thành Sen", BEFORE),
        (None, "Xã Thanh Sên", SINCE),
        (None, "Tên Lạ", SINCE),
        ("18088", "Phường Thạch Trung", SINCE),
        ("18094", None, SINCE),
        ("18094", "Phường Trần Phú", SINCE),
        ("18079", "Phường Thành Sen", SINCE),
        ("18073", "Phường Thành Sen", SINCE),
    ]
    reviewed(world, render, *stated)
    tran_phu = "18094 phường Trần Phú (until 2025-06-30) → 18073 phường Thành Sen"
    assert review(world) == [
        (
            "18079 Phường Thành Sen",
            "18073",
            "18073 phường Thành Sen; 18079 phường Tân Giang (until 2025-06-30) → 18073 phường Thành Sen",
        ),
        (
            "18088 Phường Thạch Trung",
            None,
            "18088 phường Thạch Trung (until 2025-06-30) → 18100 phường Trần Phú",
        ),
        ("18094", None, tran_phu),
        ("18094 Phường Trần Phú", None, f"18100 phường Trần Phú; {tran_phu}"),
        ("Phường Đại Nài", None, DAI_NAI),
        ("Thành Sen", None, "18073 phường Thành Sen (from 2025-07-01)"),
        ("Tên Lạ", None, ""),
        ("Xã Thanh Sên", None, "near: 18073 phường Thành Sen"),
        (
            "Xã Yên Hòa, huyện Cẩm Xuyên",
            None,
            "18679 xã Yên Hòa (until 2025-06-30) → 18682 xã Yên Hòa",
        ),
    ]


DAI_NAI = "18082 phường Đại Nài (until 2025-06-30) → parts of 18073 phường Thành Sen, 18652 phường Hà Huy Tập"


def test_every_spelling_that_waits_is_answered_by_an_alias_as_it_is_written(render: Render) -> None:
    world = seeded(render)
    stated: list[Stated] = [
        ("18094", "Phường Trần Phú", SINCE),
        ("18100", "Phường Thành Sen", SINCE),
        ("18079", None, SINCE),
        (None, "Xã Lạ, huyện Xa", SINCE),
    ]
    reviewed(world, render, *stated)
    waiting = [given for given, _, _ in review(world)]
    assert len(waiting) == len(stated)
    world.executemany(
        "insert into area_aliases values (?, '18073', '2025-07-01', 'answered')", [[given] for given in waiting]
    )
    build(world, render)
    build(world, render, "int_unplaced_names", "int_area_name_review")
    assert review(world) == []
    assert [world.execute(render(STATED), list(given)).fetchall() for given in stated] == [[("18073",)]] * len(stated)
    # and for no other record: the current Trần Phú by its own code, or by its name alone
    for code in ("18100", None):
        assert world.execute(render(STATED), [code, "Phường Trần Phú", SINCE]).fetchall() == [("18100",)]


COMMUNES = [area for area in seed("areas") if area["level"] == "commune"]
PARENTS = {area["area_code"]: area for area in seed("areas") if area["level"] != "commune"}
PREFIXES = {"xã": ["xã ", "X. ", "x.", "Xã  "], "phường": ["Phường ", "P.", "p. "], "thị trấn": ["TT. ", "Thị trấn "]}


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str, str]:
    """A spelling of a commune, a day on which it is one, and its code."""
    area = draw(st.sampled_from(COMMUNES))
    prefix = draw(st.sampled_from(["", *PREFIXES[area["kind"]]]))
    case = draw(st.sampled_from([str.lower, str.upper, str.title, str]))
    blank = draw(st.sampled_from([" ", "  ", "-", " - ", "\u00a0"]))
    behind = draw(st.sampled_from(["", ", {kind} {name}", " - {kind} {name}", " ({kind} {name})", ",{kind}  {name}"]))
    name = prefix + case(area["name"].replace(" ", blank)) + behind.format(**PARENTS[area["parent_code"]])
    form: Literal["NFC", "NFD"] = draw(st.sampled_from(["NFC", "NFD"]))
    return unicodedata.normalize(form, name), area["valid_from"], area["area_code"]


@settings(max_examples=3, deadline=None)
@given(st.lists(spellings(), min_size=30, max_size=30))  # many to a statement: planning it takes the time
def test_every_spelling_of_every_commune_is_known_with_its_place_or_without(
    render: Render, registry: duckdb.DuckDBPyConnection, drawn: list[tuple[str, str, str]]
) -> None:
    given_rows = "(select unnest(?::varchar[]) as name, unnest(?::date[]) as day, unnest(?::varchar[]) as code)"
    each = JOIN.replace("n.area_code, n.match_kind", "given.name, n.area_code, given.code")
    each = each.replace("(select ?::varchar as name, ?::date as day)", given_rows)
    found = registry.execute(render(each), [list(column) for column in zip(*drawn, strict=True)]).fetchall()
    assert len(found) == len(drawn)
    assert [(name, code, expected) for name, code, expected in found if code != expected] == []
