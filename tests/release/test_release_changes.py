"""What a release states of its changes, what `hatinh releases diff` shows, and which schemas may go out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import release_world as world
from hypothesis import given, settings
from hypothesis import strategies as st
from release_world import COVERAGE, DOSSIERS, GOOD, MARTS, RECEIPTS, release, warehouse, with_type
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.common import WRONG_USE
from pipelines.release.compare import Comparison, compare
from pipelines.release.files import ReleaseError
from pipelines.release.released import Release
from pipelines.release.schemas import KEPT_DAYS
from pipelines.release.store import ReleaseStore
from pipelines.transform.marts import Column

LIMITS = {"memory_limit": "500MB", "threads": "2"}
MOVED = [("2026-10-01", "Phường Thành Sen", 125, "99.00"), ("2026-10-01", "Xã Kỳ Xuân", 1, None)]
"""One commune with two other figures, one that is new; Đức Thọ is gone."""
RENAMED = replace(DOSSIERS, columns=(*DOSSIERS.columns[:3], *DOSSIERS.columns[4:]))
"""Without on_time_pct."""


def current(root: Path) -> Release:
    found = ReleaseStore(root).current()
    assert found
    return found


def changes(root: Path) -> dict[str, Any]:
    stated: dict[str, Any] = current(root).package["changes"]
    return stated


def listed(root: Path) -> list[tuple[Any, ...]]:
    file = current(root).path / "release_changes.parquet"
    names = "table_name, change, row_key, column_name, old_value, new_value, difference, reasons"
    return duckdb.sql(f"select {names} from '{file}'").fetchall()


def receipt(**changed: Any) -> dict[str, Any]:
    return RECEIPTS[0] | {"name": "thang_11.json", "sha256": "ef" * 32} | changed


def without_on_time(rows: Any = world.ROWS) -> duckdb.DuckDBPyConnection:
    conn = warehouse(rows)
    conn.execute("alter table marts.dossiers_by_commune drop column on_time_pct")
    return conn


def test_the_first_release_has_nothing_to_compare_with(tmp_path: Path) -> None:
    release(tmp_path)
    assert changes(tmp_path)["previous"] is None
    assert "The first release" in (current(tmp_path).path / "CHANGES.md").read_text(encoding="utf-8")
    assert not (current(tmp_path).path / "release_changes.parquet").exists()


def test_every_figure_that_moved_is_listed_with_its_difference(tmp_path: Path) -> None:
    first = release(tmp_path)
    release(tmp_path, day=1, rows=MOVED, receipts=[*RECEIPTS, receipt()])

    assert changes(tmp_path)["previous"] == first.release_id
    key = '{"period":"2026-10-01","commune":"%s"}'
    assert listed(tmp_path) == [
        ("dossiers_by_commune", "changed", key % "Phường Thành Sen", "dossiers", "120", "125", 5.0, "new_file"),
        ("dossiers_by_commune", "changed", key % "Phường Thành Sen", "on_time_pct", "99.50", "99.00", -0.5, "new_file"),
        ("dossiers_by_commune", "removed", key % "Xã Đức Thọ", None, None, None, None, "new_file"),
        ("dossiers_by_commune", "added", key % "Xã Kỳ Xuân", None, None, None, None, "new_file"),
    ]
    (table,) = changes(tmp_path)["tables"]
    assert (table["rows_added"], table["rows_removed"], table["rows_changed"], table["cells"]) == (1, 1, 1, 2)
    assert table["reasons"] == [{"kind": "new_file", "detail": "portal: 1"}]
    text = (current(tmp_path).path / "CHANGES.md").read_text(encoding="utf-8")
    assert "| `dossiers_by_commune` | 2 | 1 | 1 | new file (portal: 1) |" in text
    assert text.index("Schema changes") < text.index("Figures that moved")
    ReleaseStore(tmp_path).verify(current(tmp_path).id)


def test_the_open_edition_has_no_changes(tmp_path: Path) -> None:
    public = replace(DOSSIERS, disclosure=replace(DOSSIERS.disclosure, edition="public"))
    for day, rows in enumerate((world.ROWS, MOVED)):
        vault = tmp_path / "vault.duckdb"
        release(tmp_path / "marts", day=day, rows=rows, marts=(public, COVERAGE), vault=vault)
    there = current(tmp_path / "marts").path / "open"
    assert {path.name for path in there.rglob("*")} == {
        "datapackage.json", "dossiers_by_commune.parquet", "dossiers_by_commune.csv",
    }  # fmt: skip
    assert "changes" not in json.loads((there / "datapackage.json").read_bytes())


def test_a_withdrawal_is_named_with_its_reason(tmp_path: Path) -> None:
    release(tmp_path, receipts=[*RECEIPTS, receipt()])
    gone = receipt(status="withdrawn", reason="gửi nhầm | tháng", withdrawn_at="2026-11-24T00:00:00Z")
    release(tmp_path, day=1, rows=MOVED, receipts=[*RECEIPTS, gone])
    (table,) = changes(tmp_path)["tables"]
    assert table["reasons"] == [{"kind": "withdrawn_file", "detail": "portal/thang_11.json: gửi nhầm | tháng"}]
    text = (current(tmp_path).path / "CHANGES.md").read_text(encoding="utf-8")
    assert r"gửi nhầm \| tháng" in text


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"seeds": (("areas", "b"),)}, {"kind": "registry", "detail": "areas"}),
        ({"formula": "2"}, {"kind": "formula", "detail": ""}),
        ({}, {"kind": "other", "detail": ""}),
    ],
    ids=["registry", "formula", "nothing known"],
)
def test_registry_and_formula_are_told_apart(tmp_path: Path, changed: dict[str, Any], reason: dict[str, str]) -> None:
    known = replace(DOSSIERS, seeds=(("areas", "a"),), formula="1")
    release(tmp_path, marts=(known, COVERAGE))
    release(tmp_path, day=1, rows=MOVED, marts=(replace(known, **changed), COVERAGE))
    (table,) = changes(tmp_path)["tables"]
    assert table["reasons"] == [reason]


@pytest.mark.parametrize(
    ("mart", "said"),
    [
        (RENAMED, "on_time_pct is no longer there"),
        (with_type(DOSSIERS, "dossiers", "double"), "dossiers is DOUBLE, was BIGINT"),
        (replace(DOSSIERS, key=("commune",)), "the key is commune, was period, commune"),
        (replace(DOSSIERS, columns=(*DOSSIERS.columns, Column("more", "bigint", "x", "x", None, ""))), "more (BIGINT)"),
    ],
    ids=["removed", "type", "key", "added"],
)
def test_an_undeclared_change_of_schema_holds_the_target_back(tmp_path: Path, mart: Any, said: str) -> None:
    release(tmp_path)
    kept = current(tmp_path).path.joinpath("dossiers_by_commune.parquet").read_bytes()

    def conn() -> duckdb.DuckDBPyConnection:
        conn = without_on_time() if mart is RENAMED else warehouse()
        if said.startswith("dossiers is"):
            conn.execute("alter table marts.dossiers_by_commune alter dossiers type double")
        if said.startswith("more"):
            conn.execute("alter table marts.dossiers_by_commune add column more bigint")
        return conn

    outcome = release(tmp_path, conn(), day=1, marts=(mart, COVERAGE))
    (held,) = outcome.held_back
    assert held.target == "online_services"
    assert said in held.reason
    assert "schema_version: 2" in held.reason
    assert current(tmp_path).path.joinpath("dossiers_by_commune.parquet").read_bytes() == kept

    outcome = release(tmp_path, conn(), day=2, marts=(replace(mart, schema_version=2), COVERAGE))
    assert outcome.held_back == []
    assert [str(c["kind"]) for c in changes(tmp_path)["schema"]] != []


def test_a_former_schema_is_kept_for_its_time(tmp_path: Path) -> None:
    first = release(tmp_path)
    release(tmp_path, without_on_time(), day=1, marts=(replace(RENAMED, schema_version=2), COVERAGE))
    release(tmp_path, without_on_time(MOVED_3), day=2, marts=(replace(RENAMED, schema_version=2), COVERAGE))
    store, last = ReleaseStore(tmp_path), world.DAY.date() + timedelta(days=1 + KEPT_DAYS)
    (former,) = current(tmp_path).package["former_schemas"]
    assert (former["table"], former["release"]) == ("dossiers_by_commune", first.release_id)
    assert former["kept_until"] == last.isoformat()
    assert f"`{first.release_id}`" in (current(tmp_path).path / "CHANGES.md").read_text(encoding="utf-8")

    store.prune(1, last)
    assert len(store.list()) == 2
    assert store.prune(1, last + timedelta(days=1)) == [first.release_id]


MOVED_3 = [("2026-10-01", "Phường Thành Sen", 3, None)]


def test_a_table_that_no_model_makes_refuses_the_release_until_it_is_retired(tmp_path: Path) -> None:
    first = release(tmp_path)
    with pytest.raises(ReleaseError, match=r"No model makes broadband.*retired_tables\.yml"):
        release(tmp_path, day=1, marts=(DOSSIERS,), retired={})
    assert current(tmp_path).id == first.release_id
    release(tmp_path, day=1, marts=(DOSSIERS,), retired={"broadband": "replaced by broadband_speed"})
    assert changes(tmp_path)["schema"] == [
        {"table": "broadband", "kind": "table_removed", "column": "", "before": "", "now": ""}
    ]


def test_rows_that_share_a_key_are_not_compared_and_it_is_said(tmp_path: Path) -> None:
    twice = [*MOVED, MOVED[0]]
    release(tmp_path, rows=twice)
    release(tmp_path, day=1)
    (table,) = changes(tmp_path)["tables"]
    assert (table["not_compared"], table["cells"], table["listed"]) == ("rows share a key", 0, 0)
    assert listed(tmp_path) == []


def test_a_previous_release_that_cannot_be_read_costs_no_data(tmp_path: Path) -> None:
    first = release(tmp_path)
    file = current(tmp_path).path / "dossiers_by_commune.parquet"
    file.chmod(0o600)
    file.write_bytes(b"PAR1 and no more")
    outcome = release(tmp_path, day=1, rows=MOVED)
    assert outcome.status == "released"
    assert changes(tmp_path)["not_compared"].startswith(str(first.release_id))
    assert "could not be read" in (current(tmp_path).path / "CHANGES.md").read_text(encoding="utf-8")


def test_the_list_is_cut_and_the_totals_are_not(tmp_path: Path) -> None:
    rows = [(f"{year}-01-01", f"Xã {n}", n, None) for year in (2025, 2026) for n in range(30)]
    first = release(tmp_path, rows=rows)
    second = release(tmp_path, day=1, rows=[(day, name, n + 1, None) for day, name, n, _ in rows])
    store = ReleaseStore(tmp_path)
    found = compare(store.get(str(first.release_id)), store.get(str(second.release_id)), LIMITS, cells=7)
    (table,) = found.tables
    assert (table.cells, table.total, table.listed, found.moved.num_rows) == (60, 60, 7, 7)


row = st.tuples(
    st.sampled_from(["2026-10-01", "2026-11-01", None]),
    st.sampled_from(["a", "b", None]),
    st.integers(0, 3),
    st.one_of(st.none(), st.just("1.00")),
)
rows = st.lists(row, max_size=5, unique_by=lambda r: r[:2])


@settings(max_examples=5, deadline=None)
@given(then=rows, now=rows)
def test_the_totals_are_those_of_a_comparison_by_hand(
    then: list[Any], now: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("compared")
    first, second = release(root, rows=then), release(root, day=1, rows=now)
    store = ReleaseStore(root)
    found: Comparison = compare(store.get(str(first.release_id)), store.get(str(second.release_id)), LIMITS)
    old, new = ({r[:2]: r[2:] for r in rows} for rows in (then, now))
    cells = sum(a != b for key in old.keys() & new.keys() for a, b in zip(old[key], new[key], strict=True))
    expected = (len(new.keys() - old.keys()), len(old.keys() - new.keys()), cells)
    got = [(t.rows_added, t.rows_removed, t.cells) for t in found.tables]
    assert got == ([expected] if any(expected) else [])


def test_the_command_shows_two_releases_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    first = release(tmp_path / "marts")
    second = release(tmp_path / "marts", day=1, rows=MOVED, receipts=[*RECEIPTS, receipt()])
    ids = [str(first.release_id), str(second.release_id)]

    shown = CliRunner().invoke(app, ["releases", "diff", *ids, "--table", "dossiers_by_commune"])
    assert shown.exit_code == 0, shown.output
    assert "new file" in shown.output  # a narrow terminal breaks the cell
    assert "-0.5" in shown.output
    as_json = json.loads(CliRunner().invoke(app, ["releases", "diff", *ids, "--json"]).output)
    assert as_json["tables"][0]["cells"] == 2
    assert len(as_json["moved"]) == 4
    for fewer in ([], ids[:1]):
        by_default = CliRunner().invoke(app, ["releases", "diff", *fewer, "--json"])
        assert json.loads(by_default.output) == as_json, "the current one and the one before"
    same = CliRunner().invoke(app, ["releases", "diff", ids[0], ids[0]])
    assert "Nothing differs" in same.output
    unknown = CliRunner().invoke(app, ["releases", "diff", "x", ids[0]])
    assert (unknown.exit_code, "no release x" in unknown.output) == (2, True)


def test_what_was_released_with_the_same_verdicts_is_compared_by_targets(tmp_path: Path) -> None:
    """A target that is held back keeps its previous tables: nothing of it moved."""
    release(tmp_path)
    verdicts = GOOD | world.failing("online_services")
    release(tmp_path, day=1, rows=MOVED, verdicts=verdicts, marts=MARTS)
    assert changes(tmp_path)["tables"] == []


def test_the_command_needs_two_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    nothing = CliRunner().invoke(app, ["releases", "diff"])
    assert (nothing.exit_code, "hatinh run" in nothing.output) == (WRONG_USE, True)
    only = release(tmp_path / "marts")
    alone = CliRunner().invoke(app, ["releases", "diff"])
    assert alone.exit_code == WRONG_USE
    assert str(only.release_id) in alone.output
