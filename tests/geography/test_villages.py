"""Villages as several operators report them: what makes a gap, and what must never make one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from geography_world import Render, build, seeded
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

MODELS = (
    "int_villages",
    "int_village_told",
    "int_village_reports",
    "int_village_coverage",
    "int_village_statements",
    "int_village_doubts",
    "int_village_states",
    "int_village_name_review",
)
COMMUNE = "18073"
COMMUNES = "select area_code from areas where level = 'commune' and valid_to is null order by area_code"


@dataclass(frozen=True)
class Report:
    """One file: an operator, a day, and what it says of 4G by village; rows of `lost` lie in quarantine."""

    operator: str
    day: str
    villages: dict[str, bool | None]
    commune: str = COMMUNE
    lost: frozenset[str] = field(default_factory=frozenset)


@pytest.fixture(scope="module")
def registry(render: Render) -> duckdb.DuckDBPyConnection:
    connection = seeded(render)
    connection.execute("create schema raw")
    for sql in (
        "raw.quarantine (file_no integer, row_no bigint, reason varchar)",
        "raw.files (file_no integer, source varchar)",
        "village_aliases (area_code varchar, alias varchar, village varchar, source varchar)",
        "generations_switched_off as select '2G' as technology, date '2026-07-15' as last_day",
        "stg_village_coverage (version bigint, file_no integer, row_no bigint, extracted_on date, operator varchar, "
        "commune_code varchar, commune_name varchar, village varchar, has_2g boolean, has_3g boolean, has_4g boolean, "
        "has_5g boolean, has_fibre boolean)",
    ):
        connection.execute(f"create table {sql}")
    return connection


def states(connection: duckdb.DuckDBPyConnection, render: Render, *reports: Report) -> dict[tuple[str, str], Any]:
    """What is known of 4G, by quarter and village: true, false, or why it is not known."""
    for table in ("raw.quarantine", "raw.files", "stg_village_coverage"):
        connection.execute(f"delete from {table}")
    for file_no, report in enumerate(reports, 1):
        connection.execute("insert into raw.files values (?, 'village_coverage')", [file_no])
        for row_no, (village, has_4g) in enumerate(report.villages.items(), 1):
            if village in report.lost:
                connection.execute("insert into raw.quarantine values (?, ?, 'unknown_code')", [file_no, row_no])
                continue
            connection.execute(
                "insert into stg_village_coverage select (date_diff('day', date '2000-01-01', cast($2 as date)) << 48) "
                "| ($1::bigint << 28) | $3, $1, $3, $2, $4, $5, null, $6, null, null, $7, null, null",
                [file_no, report.day, row_no, report.operator, report.commune, village, has_4g],
            )
    build(connection, render, *MODELS)
    rows = connection.execute(
        "select cast(quarter as varchar), village_name, coalesce(cast(is_covered as varchar), unknown_because) "
        "from int_village_states where technology = '4G'"
    ).fetchall()
    return {(quarter, village): {"true": True, "false": False}.get(state, state) for quarter, village, state in rows}


Row = tuple[str, str | None, str, bool]
"""Code and name of a commune, a village, and whether it has 4G."""


def file(connection: duckdb.DuckDBPyConnection, render: Render, day: str, *files: list[Row]) -> None:
    """Files of VNPT of one day, as they landed."""
    states(connection, render)
    for file_no, rows in enumerate(files, 1):
        connection.execute("insert into raw.files values (?, 'village_coverage')", [file_no])
        for row_no, (code, name, village, has_4g) in enumerate(rows, 1):
            connection.execute(
                "insert into stg_village_coverage select ($1::bigint << 28) | $2, $1, $2, $3, 'VNPT', $4, $5, $6, "
                "null, null, $7, null, null",
                [file_no, row_no, day, code, name, village, has_4g],
            )
    build(connection, render, *MODELS)


def test_a_supplement_covers_what_it_names_and_nothing_else(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    whole = Report("Viettel", "2026-06-30", dict.fromkeys((f"Thôn {n}" for n in range(1, 10)), False))
    part = Report("Viettel", "2026-09-30", {"Thôn 1": True})
    found = states(registry, render, whole, part)
    assert found["2026-07-01", "Thôn 1"] is True
    assert sum(state is False for (quarter, _), state in found.items() if quarter == "2026-07-01") == 8
    told = "select villages, still_named from int_village_reports where not is_replaced and is_in_force"
    assert registry.execute(told).fetchall() == [(9, 1)]


def test_a_lost_row_hides_villages_of_its_commune_only(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    both = [
        Report("Viettel", "2026-09-30", {"Thôn 1": False, "Thôn 2": False}, commune)
        for commune in (COMMUNE, "18100", "18118")
    ]
    # VNPT's file has the three communes in order; the row of village 2 of the second is lost
    theirs = Report("VNPT", "2026-09-30", {"Thôn 1": False, "Thôn 2": True}, "18100", frozenset({"Thôn 2"}))
    states(registry, render, *both, theirs)
    gaps = "select area_code, village_name, is_covered, unknown_because from int_village_states where technology = '4G'"
    assert sorted(registry.execute(gaps).fetchall(), key=str) == [
        ("18073", "Thôn 1", False, None),
        ("18073", "Thôn 2", False, None),
        ("18100", "Thôn 1", False, None),
        ("18100", "Thôn 2", None, "rows_lost"),
        ("18118", "Thôn 1", False, None),
        ("18118", "Thôn 2", False, None),
    ]


def test_a_person_says_whether_two_names_are_one(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    ours = Report("Viettel", "2026-09-30", {"Thôn Đông": False})
    theirs = Report("VNPT", "2026-09-30", {"Thôn Đông Tiến": True})
    quarter = "2026-07-01"
    assert states(registry, render, ours, theirs)[quarter, "Thôn Đông"] == "another_name"
    listed = "select area_name, village_name, technologies, operators, candidates from int_village_name_review"
    assert registry.execute(listed).fetchall() == [
        ("phường Thành Sen", "Thôn Đông", "4G", "Viettel", "Thôn Đông Tiến (VNPT)")
    ]
    registry.execute("insert into village_aliases values ('18073', 'thôn đông', 'Thôn Đông Tiến', 'the ward')")
    assert states(registry, render, ours, theirs) == {(quarter, "Thôn Đông Tiến"): True}
    registry.execute("update village_aliases set village = 'Thôn Đông'")
    assert states(registry, render, ours, theirs) == {(quarter, "Thôn Đông"): False, (quarter, "Thôn Đông Tiến"): True}
    assert registry.execute(listed).fetchall() == []
    # an answer frees its own pair only: another village may be that one still
    registry.execute("update village_aliases set alias = 'Thôn Tây', village = 'Thôn Đông Tiến'")
    third = Report("MobiFone", "2026-09-30", {"Thôn Đông Xuân": False})
    assert states(registry, render, ours, theirs, third)[quarter, "Thôn Đông Xuân"] == "another_name"
    registry.execute("delete from village_aliases")


def test_a_village_that_a_new_list_leaves_out_is_gone_and_no_gap_by_others(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    ten = [f"Thôn {n}" for n in range(1, 11)]
    before = Report("VNPT", "2026-06-30", dict.fromkeys(ten, True))
    new = Report("VNPT", "2026-09-30", dict.fromkeys(ten[:8], True))
    others = Report("Viettel", "2026-09-30", dict.fromkeys(ten, False))
    found = states(registry, render, before, new)
    assert len([village for quarter, village in found if quarter == "2026-07-01"]) == 8
    found = states(registry, render, before, new, others)
    assert found["2026-07-01", "Thôn 9"] == "earlier_word"
    # halves of one commune on two days are parts, whichever comes last
    halves = [
        Report("VNPT", "2026-09-28", dict.fromkeys(ten[:5], True)),
        Report("VNPT", "2026-09-29", dict.fromkeys(ten[5:], True)),
    ]
    assert set(states(registry, render, *halves, others).values()) == {True}


def test_a_yes_of_over_a_year_ago_keeps_others_from_making_a_gap(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    yes = Report("Viettel", "2025-09-30", {"Thôn 1": True})
    noes = [Report("VNPT", day, {"Thôn 1": False}) for day in ("2026-09-29", "2026-12-30", "2027-09-30", "2027-10-31")]
    found = states(registry, render, yes, *noes)
    assert [found[quarter, "Thôn 1"] for quarter in ("2026-07-01", "2026-10-01", "2027-07-01", "2027-10-01")] == [
        True,
        "earlier_word",
        "earlier_word",
        False,
    ]


def test_another_operators_silence_after_the_merger_makes_no_gap(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Thạch Linh (18077) went to Thành Sen; MobiFone had signal there, and has not reported since."""
    before = Report("MobiFone", "2025-06-30", {"Thôn 1": True, "Thôn 2": False, "Thôn Hạ": False}, "18077")
    after = Report("Viettel", "2025-09-30", {"Thôn 1": False, "Thôn 2": False, "Thôn Hạ": False})
    found = states(registry, render, before, after)
    assert found["2025-07-01", "Thôn 1"] == "earlier_word"
    assert found["2025-07-01", "Thôn 2"] == "earlier_word", "numbers were given anew: it may be the Thôn 1 of before"
    assert found["2025-07-01", "Thôn Hạ"] is False, "MobiFone denied it by name"


def test_old_units_count_until_their_commune_of_today_is_reported_on(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Sơn Hồng (18139) went to today's Sơn Hồng (18160); Đại Nài (18082) in parts to 18073 and 18100."""
    before = [Report("Viettel", "2025-06-30", {"Thôn 1": False, "Thôn 2": False}, code) for code in ("18139", "18082")]
    elsewhere = Report("VNPT", "2025-09-30", {"Thôn 1": True}, "18118")
    found = (
        "select area_code, village_name, reported_area_code, operators, is_covered from int_village_states "
        "where technology = '4G' and quarter = '2025-07-01' and area_code <> '18118' order by all"
    )
    states(registry, render, *before, elsewhere)
    assert registry.execute(found).fetchall() == [
        ("18160", "Thôn 1", "18139", 1, False),
        ("18160", "Thôn 2", "18139", 1, False),
        ("unknown part of 18082", "Thôn 1", "18082", 1, False),
        ("unknown part of 18082", "Thôn 2", "18082", 1, False),
    ]
    after = [Report("VNPT", "2025-09-30", {"Thôn 1": True}, code) for code in ("18160", "18073")]
    states(registry, render, *before, *after)
    assert registry.execute(found).fetchall() == [
        ("18073", "Thôn 1", "18073", 1, True),
        ("18160", "Thôn 1", "18160", 1, True),
    ]


def test_a_report_by_communes_of_before_counts_beside_none_of_today(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """18077 is no commune since July 2025. What VNPT says of it in September counts until somebody names today's."""
    late = Report("VNPT", "2025-09-30", {"Thôn Hạ": True, "Thôn Trung": True}, "18077")
    assert set(states(registry, render, late).values()) == {True}
    found = states(registry, render, late, Report("Viettel", "2025-09-30", {"Thôn Hạ": False, "Thôn Đông": False}))
    assert found == {("2025-07-01", "Thôn Hạ"): "earlier_word", ("2025-07-01", "Thôn Đông"): "earlier_word"}


def test_a_list_of_fibre_takes_no_word_on_signal_away(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    """VNPT says yes of Hạ Vàng, and calls it Thôn Hạ in its list of fibre; Viettel denies Thôn Hạ."""
    told = [Report("VNPT", "2026-09-28", {"Hạ Vàng": True}), Report("VNPT", "2026-09-30", {"Thôn Hạ": None})]
    told += [Report("Viettel", "2026-09-30", {"Thôn Hạ": False})]
    assert states(registry, render, *told)["2026-07-01", "Thôn Hạ"] == "another_name"


def test_files_of_a_day_are_one_in_whatever_order_they_land(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """A list of fibre in which one cell of 4G was filled is a file on 4G too, and blank of all else."""
    signal = Report("Viettel", "2026-09-30", {"Thôn 1": True, "Thôn 2": False})
    fibre = Report("Viettel", "2026-09-30", {"Thôn 1": True, "Thôn 2": None})
    expected = {("2026-07-01", "Thôn 1"): True, ("2026-07-01", "Thôn 2"): False}
    assert states(registry, render, signal, fibre) == states(registry, render, fibre, signal) == expected


SPELLINGS = (
    ("Thôn Đông", "thôn đông.", "Đông"),
    ("Tổ dân phố 2", "TDP số 02", "KP II"),
    ("Thôn Hạ Vàng", "Xóm Hạ", "thon Ha Vang"),
    ("Thôn Liên Hòa", "Liên Hoà", "Khối Liên Hòa Mới"),
)
"""Four villages, and how operators may write each."""


@dataclass(frozen=True)
class Operator:
    """What it has in the four villages, how it writes them, the row that does not load, what it tells again, and
    whether it sends a file of fibre alone."""

    has: tuple[bool, ...]
    writes: tuple[int, ...]
    loses: int | None
    again: frozenset[int]
    fibre: bool

    def reports(self, name: str, commune: str) -> list[Report]:
        told = {SPELLINGS[at][self.writes[at]]: self.has[at] for at in range(4)}
        names = list(told)
        lost = frozenset() if self.loses is None else frozenset({names[self.loses]})
        found = [Report(name, "2026-06-30", told, commune, lost)]
        if self.again:
            found.append(Report(name, "2026-09-15", {names[at]: told[names[at]] for at in sorted(self.again)}, commune))
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


@settings(max_examples=6, deadline=None, phases=(Phase.reuse, Phase.generate))  # to shrink it would take long
@given(cases=st.lists(st.tuples(OPERATORS, OPERATORS), min_size=25, max_size=25))
def test_a_village_with_signal_is_never_a_gap(
    registry: duckdb.DuckDBPyConnection, render: Render, cases: list[tuple[Operator, Operator]]
) -> None:
    """Whatever its operators call it, in however many parts they report, and whichever row does not load."""
    communes = [commune for (commune,) in registry.execute(COMMUNES).fetchall()]
    # many cases at once, each in a commune of its own: a build takes its time
    told = dict(zip(communes, cases, strict=False))
    both = [
        report
        for commune, pair in told.items()
        for name, operator in zip(("Viettel", "VNPT"), pair, strict=True)
        for report in operator.reports(name, commune)
    ]
    states(registry, render, *both, Report("MobiFone", "2026-09-30", {"Thôn 9": True}, communes[-1]))
    gaps = registry.execute(
        "select area_code, village_name from int_village_states "
        "where technology = '4G' and not is_covered and quarter = '2026-07-01'"
    ).fetchall()
    named = {name: at for at, names in enumerate(SPELLINGS) for name in names}
    assert [gap for gap in gaps if any(one.has[named[gap[1]]] for one in told[gap[0]])] == []
    # and what both deny under one name is told, unless a row is lost
    denied = {
        commune
        for commune, (one, two) in told.items()
        if not any(one.has + two.has) and one.writes == two.writes and one.loses is None and two.loses is None
    }
    assert denied <= {commune for commune, _ in gaps}


def test_the_deniers_own_earlier_word_does_not_hide_anothers(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Thạch Linh (18077) before the merger: Viettel yes, VNPT no; after it VNPT alone has reported, no again."""
    before = [Report("Viettel", "2025-06-30", {"Thôn Hạ": True}, "18077")]
    before += [Report("VNPT", "2025-06-30", {"Thôn Hạ": False}, "18077")]
    after = Report("VNPT", "2025-09-30", {"Thôn Hạ": False})
    assert states(registry, render, *before, after)["2025-07-01", "Thôn Hạ"] == "earlier_word"


def test_a_list_of_fibre_alone_hinders_no_denial_of_signal(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    fibre = Report("FPT", "2026-09-30", {"Thôn 1": None})
    assert states(registry, render, fibre, Report("Viettel", "2026-09-30", {"Thôn 1": False})) == {
        ("2026-07-01", "Thôn 1"): False
    }
    assert states(registry, render, fibre) == {("2026-07-01", "Thôn 1"): "not_said"}


def test_two_files_of_one_day_that_contradict_are_unknown(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    one, other = (Report("Viettel", "2026-09-30", {"Thôn 1": has_4g}) for has_4g in (True, False))
    assert states(registry, render, one, other) == {("2026-07-01", "Thôn 1"): "name_stands_twice"}
    assert states(registry, render, one, one) == {("2026-07-01", "Thôn 1"): True}


def test_a_row_lost_in_a_file_of_several_operators_may_be_any_of_theirs(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    states(registry, render, Report("Viettel", "2026-09-30", {"Thôn 1": True}))
    registry.execute("insert into raw.quarantine values (1, 4, 'unknown_code')")
    # by village, then by operator: Viettel's row on village 2 is lost between those of VNPT
    for row_no, operator, village, has_4g in (
        (2, "VNPT", "Thôn 1", False),
        (3, "FPT", "Thôn 1", False),
        (5, "VNPT", "Thôn 2", False),
        (6, "FPT", "Thôn 2", False),
    ):
        registry.execute(
            "insert into stg_village_coverage select version + $1, file_no, $1, extracted_on, $2, commune_code, null, "
            "$3, null, null, $4, null, null from stg_village_coverage where row_no = 1",
            [row_no, operator, village, has_4g],
        )
    build(registry, render, *MODELS)
    reason = "select unknown_because from int_village_states where technology = '4G' and village_name = 'Thôn 2'"
    assert registry.execute(reason).fetchall() == [("rows_lost",)]


def test_silence_on_a_generation_that_is_no_more_leaves_nothing_open(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """2G ended in July 2026: who has no column for it any more and denies the others denies all."""
    files = [Report("Viettel", day, {"Thôn 1": False}) for day in ("2026-06-30", "2026-09-30")]
    files += [Report("VNPT", "2026-09-30", {"Thôn 1": False, "Thôn 2": False}, "18100")]
    files += [Report("VNPT", "2026-09-30", {"Thôn 1": False}, "18118")]
    states(registry, render, *files)
    # the third file tells of 2G still, of one village that it is not known; the last does not tell of 3G
    registry.execute("update stg_village_coverage set has_3g = if(file_no < 4, false, null), has_5g = false")
    registry.execute("update stg_village_coverage set has_2g = true where file_no = 3 and village = 'Thôn 1'")
    build(registry, render, *MODELS)
    found = registry.execute(
        "select cast(quarter as varchar), area_code, village_name, is_covered from int_village_states "
        "where technology = 'mobile' order by all"
    ).fetchall()
    assert found == [
        ("2026-04-01", COMMUNE, "Thôn 1", None),
        ("2026-07-01", COMMUNE, "Thôn 1", False),
        ("2026-07-01", "18100", "Thôn 1", True),
        ("2026-07-01", "18100", "Thôn 2", None),
        ("2026-07-01", "18118", "Thôn 1", None),
    ]


OLD_THREE = ("18100", "18088", "18094")
"""Thạch Hạ, Thạch Trung and Trần Phú of before July 2025; 18100 and the name Trần Phú went on to another ward."""


def test_a_list_by_communes_of_before_is_read_as_one(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    """Of 209 codes 69 went on to other communes: a list in which the others stand too means those of before."""
    late = [(code, None, f"Thôn {letter}", letter == "A") for code, letter in zip(OLD_THREE, "ABC", strict=True)]
    placed = "select distinct reported_area_name, unit from int_villages order by all"
    file(registry, render, "2026-03-31", late)
    assert registry.execute(placed).fetchall() == [
        ("phường Thạch Hạ", "18100 2025-01-01"),
        ("phường Thạch Trung", "18088 2025-01-01"),
        ("phường Trần Phú", "18094 2025-01-01"),
    ]
    # a name that is the old one's alone says which, though the code is one of today
    file(registry, render, "2026-03-31", [("18100", "phường Thạch Hạ", "Thôn A", True)])
    assert registry.execute(placed).fetchall() == [("phường Thạch Hạ", "18100 2025-01-01")]
    # names that cannot be read leave it to the codes
    file(registry, render, "2026-03-31", [(code, f"X. {code} (cũ)", *row) for code, _, *row in late])
    assert {unit for _, unit in registry.execute(placed).fetchall()} == {f"{code} 2025-01-01" for code in OLD_THREE}
    # codes of today beside the names of before: the code says where, also where both were one before
    converted = [("18100", f"phường {name}", "Thôn A", True) for name in ("Thạch Hạ", "Thạch Trung", "Đồng Môn")]
    file(registry, render, "2026-03-31", converted)
    assert registry.execute(placed).fetchall() == [("phường Trần Phú", "18100 2025-07-01")]
    # one row of before in a list of today
    today = [(code, None, "Thôn A", True) for code in ("18100", "18073", "18118", "18160", "18223", "18394", "18652")]
    file(registry, render, "2026-03-31", [*today, *today, ("18088", None, "Thôn A", True)])
    assert len(registry.execute(placed).fetchall()) == 8
    units = "select count(*) from (select distinct unit from int_villages) where ends_with(unit, '2025-07-01')"
    assert registry.execute(units).fetchall() == [(7,)]


def test_a_village_of_before_is_another_though_its_commune_kept_its_name(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Kim Hoa of today (18223) took Kim Hoa of before (18211): numbers were given anew all the same."""
    before = Report("VNPT", "2025-06-30", {"Thôn 2": True, "Thôn 6": False}, "18211")
    after = [
        Report("VNPT", "2025-09-30", {"Thôn 2": False}, "18223"),
        Report("FPT", "2025-09-30", {"Thôn 6": False}, "18223"),
    ]
    assert states(registry, render, before, *after)["2025-07-01", "Thôn 6"] == "earlier_word"


def test_a_word_on_a_neighbour_takes_no_doubt_away(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    """Đại Nài (18082) may lie in Hà Huy Tập, which has Thạch Đài (18643) of before whole: two places of one day."""
    told = [
        Report("MobiFone", "2025-06-30", {"Thôn Kim Sơn Mới": True}, "18643"),
        Report("MobiFone", "2025-06-30", {"Thôn Kim Sơn": False}, "18082"),
        Report("VNPT", "2025-06-30", {"Thôn Kim Sơn": False}, "18643"),
        Report("VNPT", "2025-09-30", {"Thôn Xa": True}, "18073"),
    ]
    states(registry, render, *told)
    found = "select unknown_because from int_village_states where technology = '4G' and quarter = '2025-07-01' "
    assert registry.execute(
        found + "and reported_area_code = '18643' and village_name = 'Thôn Kim Sơn'"
    ).fetchall() == [("another_name",)]


def test_words_of_two_days_are_not_side_by_side(registry: duckdb.DuckDBPyConnection, render: Render) -> None:
    """The operator renamed a village between two lists of before; another denies it under its first name."""
    others = dict.fromkeys((f"Thôn {name}" for name in ("Tây", "Nam", "Bắc", "Trung")), True)
    told = [
        Report("VNPT", "2025-06-30", {**others, "Thôn Đông": False}, "18412"),
        Report("VNPT", "2025-09-30", {**others, "Thôn Đông Mới": True}, "18412"),
        Report("Viettel", "2025-09-30", {**others, "Thôn Đông": False}, "18409"),
    ]
    assert states(registry, render, *told)["2025-07-01", "Thôn Đông"] == "earlier_word"


def test_a_new_name_in_a_new_list_may_be_what_was_denied_before(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    others = dict.fromkeys((f"Thôn {n}" for n in range(1, 9)), True)
    told = [Report("VNPT", "2026-06-30", {**others, "Thôn Đông": False})]
    told += [Report("VNPT", "2026-09-30", {**others, "Thôn Đông Mới": True})]
    told += [Report("Viettel", "2026-09-30", {**others, "Thôn Đông": False})]
    assert states(registry, render, *told)["2026-07-01", "Thôn Đông"] == "another_name"


def test_a_name_that_one_file_of_the_day_has_once_is_known_by_it(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    twice = [(COMMUNE, None, "Thôn 1", True), (COMMUNE, None, "thôn 01", True)]
    found = []
    for order in ((twice, twice[:1]), (twice[:1], twice), (twice,)):
        file(registry, render, "2026-09-30", *order)
        told = "select is_covered, is_ambiguous from int_village_states where technology = '4G'"
        found.append(registry.execute(told).fetchall())
    assert found == [[(True, False)], [(True, False)], [(None, True)]]


def test_what_a_new_list_leaves_out_has_no_signal_to_tell_of(
    registry: duckdb.DuckDBPyConnection, render: Render
) -> None:
    six = dict.fromkeys((f"Thôn {n}" for n in range(1, 7)), False)
    five = dict.fromkeys(list(six)[:5], False)
    states(registry, render, Report("VNPT", "2026-06-30", six), Report("VNPT", "2026-09-30", five))
    rows = "select count(*) from int_village_states where technology = 'mobile' and quarter = '2026-07-01'"
    assert registry.execute(rows).fetchall() == [(5,)]
