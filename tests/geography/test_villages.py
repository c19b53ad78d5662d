"""The rule of village coverage: one yes is covered, every operator's no is a gap, anything else is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from geography_world import Render, build, seeded
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

MODELS = ("int_placed_villages", "int_villages", "int_village_answers", "int_village_states", "int_village_name_review")
COMMUNE = "18073"
COMMUNES = "select area_code from areas where level = 'commune' and valid_to is null order by area_code"
ALL_THREE = ("MobiFone", "VNPT", "Viettel")
"""Operators whose no a gap needs; of fibre the last two."""
DAY = "2026-09-30"
QUARTER = "2026-07-01"
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Report:
    """One file: an operator, a day, and its answer on 4G by village; None is a blank cell."""

    operator: str
    day: str
    villages: dict[str, bool | None]
    commune: str | None = COMMUNE
    commune_name: str | None = None


@pytest.fixture(scope="module")
def registry(render: Render) -> Connection:
    return world(render)


def world(render: Render) -> Connection:
    connection = seeded(render)
    for sql in (
        "village_aliases (area_code varchar, alias varchar, village varchar, source varchar)",
        "generations_switched_off as select '2G' as technology, date '2026-07-15' as last_day",
        "village_operators (operator varchar, network varchar, valid_from date, valid_to date)",
        "stg_village_coverage (version bigint, file_no integer, row_no bigint, extracted_on date, operator varchar, "
        "commune_code varchar, commune_name varchar, village varchar, has_2g boolean, has_3g boolean, has_4g boolean, "
        "has_5g boolean, has_fibre boolean, has_samples boolean)",
    ):
        connection.execute(f"create table {sql}")
    for operator in ALL_THREE:
        connection.execute("insert into village_operators values (?, 'mobile', null, null)", [operator])
    connection.execute("insert into village_operators select operator, 'fibre', null, null from village_operators")
    connection.execute("delete from village_operators where operator = 'MobiFone' and network = 'fibre'")
    return connection


def load(connection: Connection, render: Render, *reports: Report) -> None:
    """Build the models of these files; the other technologies are blank."""
    connection.execute("delete from stg_village_coverage")
    rows = [
        (file_no, report.day, report.operator, report.commune, report.commune_name, village, has_4g)
        for file_no, report in enumerate(reports, 1)
        for village, has_4g in report.villages.items()
    ]
    for row_no, row in enumerate(rows, 1):
        connection.execute(
            "insert into stg_village_coverage select ($1::bigint << 28) | $8, $1, $8, $2, $3, $4, $5, $6, null, null, "
            "$7, null, null, false",
            [*row, row_no],
        )
    build(connection, render, *MODELS)


def states(connection: Connection, render: Render, *reports: Report) -> dict[tuple[str, str], Any]:
    """4G by quarter and village: true, false, or the operators that have yet to answer."""
    load(connection, render, *reports)
    rows = connection.execute(
        "select cast(quarter as varchar), village_name, is_covered, not_answered_by "
        "from int_village_states where technology = '4G'"
    ).fetchall()
    return {(quarter, village): awaited if state is None else state for quarter, village, state, awaited in rows}


def everyone(village: str, answer: bool | None, day: str = DAY, commune: str = COMMUNE) -> list[Report]:
    return [Report(operator, day, {village: answer}, commune) for operator in ALL_THREE]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"Viettel": True}, True),
        ({"Viettel": False, "VNPT": False, "MobiFone": True}, True),
        ({"Viettel": False, "VNPT": False, "MobiFone": False}, False),
        ({"Viettel": False, "VNPT": False}, "MobiFone"),
        ({"Viettel": False, "VNPT": None}, "MobiFone, VNPT"),
        ({"Viettel": None}, "MobiFone, VNPT, Viettel"),
        # one that is not on the list: its yes counts, its no is not needed and is not enough
        ({"Gmobile": True}, True),
        ({"Gmobile": False}, "MobiFone, VNPT, Viettel"),
        ({"Viettel": False, "VNPT": False, "MobiFone": False, "Gmobile": None}, False),
    ],
)
def test_one_yes_is_covered_and_every_no_is_a_gap(
    registry: Connection, render: Render, answers: dict[str, bool | None], state: object
) -> None:
    reports = [Report(operator, DAY, {"Thôn 1": answer}) for operator, answer in answers.items()]
    assert states(registry, render, *reports) == {(QUARTER, "Thôn 1"): state}


def test_a_row_counts_the_answers(registry: Connection, render: Render) -> None:
    load(registry, render, Report("Viettel", DAY, {"Thôn 1": False}), Report("VNPT", "2026-08-31", {"Thôn 1": None}))
    counts = "select operators, operators_denying, cast(reported_on as varchar) from int_village_states where "
    assert registry.execute(counts + "technology = '4G'").fetchall() == [(1, 1, DAY)]
    assert registry.execute(counts + "technology = 'fibre'").fetchall() == [(0, 0, None)]


def test_the_list_has_days(registry: Connection, render: Render) -> None:
    """MobiFone is asked until the end of 2025: from then on its silence leaves nothing open."""
    two = [Report(o, day, {"Thôn 1": False}) for o in ("Viettel", "VNPT") for day in ("2025-12-31", "2026-03-31")]
    registry.execute("update village_operators set valid_to = '2025-12-31' where operator = 'MobiFone'")
    found = states(registry, render, *two)
    registry.execute("update village_operators set valid_to = null")
    assert found == {("2025-10-01", "Thôn 1"): "MobiFone", ("2026-01-01", "Thôn 1"): False}
    registry.execute("create or replace temp table kept as from village_operators")
    registry.execute("delete from village_operators")
    found = states(registry, render, *everyone("Thôn 1", False))
    registry.execute("insert into village_operators from kept")
    assert found == {(QUARTER, "Thôn 1"): ""}, "an empty list makes no gap"


def test_the_newest_answer_of_four_quarters_counts(registry: Connection, render: Render) -> None:
    """Others report on another village in each quarter, so that each quarter has a state."""
    yes = Report("Viettel", "2025-09-30", {"Thôn 1": True})
    days = ("2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30", "2026-12-31")
    others = [Report("VNPT", day, {"Thôn 2": True}) for day in days]
    quarters = ("2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01", "2026-07-01")
    found = states(registry, render, yes, *others)
    assert [found.get((quarter, "Thôn 1")) for quarter in quarters] == [True, True, True, True, None]
    later = [Report("Viettel", "2026-03-31", {"Thôn 1": False}), Report("Viettel", "2026-06-30", {"Thôn 1": None})]
    found = states(registry, render, yes, *others, *later)
    assert [found.get((quarter, "Thôn 1")) for quarter in quarters] == [
        True,
        True,
        "MobiFone, VNPT",
        "MobiFone, VNPT",  # a blank takes no answer away
        "MobiFone, VNPT",
    ]


def test_a_supplement_changes_what_it_names_and_nothing_else(registry: Connection, render: Render) -> None:
    nine = dict.fromkeys((f"Thôn {n}" for n in range(1, 10)), False)
    complete = [Report(operator, "2026-06-30", nine) for operator in ALL_THREE]
    found = states(registry, render, *complete, Report("Viettel", DAY, {"Thôn 1": True}))
    assert found[QUARTER, "Thôn 1"] is True
    assert sum(state is False for (quarter, _), state in found.items() if quarter == QUARTER) == 8


def test_a_yes_and_a_no_of_one_day_are_no_answer(registry: Connection, render: Render) -> None:
    """Also where an older answer is there, in whatever order the files came."""
    one, other = (Report("Viettel", DAY, {"Thôn 1": answer}) for answer in (True, False))
    older = Report("Viettel", "2026-06-30", {"Thôn 1": True})
    ambiguous = "select is_ambiguous from int_village_states where technology = '4G' and quarter = '2026-07-01'"
    for reports in ((older, one, other), (other, one, older)):
        found = states(registry, render, *reports)
        assert found[QUARTER, "Thôn 1"] == "MobiFone, VNPT, Viettel"
        assert registry.execute(ambiguous).fetchall() == [(True,)]
    assert states(registry, render, one, one) == {(QUARTER, "Thôn 1"): True}
    assert registry.execute(ambiguous).fetchall() == [(False,)]


def test_a_list_of_fibre_alone_is_no_answer_on_signal(registry: Connection, render: Render) -> None:
    """It neither makes a gap nor takes an answer of the same day away, in whatever order the files came."""
    signal = Report("Viettel", DAY, {"Thôn 1": True, "Thôn 2": False})
    fibre = Report("Viettel", DAY, {"Thôn 1": None, "Thôn 2": None})
    expected = {(QUARTER, "Thôn 1"): True, (QUARTER, "Thôn 2"): "MobiFone, VNPT"}
    assert states(registry, render, signal, fibre) == states(registry, render, fibre, signal) == expected


def test_an_alias_decides_whether_two_names_are_one(registry: Connection, render: Render) -> None:
    ours = [Report(operator, DAY, {"Thôn Đông": False}) for operator in ("Viettel", "MobiFone")]
    theirs = Report("VNPT", DAY, {"Thôn Đông Tiến": True, "Thôn 7": True})
    assert states(registry, render, *ours, theirs)[QUARTER, "Thôn Đông"] == "VNPT"
    listed = "select area_name, village_name, technologies, operators, candidates from int_village_name_review"
    row = ("phường Thành Sen", "Thôn Đông", "4G", "MobiFone, Viettel", "Thôn 7 (VNPT); Thôn Đông Tiến (VNPT)")
    assert registry.execute(listed).fetchall() == [row]
    # only the number differs: two villages
    load(registry, render, Report("Viettel", DAY, {"Thôn 1": False}), Report("VNPT", DAY, {"Thôn 2": True}))
    assert registry.execute(listed).fetchall() == []
    registry.execute("insert into village_aliases values ('18073', 'thôn đông', 'Thôn Đông Tiến', 'the ward')")
    expected = {(QUARTER, "Thôn Đông Tiến"): True, (QUARTER, "Thôn 7"): True}
    assert states(registry, render, *ours, theirs) == expected
    registry.execute("update village_aliases set village = 'Thôn Đông'")
    found = states(registry, render, *ours, theirs)
    assert found[QUARTER, "Thôn Đông"] == "VNPT"
    assert registry.execute(listed).fetchall() == [], "a village of its own"
    registry.execute("delete from village_aliases")


def test_quarters_from_the_merger_on_start_again(registry: Connection, render: Render) -> None:
    """Thạch Linh (18077) went to Thành Sen. What was reported under it ends with it, a yes and a no alike."""
    before = [
        *everyone("Thôn 1", False, "2025-06-30", "18077"),
        Report("VNPT", "2025-06-30", {"Thôn 2": True}, "18077"),
    ]
    found = states(registry, render, *before, Report("Viettel", "2025-09-30", {"Thôn 1": False}))
    assert found == {
        ("2025-04-01", "Thôn 1"): False,
        ("2025-04-01", "Thôn 2"): True,
        ("2025-07-01", "Thôn 1"): "MobiFone, VNPT",
    }


def test_a_merger_of_two_communes_leaves_the_others_answers(render: Render) -> None:
    connection = world(render)
    connection.execute("update areas set valid_to = '2026-08-31' where area_code = '18100' and valid_to is null")
    build(connection, render)
    reports = [Report("Viettel", "2026-06-30", {"Thôn 1": True}, commune) for commune in ("18100", COMMUNE)]
    reports.append(Report("Viettel", DAY, {"Thôn 2": True}))
    load(connection, render, *reports)
    rows = "select area_code, village_name from int_village_states where quarter = '2026-07-01' and technology = '4G'"
    assert sorted(connection.execute(rows).fetchall()) == [(COMMUNE, "Thôn 1"), (COMMUNE, "Thôn 2")]


def test_before_the_merger_villages_stand_in_the_communes_of_then(registry: Connection, render: Render) -> None:
    """18139 and 18160 are the current 18160: two villages of one name. 18082 was split: the part is unknown."""
    load(
        registry,
        render,
        *everyone("Thôn 1", False, "2025-06-30", "18139"),
        Report("VNPT", "2025-06-30", {"Thôn 1": True}, "18160"),
        Report("VNPT", "2025-06-30", {"Thôn 1": True}, "18082"),
    )
    found = (
        "select area_code, reported_area_code, is_covered from int_village_states where technology = '4G' order by all"
    )
    assert registry.execute(found).fetchall() == [
        ("18160", "18139", False),
        ("18160", "18160", True),
        ("unknown part of 18082", "18082", True),
    ]


FORMER_THREE = ("18100", "18088", "18094")
"""Thạch Hạ, Thạch Trung and Trần Phú before July 2025; code 18100 and the name Trần Phú are now another ward's."""


def test_rows_of_former_communes_count_nowhere_and_a_list_by_them_not_at_all(
    registry: Connection, render: Render
) -> None:
    counted = "select reported_area_name, not_counted_because, count(*) from int_villages group by all order by all"
    late = [Report("VNPT", "2026-03-31", {"Thôn A": True}, code) for code in FORMER_THREE]
    load(registry, render, *late)
    # each file for itself: 18100 alone is read as the current ward
    assert registry.execute(counted).fetchall() == [
        ("phường Trần Phú", None, 1),
        (None, "list_by_former_communes", 2),
    ]
    # in one list the other two show that 18100 is not the current ward either
    registry.execute("update stg_village_coverage set file_no = 1")
    build(registry, render, *MODELS)
    assert registry.execute(counted).fetchall() == [
        ("phường Trần Phú", "list_by_former_communes", 1),
        (None, "list_by_former_communes", 2),
    ]
    assert registry.execute("select count(*) from int_village_states").fetchall() == [(0,)]
    # one row of ten in a list by current communes; another operator's list in the same file counts
    today = Report("VNPT", "2026-03-31", dict.fromkeys((f"Thôn {n}" for n in range(9)), True))
    load(registry, render, today, late[1], Report("Viettel", "2026-03-31", {"Thôn A": True}))
    registry.execute("update stg_village_coverage set file_no = 1")
    build(registry, render, *MODELS)
    assert registry.execute(counted).fetchall() == [("phường Thành Sen", None, 10), (None, "no_commune", 1)]


def test_a_row_of_no_commune_counts_nowhere(registry: Connection, render: Render) -> None:
    """An unknown name is no former commune: the rest of the list counts."""
    rows = [Report("Viettel", DAY, {"Thôn 1": True}), Report("Viettel", DAY, {"Thôn 1": False}, None, "Tên Lạ")]
    assert states(registry, render, *rows) == {(QUARTER, "Thôn 1"): True}
    assert registry.execute("select not_counted_because from int_villages order by file_no").fetchall() == [
        (None,),
        ("no_commune",),
    ]


SPELLINGS = (
    ("Thôn Đông", "thôn đông.", "Đông"),
    ("Tổ dân phố 2", "TDP số 02", "KP II"),
    ("Thôn Hạ Vàng", "Xóm Hạ", "thon Ha Vang"),
    ("Thôn Liên Hòa", "Liên Hoà", "Khối Liên Hòa Mới"),
)
"""Four villages, and how operators may write each."""


@dataclass(frozen=True)
class Operator:
    """What it has in the four villages, how it writes them, the row that does not load, what it reports again, and
    whether it sends a file of fibre alone."""

    has: tuple[bool, ...]
    writes: tuple[int, ...]
    loses: int | None
    again: frozenset[int]
    fibre: bool

    def reports(self, name: str, commune: str) -> list[Report]:
        rows = {SPELLINGS[at][self.writes[at]]: self.has[at] for at in range(4)}
        names = list(rows)
        loaded = {village: has for village, has in rows.items() if self.loses is None or village != names[self.loses]}
        found = [Report(name, "2026-06-30", loaded, commune)]
        if self.again:
            found.append(Report(name, "2026-09-15", {names[at]: rows[names[at]] for at in sorted(self.again)}, commune))
        if self.fibre:
            found.append(Report(name, "2026-09-20", dict.fromkeys(names), commune))
        return found


FOUR = range(4)
OPERATORS = st.builds(
    Operator,
    st.tuples(*(st.booleans() for _ in FOUR)),
    st.tuples(*(st.integers(0, 2) for _ in FOUR)),
    st.none() | st.sampled_from(FOUR),
    st.frozensets(st.sampled_from(FOUR)),
    st.booleans(),
)


@settings(max_examples=3, deadline=None, phases=(Phase.reuse, Phase.generate))  # to shrink it would take long
@given(cases=st.lists(st.tuples(OPERATORS, OPERATORS, OPERATORS), min_size=25, max_size=25))
def test_a_village_with_signal_is_never_a_gap(
    registry: Connection, render: Render, cases: list[tuple[Operator, Operator, Operator]]
) -> None:
    """Whatever its operators call it, in however many parts they report, and whichever row does not load."""
    communes = [commune for (commune,) in registry.execute(COMMUNES).fetchall()]
    # many cases at once, each in a commune of its own: a build takes its time
    reported = dict(zip(communes, cases, strict=False))
    reports = [
        report
        for commune, operators in reported.items()
        for name, operator in zip(ALL_THREE, operators, strict=True)
        for report in operator.reports(name, commune)
    ]
    load(registry, render, *reports, Report("MobiFone", DAY, {"Thôn 9": True}, communes[-1]))
    rows = registry.execute(
        "select area_code, village_name, is_covered, not_answered_by from int_village_states "
        "where technology = '4G' and quarter = '2026-07-01'"
    ).fetchall()
    named = {name: at for at, names in enumerate(SPELLINGS) for name in names} | {"Thôn 9": None}
    gaps = [(commune, village) for commune, village, state, _ in rows if state is False]
    assert [gap for gap in gaps if any(one.has[named[gap[1]]] for one in reported[gap[0]])] == []
    # a village without signal is never covered, and every village that all deny under one name is a gap
    yes = [(commune, village) for commune, village, state, _ in rows if state and village != "Thôn 9"]
    assert [row for row in yes if not any(one.has[named[row[1]]] for one in reported[row[0]])] == []
    denied = {
        commune
        for commune, all_three in reported.items()
        if not any(any(one.has) for one in all_three)
        and len({one.writes for one in all_three}) == 1
        and all(one.loses is None for one in all_three)
    }
    assert denied <= {commune for commune, _ in gaps}
    assert all(bool(awaited) is (state is None) for _, _, state, awaited in rows), "who has yet to answer is named"


def test_silence_on_a_generation_that_was_switched_off_leaves_nothing_open(
    registry: Connection, render: Render
) -> None:
    """2G ended in July 2026: a no on each of the others is a no on all."""
    files = [report for day in ("2026-06-30", DAY) for report in everyone("Thôn 1", False, day)]
    files += everyone("Thôn 1", False, commune="18100")
    files += everyone("Thôn 1", False, commune="18118")
    load(registry, render, *files)
    registry.execute("update stg_village_coverage set has_3g = false, has_5g = false")
    registry.execute("update stg_village_coverage set has_3g = null where commune_code = '18118'")
    # a yes on 2G from before its end no longer counts, one given since does
    registry.execute("update stg_village_coverage set has_2g = true where file_no = 1")
    registry.execute("update stg_village_coverage set has_2g = true where commune_code = '18100' and operator = 'VNPT'")
    build(registry, render, *MODELS)
    found = registry.execute(
        "select cast(quarter as varchar), area_code, is_covered, not_answered_by from int_village_states "
        "where technology = 'mobile' order by all"
    ).fetchall()
    assert found == [
        ("2026-04-01", COMMUNE, True, None),
        ("2026-07-01", COMMUNE, False, None),
        ("2026-07-01", "18100", True, None),
        ("2026-07-01", "18118", None, "MobiFone, VNPT, Viettel"),
    ]
