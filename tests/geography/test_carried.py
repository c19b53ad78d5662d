"""Counts carried to the current communes: sums do not change, for all counts and weights."""

from __future__ import annotations

import duckdb
import pytest
from geography_world import Render, build, seed, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

OLD = [a["area_code"] for a in seed("areas") if a["level"] == "commune" and a["valid_to"]]
SPLITS = {
    code: sorted(p["new_code"] for p in seed("area_crosswalk") if p["old_code"] == code) for code in ("18082", "18796")
}
MEASURES = ("received", "late")
CARRY = """
    select w.area_code_today, w.weight_method,
    sum({{ carried_count('f.received') }})::bigint as received,
    sum({{ carried_count('f.late') }})::bigint as late,
    sum({{ carried_amount('f.amount') }}) as amount
    from facts as f {{ join_area_weights('f.area_code', 'f.day') }}
    group by all
"""
PLACE = """
    select {{ current_commune() }} as area_code_today, w.area_code, w.weight_method
    from facts as f {{ join_stated_commune('f.area_code', 'cast(null as varchar)', 'f.day') }}
"""
Fact = tuple[str, str, int, int, float]

# former codes, also on current days, where some are used again and some name nothing; splits more often
facts = st.lists(
    st.tuples(
        st.sampled_from(sorted(SPLITS)) | st.sampled_from([*OLD, "99999"]),
        st.just("2025-06-30") | st.sampled_from(["2025-01-01", "2025-07-01", "2030-01-01", "2024-12-31"]),
        st.integers(0, 10**9),
        st.integers(0, 50),
        st.floats(0, 1e9),
    ),
    max_size=12,
)
sizes = st.integers(0, 200_000)
known = st.tuples(*[sizes] * 5) | st.tuples(*[st.none() | sizes] * 5)
"""Persons or km² of the five parts: of all of them, or of some."""


def carry(connection: duckdb.DuckDBPyConnection, render: Render, rows: list[Fact]) -> list[tuple[object, ...]]:
    connection.execute(
        "create or replace temp table facts (area_code varchar, day date, received bigint, late bigint, amount double)"
    )
    if rows:
        connection.executemany("insert into facts values (?, ?, ?, ?, ?)", rows)
    return connection.execute(render(CARRY)).fetchall()


@pytest.fixture(scope="module")
def weighted(render: Render) -> duckdb.DuckDBPyConnection:
    return seeded(render)


@settings(max_examples=10, deadline=None)
@given(rows=facts, persons=known, km2=known)
def test_the_province_has_the_same_total_in_both_geographies(
    render: Render,
    weighted: duckdb.DuckDBPyConnection,
    rows: list[Fact],
    persons: tuple[int | None, ...],
    km2: tuple[int | None, ...],
) -> None:
    parts = [(old, new) for old, news in SPLITS.items() for new in news]
    for (old, new), population, area in zip(parts, persons, km2, strict=True):
        weighted.execute(
            "update area_crosswalk set part_population = ?, part_area_km2 = ? where old_code = ? and new_code = ?",
            [population, area, old, new],
        )
    build(weighted, render, "int_area_weights")
    carried = carry(weighted, render, rows)
    for position, measure in enumerate(MEASURES, start=2):
        assert sum(row[position] for row in carried) == sum(row[position] for row in rows), measure
        assert all(row[position] >= 0 for row in carried)
    assert sum(row[4] for row in carried) == pytest.approx(sum(row[4] for row in rows))
    today = {row[0] for row in weighted.execute("select area_code from areas where valid_to is null").fetchall()}
    for code, method, *_ in carried:
        assert code in today or method in {"unknown", None}
    # what cannot be divided stays one, in a current unit only where all of it went there
    placed = weighted.execute(render(PLACE)).fetchall()
    assert len(placed) == len(rows)
    for code, stated, method in placed:
        assert code in today if method in {"same", "whole"} else code is None or (stated in SPLITS and code in today)


@pytest.mark.parametrize(
    ("code", "day", "today"),
    [
        ("18391", "2025-06-30", "18394"),  # a plain merger
        ("18100", "2025-06-30", "18100"),  # a code that was used again, for the unit that took it
        ("18094", "2025-06-30", "18073"),  # the former Trần Phú is not the current Trần Phú
        ("18400", "2025-06-30", "18115"),  # across districts
        ("18196", "2025-06-30", "18196"),  # never merged
        ("18082", "2025-06-30", "unknown part of 18082"),
        ("18796", "2025-06-30", "unknown part of 18796"),
        ("18394", "2025-07-01", "18394"),  # a current unit
        ("18391", "2025-07-01", None),  # its code is in no list since the merger
        ("18391", "2024-12-31", None),  # before the registry begins
        ("1839", "2025-06-30", None),  # no code
        ("42", "2025-06-30", None),  # the province is no commune
    ],
)
def test_where_a_dossier_of_a_commune_goes(
    render: Render, registry: duckdb.DuckDBPyConnection, code: str, day: str, today: str | None
) -> None:
    assert [row[:1] + row[2:] for row in carry(registry, render, [(code, day, 7, 3, 1.5)])] == [(today, 7, 3, 1.5)]


def test_a_split_with_weights_is_distributed_in_whole_dossiers(render: Render) -> None:
    world = seeded(render)
    for new, persons in (("18754", 100), ("18823", 100), ("18832", 100)):
        world.execute(
            "update area_crosswalk set part_population = ? where old_code = '18796' and new_code = ?", [persons, new]
        )
    build(world, render, "int_area_weights")
    carried = carry(world, render, [("18796", "2025-03-01", 100, 1, 100.0)])
    assert sorted((row[0], row[1], row[2], row[3]) for row in carried) == [
        ("18754", "population", 33, 0),
        ("18823", "population", 34, 1),
        ("18832", "population", 33, 0),
    ]
