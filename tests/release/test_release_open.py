"""The folder `open/` of a release, and rows that are merged on the way into the internal edition."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import disclosure_world
import pyarrow.parquet as pq
import pytest
import release_world as world
from release_world import COVERAGE, DOSSIERS, MARTS, release, warehouse

from pipelines.release.files import ReleaseError
from pipelines.release.protect import MERGED_CODE
from pipelines.release.store import ReleaseStore
from pipelines.transform.marts import Column, Disclosure, Mart, Merge, OpenMeasures

PUBLIC = (DOSSIERS, replace(COVERAGE, disclosure=Disclosure("public")))
ROWS = [("2026-01-01", "c1", f"f{n}", count, count // 2) for n, count in enumerate((1, 2, 40, 7))]


def test_a_mart_without_a_policy_stays_inside_and_a_public_one_leaves_as_parquet_and_csv(tmp_path: Path) -> None:
    outcome = release(tmp_path, marts=PUBLIC, vault=tmp_path / "vault" / "open.duckdb")
    folder = tmp_path / "current" / "open"
    assert sorted(path.name for path in folder.iterdir()) == ["broadband.csv", "broadband.parquet", "datapackage.json"]
    assert (folder / "broadband.csv").read_bytes().startswith("\ufeff".encode())
    assert (folder / "broadband.csv").read_text("utf-8-sig").splitlines()[1] == '"Kỳ Anh",45.5,false'
    package = json.loads((folder / "datapackage.json").read_bytes())
    assert (package["id"], package["edition"]) == (outcome.release_id, "open")
    inside = {"verdicts", "provenance", "held_back"} | {source["name"] for source in world.RECEIPTS}
    assert not [word for word in inside if word in (folder / "datapackage.json").read_text("utf-8")]
    ReleaseStore(tmp_path).verify(str(outcome.release_id))
    assert {path.name for path in outcome.files if path.parent.name == "open"} == {p.name for p in folder.iterdir()}


def test_only_the_open_folder_is_for_everybody(tmp_path: Path) -> None:
    release(tmp_path, marts=PUBLIC, vault=tmp_path / "vault" / "open.duckdb")
    current = (tmp_path / "current").resolve()
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (current, current / "open")}
    assert rights == {current.name: 0o751, "open": 0o755}
    assert {stat.S_IMODE(path.stat().st_mode) for path in current.iterdir() if path.is_file()} == {0o440}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (current / "open").iterdir()} == {0o444}


def test_rows_that_a_policy_keeps_inside_are_not_in_the_open_table(tmp_path: Path) -> None:
    some = replace(DOSSIERS, disclosure=Disclosure("public", rows="commune like 'Xã%'"))
    release(tmp_path, marts=(some, COVERAGE), vault=tmp_path / "vault" / "open.duckdb")
    communes = pq.read_table(tmp_path / "current" / "open" / "dossiers_by_commune.parquet").column("commune")
    assert communes.to_pylist() == ["Xã Đức Thọ"]
    assert pq.read_table(tmp_path / "current" / "dossiers_by_commune.parquet").num_rows == 2


def test_another_policy_is_another_release(tmp_path: Path) -> None:
    vault = tmp_path / "vault" / "open.duckdb"
    first = release(tmp_path, marts=PUBLIC, vault=vault)
    assert release(tmp_path, marts=PUBLIC, vault=vault, day=1).status == "unchanged"
    assert release(tmp_path, marts=MARTS, vault=vault, day=2).status == "released"
    assert first.status == "released"


@pytest.mark.parametrize("damage", ["changed", "foreign", "missing"])
def test_a_damaged_open_folder_is_found(tmp_path: Path, damage: str) -> None:
    outcome = release(tmp_path, marts=PUBLIC, vault=tmp_path / "vault" / "open.duckdb")
    file = tmp_path / "current" / "open" / "broadband.csv"
    if damage == "foreign":
        file.with_name("more.csv").write_text("x")
    elif damage == "missing":
        file.unlink()
    else:
        file.chmod(0o644)
        file.write_text("x")
    with pytest.raises(ReleaseError, match=r"open/(broadband|more)\.csv"):
        ReleaseStore(tmp_path).verify(str(outcome.release_id))


def dossier_marts() -> tuple[Mart, ...]:
    columns = tuple(
        Column(name, kind, name, name, None, name)
        for name, kind in (("month", "date"), ("agency_code", "varchar"), ("procedure_field_code", "varchar"))
    )
    counted = tuple(
        Column(name, "bigint", name, name, None, name)
        for name in ("received", *disclosure_world.COLUMNS, *disclosure_world.MORE)
    )
    return tuple(
        Mart(
            name,
            f"marts.{name}",
            name,
            name,
            name,
            name,
            (*columns, *counted),
            ("month", "agency_code", "procedure_field_code"),
            ("portal",),
            disclosure=Disclosure(open=OpenMeasures(parts, 10, 5)),
        )
        for name, parts in disclosure_world.PARTS.items()
        if name != "dossier_timeliness"
    )


def test_quarters_of_dossiers_leave_with_the_release_and_stay_as_they_were(tmp_path: Path) -> None:
    """With the complete publication: the vault is written with the release, and not without it."""
    leaves = [
        disclosure_world.leaf(month, agency, "f1", 40, online=20, timed=40)
        for month in ("2026-01", "2026-02", "2026-03")
        for agency in ("c1a", "c1b", "d1")
    ]
    vault, marts = tmp_path / "vault" / "open.duckdb", dossier_marts()
    given = {"marts": marts, "verdicts": world.passing(*(mart.name for mart in marts)), "vault": vault}
    held = given | {"verdicts": {**given["verdicts"], **world.failing("digitisation")}}
    conn = disclosure_world.warehouse(leaves, "2026-11-20")
    waiting = release(tmp_path, conn, **held)
    assert waiting.open_blocked == "digitisation is held back"
    assert not vault.exists()
    released = release(tmp_path, conn, 1, **given)
    assert (released.status, released.open_blocked, vault.exists()) == ("released", None, True)
    files = {path.name: path.read_bytes() for path in (tmp_path / "current" / "open").glob("*.csv")}
    assert "dossiers_by_agency.csv" in files

    late = disclosure_world.warehouse([*leaves, disclosure_world.leaf("2026-02", "d1", "f2", 1)], "2026-11-20")
    again = release(tmp_path, late, 2, **given)
    assert again.status == "released", "the internal edition has the late dossier"
    assert {path.name: path.read_bytes() for path in (tmp_path / "current" / "open").glob("*.csv")} == files
    (quarter,) = json.loads((tmp_path / "current" / "datapackage.json").read_bytes())["open"]["quarters"]
    assert (quarter["received"], quarter["received_today"]) == (360, 361)
    disclosure = json.loads((tmp_path / "current" / "open" / "datapackage.json").read_bytes())["disclosure"]
    assert disclosure["next"] == {"quarter": "2026-Q2", "not_before": "2026-07-31"}
    assert world.DAY + timedelta(days=2) > world.DAY


def test_small_rows_are_merged_with_their_sums(tmp_path: Path) -> None:
    """1 and 2 are small, and 3 together still are: the 7 goes with them. The 40 stands alone."""
    merge = Merge(
        "field", "title", "received", 5, ("received", "online"), {"online_pct": ("online", "received")}, "true"
    )
    columns = (
        *(Column(name, "varchar", name, name, None, name) for name in ("month", "agency", "field", "title")),
        *(Column(name, "bigint", name, name, None, name) for name in ("received", "online")),
        Column("online_pct", "double", "p", "p", "%", "p"),
    )
    mart = Mart(
        "fine",
        "marts.fine",
        "t",
        "f",
        "f",
        "f",
        columns,
        ("month", "agency", "field"),
        (),
        disclosure=Disclosure(merge=merge),
    )
    conn = warehouse()
    conn.execute(
        "create table marts.fine (month varchar, agency varchar, field varchar, title varchar, received bigint,"
        " online bigint, online_pct double)"
    )
    for month, agency, of, received, online in ROWS:
        row = [month, agency, of, f"title {of}", received, online, round(100 * online / received, 2)]
        conn.execute("insert into marts.fine values (?, ?, ?, ?, ?, ?, ?)", row)
    release(tmp_path, conn, marts=(mart,), verdicts=world.passing("t"))
    rows = pq.read_table(tmp_path / "current" / "fine.parquet").to_pylist()
    found = {row["field"]: (row["received"], row["online"], row["online_pct"]) for row in rows}
    assert found == {"f2": (40, 20, 50.0), MERGED_CODE: (10, 4, 40.0)}
    described = json.loads((tmp_path / "current" / "datapackage.json").read_bytes())["resources"][0]["description"]
    assert "Rows with received below 5 are merged" in described
