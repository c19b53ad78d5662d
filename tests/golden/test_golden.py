"""Golden cases: tiny feeds through load and build to the rows worked out by hand beside them. See README.md here."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.sources.petitions import SOURCE as PETITIONS
from pipelines.sources.qd766_published import SOURCE as PUBLISHED
from pipelines.sources.reported_indicators import SOURCE as REPORTED

if TYPE_CHECKING:
    from conftest import World

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/*/expected.csv"))
OWN = ("agency_code", "year", "indicator")
"""Columns by which a case has rows of the mart for itself; the first that it expects counts."""


@pytest.fixture(scope="module")
def marts(fresh_world: Callable[[], World]) -> dict[str, list[dict[str, str]]]:
    """Rows of every mart with cases, as text, built of all cases at once."""
    world = fresh_world()
    # in the order of their days, as they would have come
    for path in sorted(Path(__file__).parent.glob("*/*/*.ndjson"), key=lambda path: (path.name, path)):
        world.land(path.name, path.read_bytes())
    for path in sorted(Path(__file__).parent.glob("*/*/*.json")):
        world.land(path.name, path.read_bytes(), PUBLISHED)
    for path in sorted(Path(__file__).parent.glob("*/*/pakn-*.csv")):
        world.land(path.name, path.read_bytes(), PETITIONS)
    for path in sorted(Path(__file__).parent.glob("*/*/bao-cao-*.csv")):
        world.land(path.name, path.read_bytes(), REPORTED)
    assert world.load().rows_quarantined == 0
    world.build()
    found = {}
    with world.warehouse.connect() as connection:
        for mart in {case.parent.name for case in CASES}:
            rows = connection.execute(f"select cast(columns(*) as varchar) from marts.{mart}")
            names = [column[0] for column in rows.description or []]
            found[mart] = [
                {name: value or "" for name, value in zip(names, row, strict=True)} for row in rows.fetchall()
            ]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_golden_case(case: Path, marts: dict[str, list[dict[str, str]]]) -> None:
    with (case / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    own = next(column for column in OWN if column in expected[0])
    mine = {row[own] for row in expected}
    found = [{name: row[name] for name in expected[0]} for row in marts[case.parent.name] if row[own] in mine]
    assert sorted(found, key=_text) == sorted(expected, key=_text)


def test_cases_share_nothing() -> None:
    """Two cases of one agency or year would change each other's rows."""
    taken: dict[tuple[str, str], Path] = {}
    for case in CASES:
        with (case / "expected.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                own = next(column for column in OWN if column in row)
                assert taken.setdefault((own, row[own]), case) == case, f"{case} and another case use {own} {row[own]}"


def _text(row: dict[str, str]) -> list[str]:
    return list(row.values())
