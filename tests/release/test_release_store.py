"""Finding releases, going back, clearing away, and the log of runs."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import release_world as world
from release_world import DAY, release, warehouse

from pipelines.release.files import ReleaseError
from pipelines.release.runs import RunInfo, RunLog
from pipelines.release.store import ReleaseStore


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    for day in range(3):
        conn = warehouse([("2026-10-01", f"Xã {i}", i, None) for i in range(3 - day)])
        assert release(root, conn, day).status == "released"
    return root


@pytest.fixture
def three(published: Path, tmp_path: Path) -> ReleaseStore:
    """Three releases with 3, 2 and 1 rows of a mart, newest current; a copy of its own for each test."""
    return ReleaseStore(shutil.copytree(published, tmp_path / "marts", symlinks=True))


def test_list_is_newest_first(three: ReleaseStore) -> None:
    releases = three.list()
    assert [r.created_at for r in releases] == [DAY + timedelta(days=d) for d in (2, 1, 0)]
    assert [r.rows for r in releases] == [2, 3, 4]
    assert all(r.bytes > 0 and not r.synthetic and r.held_back == () for r in releases)
    assert three.current() == releases[0]


def test_rollback_leads_readers_back_and_is_recorded(three: ReleaseStore) -> None:
    oldest = three.list()[-1]
    three.rollback(oldest.id, DAY + timedelta(days=5))

    assert three.current() == oldest
    log = json.loads((three.root / "versions.json").read_text(encoding="utf-8"))
    assert log["current"] == oldest.id
    assert (log["runs"][-1]["kind"], log["runs"][-1]["release"]) == ("rollback", oldest.id)
    # The next publication starts from there.
    again = release(three.root, warehouse([("2026-10-01", "Xã 0", 0, None)]), day=6)
    assert again.status == "released"


def test_publishing_again_what_was_rolled_back_in_the_same_second_finds_it(three: ReleaseStore) -> None:
    newest, _, oldest = three.list()
    three.rollback(oldest.id, DAY + timedelta(days=2))
    again = release(three.root, warehouse([("2026-10-01", "Xã 0", 0, None)]), day=2)

    assert (again.status, again.release_id) == ("released", newest.id)
    assert three.current() == newest
    assert len(three.list()) == 3


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("broadband.parquet", "broadband.parquet is not the file"),
        ("marts.duckdb", "marts.duckdb is not the file"),
    ],
)
def test_a_damaged_release_is_no_way_back(three: ReleaseStore, file: str, said: str) -> None:
    newest, _, oldest = three.list()
    path = oldest.path / file
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ReleaseError, match=said):
        three.rollback(oldest.id, DAY)
    assert three.current() == newest


def test_verify_reports_every_fault(three: ReleaseStore) -> None:
    release = three.list()[1]
    (release.path / "broadband.parquet").unlink()
    (release.path / "notes.txt").write_text("mine")
    path = release.path / "datapackage.json"
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace("Hồ sơ theo xã", "Hồ sơ"), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"broadband.parquet is missing; notes.txt does not belong.*was changed"):
        three.verify(release.id)


@pytest.mark.parametrize("wrong", ["20200101T000000Z-00000000", "../..", ""])
def test_an_unknown_release_lists_those_that_exist(three: ReleaseStore, wrong: str) -> None:
    with pytest.raises(ReleaseError) as error:
        three.rollback(wrong, DAY)
    assert all(r.id in str(error.value) for r in three.list())


def test_the_error_of_a_missing_current_names_the_fix(three: ReleaseStore) -> None:
    newest, middle, _ = three.list()
    newest.path.rename(three.root / "elsewhere")
    with pytest.raises(ReleaseError, match="roll back to one of these"):
        three.current()
    three.rollback(middle.id, DAY)
    assert three.current() == middle


def test_prune_keeps_the_newest_and_the_current(three: ReleaseStore) -> None:
    newest, middle, oldest = three.list()
    three.rollback(oldest.id, DAY)
    assert three.prune(keep=1) == [middle.id]
    assert three.list() == [newest, oldest]
    assert three.prune(keep=1) == []
    three.verify(oldest.id)
    with pytest.raises(ValueError, match="at least one"):
        three.prune(keep=0)


def test_a_release_that_cannot_be_read_does_not_hide_the_others(
    three: ReleaseStore, caplog: pytest.LogCaptureFixture
) -> None:
    broken = three.list()[1].path / "datapackage.json"
    broken.chmod(0o644)
    broken.write_text("{")
    assert len(three.list()) == 2
    assert "cannot be read" in caplog.text


def test_an_empty_folder_has_no_release(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path / "not_yet")
    assert store.current() is None
    assert store.list() == []
    assert store.prune(keep=3) == []


def test_the_log_has_the_outcome_of_each_run(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "marts")
    log.begin(RunInfo("one", DAY, "v1"))
    log.begin(RunInfo("two", DAY, "v1"))
    log.finish("two", DAY, "failed", error="cannot read 'Trần Thị B' of 042099001234\nsecond line")
    log.begin(RunInfo("three", DAY, "v1"))
    log.finish("three", DAY, "released", release="r", targets={"t": "passed"}, loads={"portal": {"rows": 3}})

    one, two, three = log.runs()
    assert (one["status"], two["status"], three["status"]) == ("died", "failed", "released")
    assert two["error"] == "cannot read '…' of…"
    assert (three["targets"], three["loads"], three["finished_at"]) == (
        {"t": "passed"},
        {"portal": {"rows": 3}},
        "2026-11-23T02:00:00Z",
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"runs": 3}', '{"runs": [{"run_id": "x"}]}', "\udcff"])
def test_a_corrupt_log_is_set_aside_and_rebuilt(
    three: ReleaseStore, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    raw = text.encode(errors="surrogateescape")
    (three.root / "versions.json").write_bytes(raw)
    log = RunLog(three.root)
    with caplog.at_level(logging.WARNING):
        log.begin(RunInfo("next", DAY, "v1"))

    assert "set aside" in caplog.text
    assert [entry["status"] for entry in log.runs()] == ["released"] * 3 + ["running"]
    assert [entry["release"] for entry in log.runs()][:3] == [r.id for r in reversed(three.list())]
    assert next(three.root.glob("versions.corrupt-*.json")).read_bytes() == raw


def test_a_run_that_the_log_forgot_can_still_finish(tmp_path: Path) -> None:
    RunLog(tmp_path).finish("lost", DAY, "failed", error="x")
    assert RunLog(tmp_path).runs()[0]["status"] == "failed"


def test_who_publishes_and_logs_finds_the_current_release_in_the_log(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.begin(world.RUN)
    outcome = release(tmp_path)
    log.finish(world.RUN.run_id, DAY, outcome.status, release=outcome.release_id, targets=outcome.targets)
    assert json.loads(log.path.read_bytes())["current"] == outcome.release_id
