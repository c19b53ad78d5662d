"""What a reader finds after a publication: files, descriptions, held-back targets, and no incomplete file."""

from __future__ import annotations

import json
import logging
import random
import tempfile
import unicodedata
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import release_world as world
from hypothesis import given, settings
from hypothesis import strategies as st
from release_world import COVERAGE, DOSSIERS, GOOD, MARTS, RECEIPTS, failing, passing, release, warehouse, with_type

from pipelines.quality.verdict import Verdict
from pipelines.release.files import ReleaseError
from pipelines.release.released import HeldBack
from pipelines.release.store import ReleaseStore


def package_of(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "current" / "datapackage.json").read_text(encoding="utf-8"))
    return content


def resource_of(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in package_of(root)["resources"] if r["name"] == name)
    return found


def communes(root: Path) -> list[str]:
    table = pq.read_table(root / "current" / "dossiers_by_commune.parquet")
    return [str(value) for value in table.column("commune").to_pylist()]


def test_first_release_is_complete_and_current(tmp_path: Path) -> None:
    outcome = release(tmp_path)

    assert outcome.status == "released"
    assert outcome.targets == {"connectivity": "passed", "online_services": "passed"}
    current = ReleaseStore(tmp_path).current()
    assert current is not None
    assert (current.id, current.rows, current.targets) == (outcome.release_id, 3, ("connectivity", "online_services"))
    assert (tmp_path / "current").readlink() == Path("releases") / current.id
    assert sorted(p.name for p in outcome.files) == [
        "CHANGES.md",
        "broadband.parquet",
        "datapackage.json",
        "dossiers_by_commune.parquet",
        "marts.duckdb",
        "quality.json",
    ]
    assert all(path.stat().st_mode & 0o222 == 0 for path in outcome.files)
    assert not list(tmp_path.glob(".*"))
    ReleaseStore(tmp_path).verify(current.id)


def test_parquet_carries_types_titles_units_and_text(tmp_path: Path) -> None:
    conn = warehouse()
    conn.execute("SET TimeZone = 'Asia/Ho_Chi_Minh'")
    release(tmp_path, conn)

    schema = pq.read_schema(tmp_path / "current" / "dossiers_by_commune.parquet")
    assert [str(f.type) for f in schema] == [
        "date32[day]",
        "string",
        "int64",
        "decimal128(5, 2)",
        "timestamp[us, tz=UTC]",
        "bool",
    ]
    meta = {k.decode(): v.decode() for k, v in schema.metadata.items()}
    assert (meta["title_vi"], meta["title_en"], meta["target"]) == (
        "Hồ sơ theo xã",
        "Dossiers by commune",
        "online_services",
    )
    assert (meta["licence"], meta["sources"], meta["synthetic"]) == (
        "Giấy phép dữ liệu mở của tỉnh",
        '["portal"]',
        "false",
    )
    assert json.loads(meta["schema"])["primaryKey"] == ["period", "commune"]
    assert schema.field("dossiers").metadata[b"unit"].decode() == "hồ sơ"
    assert communes(tmp_path) == ["Phường Thành Sen", "Xã Đức Thọ"]
    assert all(unicodedata.is_normalized("NFC", name) for name in communes(tmp_path))


def test_sql_users_find_the_same_tables_with_comments(tmp_path: Path) -> None:
    outcome = release(tmp_path, verdicts=passing("online_services") | failing("connectivity"))

    with duckdb.connect(tmp_path / "current" / "marts.duckdb", read_only=True) as db:
        rows = db.execute("SELECT commune, dossiers, on_time_pct::VARCHAR FROM dossiers_by_commune").fetchall()
        comment = db.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'dossiers_by_commune' AND column_name = 'dossiers'"
        ).fetchone()
        marks = db.execute("SELECT release_id, target, verdict, held_back_since::VARCHAR FROM _release").fetchall()
    assert rows == [("Phường Thành Sen", 120, "99.50"), ("Xã Đức Thọ", 7, None)]
    assert comment == ("Hồ sơ – Dossiers – hồ sơ – Số hồ sơ nhận",)
    assert [(r, t, v) for r, t, v, _ in marks] == [
        (outcome.release_id, "connectivity", "held_back"),
        (outcome.release_id, "online_services", "passed"),
    ]
    assert marks[0][3] is not None
    assert marks[1][3] is None


def test_package_has_sources_verdicts_and_provenance(tmp_path: Path) -> None:
    outcome = release(tmp_path)

    package = package_of(tmp_path)
    assert (package["id"], package["created"]) == (outcome.release_id, "2026-11-23T02:00:00Z")
    assert package["sources"][0]["sha256"] == "ab" * 32
    assert {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"} in package["licenses"]
    assert {"name": "other", "title": "Giấy phép dữ liệu mở của tỉnh"} in package["licenses"]
    assert package["verdicts"]["connectivity"] == {"verdict": "passed", "checks": 1, "failed": 0}
    current = ReleaseStore(tmp_path).current()
    assert current is not None
    assert current.evidence["connectivity"][0] == {
        "check": "unique",
        "kind": "dbt_test",
        "table": "t",
        "severity": "block",
        "passed": True,
        "detail": "",
        "observed": "0",
    }
    assert package["provenance"]["code_version"] == "abc1234"
    assert package["provenance"]["libraries"]["duckdb"] == duckdb.__version__
    resource = resource_of(tmp_path, "broadband")
    assert (resource["rows"], resource["hash"][:7], resource["schema"]["fields"][1]["unit"]) == (1, "sha256:", "Mbps")
    assert resource["sources"] == [{"title": "speed_tests", "files": 1, "landed_at": "2026-11-21T20:00:00Z"}]


def test_invented_data_is_marked_wherever_it_goes(tmp_path: Path) -> None:
    release(tmp_path, receipts=[RECEIPTS[0], RECEIPTS[1] | {"synthetic": True}])

    assert package_of(tmp_path)["synthetic"] is True
    assert resource_of(tmp_path, "broadband")["synthetic"] is True
    assert resource_of(tmp_path, "dossiers_by_commune")["synthetic"] is False
    assert pq.read_schema(tmp_path / "current" / "broadband.parquet").metadata[b"synthetic"] == b"true"
    in_rows = {
        name: set(pq.read_table(tmp_path / "current" / f"{name}.parquet").column("has_samples").to_pylist())
        for name in ("broadband", "dossiers_by_commune")
    }
    assert in_rows == {"broadband": {True}, "dossiers_by_commune": {False}}, "also for who opens one file"


def test_same_content_on_another_day_changes_nothing(tmp_path: Path) -> None:
    first = release(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    again = release(tmp_path, day=1, run=replace(world.RUN, run_id="run-2"))

    assert (again.status, again.release_id, again.files) == ("unchanged", first.release_id, first.files)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": world.ROWS[:1]},
        {"marts": (DOSSIERS, replace(COVERAGE, title_en="Coverage"))},
        {"verdicts": passing("online_services") | failing("connectivity")},
        {"marts": (DOSSIERS,), "verdicts": passing("online_services")},
        {"receipts": [RECEIPTS[0], RECEIPTS[1] | {"synthetic": True}]},
    ],
    ids=["rows", "title", "verdict", "fewer marts", "synthetic"],
)
def test_other_content_is_another_release(tmp_path: Path, changed: dict[str, Any]) -> None:
    first = release(tmp_path)
    second = release(tmp_path, day=1, **changed)

    assert second.status == "released"
    assert second.release_id != first.release_id
    ReleaseStore(tmp_path).verify(str(second.release_id))


def test_a_refused_file_is_listed_and_its_arrival_and_withdrawal_make_a_release(tmp_path: Path) -> None:
    first = release(tmp_path)
    refused = RECEIPTS[1] | {"name": "tiles-2.csv", "sha256": "ef" * 32, "landed_at": "2026-11-30T20:00:00Z"}
    refused |= {"status": "refused", "reason": "no record of speed_tests in it"}
    lacking = release(tmp_path, day=1, receipts=[*RECEIPTS, refused])
    assert (lacking.status, lacking.release_id != first.release_id) == ("released", True)
    reported = {source["name"]: (source["status"], source.get("reason")) for source in package_of(tmp_path)["sources"]}
    assert reported["tiles.csv"] == ("loaded", None)
    assert reported["tiles-2.csv"] == ("refused", "no record of speed_tests in it")
    (source,) = resource_of(tmp_path, "broadband")["sources"]
    assert source == {"title": "speed_tests", "files": 1, "landed_at": "2026-11-21T20:00:00Z"}, "what counts"
    assert release(tmp_path, day=2, receipts=[*RECEIPTS, refused]).status == "unchanged"
    ReleaseStore(tmp_path).verify(str(lacking.release_id))
    whole = release(tmp_path, day=3)
    assert (whole.status, str(whole.release_id)[-8:]) == ("released", str(first.release_id)[-8:])


def test_a_replaced_file_names_the_one_in_its_place(tmp_path: Path) -> None:
    older = RECEIPTS[1] | {"sha256": "ef" * 32, "status": "replaced", "replaced_by": RECEIPTS[1]["sha256"]}
    release(tmp_path, receipts=[RECEIPTS[0], older, RECEIPTS[1]])
    reported = {source["sha256"]: source.get("replaced_by") for source in package_of(tmp_path)["sources"]}
    assert reported["ef" * 32] == RECEIPTS[1]["sha256"]
    assert reported[RECEIPTS[1]["sha256"]] is None
    assert resource_of(tmp_path, "broadband")["sources"][0]["files"] == 1


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Nd")), max_size=8)
# Few keys and many rows: a key that is not unique must not make two runs differ.
period = st.sampled_from(["2026-09-01", "2026-10-01"])
row = st.tuples(
    period, st.sampled_from(["Xã Đức Thọ", None]) | text, st.integers(-(2**63), 2**63 - 1) | st.none(), st.none()
)


@settings(max_examples=3, deadline=None)
@given(rows=st.lists(row, max_size=6), seed=st.integers())
def test_same_rows_in_any_order_are_the_same_bytes(rows: list[tuple[Any, ...]], seed: int) -> None:
    # "@" alone makes an e-mail address of some texts, and those are rightly refused.
    rows = [(d, t and t.replace("@", ""), n, p) for d, t, n, p in rows]
    shuffled = random.Random(seed).sample([*rows], len(rows))
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "one"), Path(folder, "two")
        first = release(one, warehouse(rows), marts=(DOSSIERS,))
        second = release(two, warehouse(shuffled), marts=(DOSSIERS,), day=3)
        name = "dossiers_by_commune.parquet"
        assert (one / "current" / name).read_bytes() == (two / "current" / name).read_bytes()
        assert str(first.release_id)[-8:] == str(second.release_id)[-8:]
        assert release(one, warehouse(shuffled), marts=(DOSSIERS,), day=9).status == "unchanged"


def test_large_mart_is_cut_into_default_row_groups(tmp_path: Path) -> None:
    conn = warehouse()
    conn.execute("INSERT INTO marts.broadband SELECT 'Xã ' || i, i FROM range(122884) t(i)")
    release(tmp_path, conn)

    meta = pq.read_metadata(tmp_path / "current" / "broadband.parquet")
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [122_880, 5]
    assert meta.row_group(0).column(0).compression == "ZSTD"


def test_held_back_target_keeps_its_last_good_tables_and_the_rest_goes_out(tmp_path: Path) -> None:
    good = release(tmp_path)
    file = "dossiers_by_commune.parquet"
    bytes_then = (tmp_path / "current" / file).read_bytes()
    verdicts = passing("connectivity") | failing("online_services")
    conn = warehouse(world.ROWS[:1])
    conn.execute("UPDATE marts.broadband SET download_mbps = 50")
    held = release(tmp_path, conn, day=1, verdicts=verdicts)

    assert held.held_back == [
        HeldBack("online_services", "2026-11-24T02:00:00Z", "row count on t: 3 rows, wanted 9", str(good.release_id))
    ]
    assert (tmp_path / "current" / file).read_bytes() == bytes_then
    assert resource_of(tmp_path, "dossiers_by_commune")["held_back"]["from_release"] == good.release_id
    assert pq.read_table(tmp_path / "current" / "broadband.parquet").column("download_mbps").to_pylist() == [50.0]

    # Since when and from where survive later releases and the pruning of the good one.
    ReleaseStore(tmp_path).prune(keep=1)
    conn.execute("UPDATE marts.broadband SET download_mbps = 60")
    later = release(tmp_path, conn, day=2, verdicts=verdicts)
    assert later.status == "released"
    assert later.held_back == held.held_back
    assert release(tmp_path, conn, day=3, verdicts=verdicts).status == "unchanged"

    # It passes again: new tables, no mark.
    passed = release(tmp_path, conn, day=4)
    assert passed.held_back == []
    assert communes(tmp_path) == ["Phường Thành Sen"]
    assert "held_back" not in resource_of(tmp_path, "dossiers_by_commune")

    # And a later failure counts from its own day.
    conn.execute("UPDATE marts.broadband SET download_mbps = 70")
    failed = release(tmp_path, conn, day=5, verdicts=verdicts)
    assert [(h.since, h.last_good_release) for h in failed.held_back] == [("2026-11-28T02:00:00Z", passed.release_id)]


@pytest.mark.parametrize("verdict", [{}, {"online_services": Verdict("online_services", ())}], ids=["none", "empty"])
def test_what_was_not_checked_is_not_published(tmp_path: Path, verdict: dict[str, Verdict]) -> None:
    outcome = release(tmp_path, verdicts=passing("connectivity") | verdict)

    assert [(h.target, h.reason, h.last_good_release) for h in outcome.held_back] == [
        ("online_services", "no check was run", None)
    ]
    assert [r["name"] for r in package_of(tmp_path)["resources"]] == ["broadband"]
    assert package_of(tmp_path)["held_back"][0]["target"] == "online_services"


def test_without_a_passed_target_there_is_no_release(tmp_path: Path) -> None:
    outcome = release(tmp_path, verdicts=failing("online_services") | failing("connectivity"))

    assert (outcome.status, outcome.release_id, len(outcome.held_back)) == ("nothing", None, 2)
    assert ReleaseStore(tmp_path).current() is None


def test_an_empty_list_of_marts_removes_no_table(tmp_path: Path) -> None:
    first = release(tmp_path)
    assert release(tmp_path, day=1, marts=[], verdicts={}).status == "nothing"
    current = ReleaseStore(tmp_path).current()
    assert current is not None
    assert current.id == first.release_id


def test_all_targets_held_back_keeps_every_table_and_reports_it(tmp_path: Path) -> None:
    first = release(tmp_path)
    second = release(tmp_path, day=1, verdicts=failing("online_services") | failing("connectivity"))

    assert second.status == "released"
    assert {h.last_good_release for h in second.held_back} == {first.release_id}
    assert len(package_of(tmp_path)["resources"]) == 2


def test_a_mart_that_was_dropped_is_gone_even_if_its_target_is_held_back(tmp_path: Path) -> None:
    release(tmp_path)
    release(tmp_path, day=1, marts=(COVERAGE,), verdicts=passing("connectivity") | failing("online_services"))

    assert [r["name"] for r in package_of(tmp_path)["resources"]] == ["broadband"]
    assert package_of(tmp_path)["removed"] == ["dossiers_by_commune"]
    assert package_of(tmp_path)["held_back"][0]["from_release"] is None
    with duckdb.connect(tmp_path / "current" / "marts.duckdb", read_only=True) as db:
        assert db.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (2,)


def test_personal_data_hold_the_target_back_without_naming_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    release(tmp_path)
    conn = warehouse([*world.ROWS, ("2026-10-01", "Nguyễn Văn A 042099001234", 1, None)])
    with caplog.at_level(logging.DEBUG):
        outcome = release(tmp_path, conn, day=1)

    assert [(h.target, h.reason) for h in outcome.held_back] == [
        (
            "online_services",
            "dossiers_by_commune: column commune has 1 values that look like identity numbers",
        )
    ]
    assert len(communes(tmp_path)) == 2
    current = tmp_path / "current"
    assert not any(b"042099001234" in path.read_bytes() for path in current.iterdir())
    assert "042099001234" not in caplog.text


@pytest.mark.parametrize("kind", ["hugeint", "integer[]", "struct(a integer)", "enum('a', 'b')", "no_such_type"])
def test_types_that_parquet_cannot_hold_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ReleaseError, match="dossiers_by_commune, column dossiers: Parquet cannot hold"):
        release(tmp_path, marts=(with_type(DOSSIERS, "dossiers", kind), COVERAGE))
    assert ReleaseStore(tmp_path).list() == []


def test_a_table_that_is_not_its_contract_is_refused(tmp_path: Path) -> None:
    conn = warehouse()
    conn.execute("ALTER TABLE marts.broadband ALTER download_mbps TYPE HUGEINT")
    conn.execute("ALTER TABLE marts.broadband ADD COLUMN note VARCHAR")
    with pytest.raises(ReleaseError, match=r"download_mbps is HUGEINT.*DOUBLE; note is VARCHAR.*nothing"):
        release(tmp_path, conn)
    conn.execute("DROP TABLE marts.broadband")
    with pytest.raises(ReleaseError, match=r"there is no table marts\.broadband"):
        release(tmp_path, conn)
    assert not list(tmp_path.glob("releases/*"))
    assert not list(tmp_path.glob(".staging*"))


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="small letters"):
        release(tmp_path, marts=(replace(COVERAGE, name="../broadband"),), verdicts=passing("connectivity"))


def test_an_exception_half_way_leaves_readers_what_they_have(tmp_path: Path) -> None:
    first = release(tmp_path)

    def broken(step: str) -> None:
        if step == "database":
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        release(tmp_path, warehouse(world.ROWS[:1]), day=1, checkpoint=broken)
    assert [r.id for r in ReleaseStore(tmp_path).list()] == [first.release_id]
    assert not list(tmp_path.glob(".staging*"))


def test_what_was_not_written_as_meant_is_not_released(tmp_path: Path) -> None:
    def truncated(step: str) -> None:
        if step == "described":
            file = next(tmp_path.glob(".staging-*/broadband.parquet"))
            file.chmod(0o644)
            file.write_bytes(file.read_bytes()[:-9])

    with pytest.raises(ReleaseError, match=r"broadband\.parquet is not the file"):
        release(tmp_path, checkpoint=truncated)
    assert ReleaseStore(tmp_path).current() is None


def test_held_back_tables_that_are_damaged_are_not_carried_on(tmp_path: Path) -> None:
    first = release(tmp_path)
    file = tmp_path / "current" / "broadband.parquet"
    file.chmod(0o644)
    file.write_bytes(b"x")
    with pytest.raises(ReleaseError, match=f"{first.release_id}: broadband.parquet is damaged. Roll back"):
        release(tmp_path, day=1, verdicts=passing("online_services") | failing("connectivity"))


def test_who_resolved_current_before_the_flip_reads_one_release_to_the_end(tmp_path: Path) -> None:
    release(tmp_path)
    reader = (tmp_path / "current").resolve()
    release(tmp_path, warehouse(world.ROWS[:1]), day=1)

    assert pq.read_metadata(reader / "dossiers_by_commune.parquet").num_rows == 2
    assert pq.read_metadata(tmp_path / "current" / "dossiers_by_commune.parquet").num_rows == 1


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        world.publish(warehouse(), tmp_path, MARTS, GOOD, RECEIPTS, world.RUN, datetime(2026, 1, 1))
