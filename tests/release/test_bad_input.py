"""What goes wrong around a release: the disk is full, a mart is gone or empty, the clock goes back, two runs at once.

Readers keep a complete release, the reason is on record, and the next run removes what was left. Processes that are
killed are in `test_release_killed.py`, storage elsewhere in `test_places.py`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import release_world as world

import hatinh
from pipelines import walk
from pipelines.platform import Platform
from pipelines.release.describe import fingerprint
from pipelines.release.files import ReleaseError, sha256
from pipelines.release.runs import RunLog
from pipelines.release.store import ReleaseStore
from pipelines.settings import load_settings
from pipelines.warehouse.connection import WarehouseBusy


def in_child(work: Callable[[], object]) -> str:
    """The class of the error that `work` ends with in a process of its own, empty for none."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            work()
        except Exception as error:
            os.write(writer, type(error).__name__.encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    with os.fdopen(reader, "rb") as file:
        return file.read().decode()


@pytest.mark.parametrize("limit", [500, 300_000], ids=["first table", "database"])
def test_a_full_disk_leaves_the_old_release_and_nothing_of_the_new_one(tmp_path: Path, limit: int) -> None:
    """A limit on the size of a file stands for the full disk: the system refuses the write in the same place."""
    first = world.release(tmp_path)

    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        world.release(tmp_path, world.warehouse(world.ROWS[:1]), day=1)

    assert in_child(fill), "the write fails"
    store = ReleaseStore(tmp_path)
    assert [release.id for release in store.list()] == [first.release_id]
    store.verify(str(first.release_id))
    assert not list(tmp_path.glob(".staging-*"))
    assert world.release(tmp_path, world.warehouse(world.ROWS[:1]), day=2).status == "released"


def test_a_run_that_fails_has_its_reason_on_record(tmp_path: Path) -> None:
    platform = Platform(load_settings(data_dir=tmp_path))
    with pytest.raises(OSError, match="no space"), walk.hold(platform, "run-1"):
        raise OSError("no space left on device, row of Nguyễn Văn A")
    (last,) = RunLog(platform.settings.marts).runs()
    assert (last["status"], last["error"]) == ("failed", "OSError")


def test_a_vanished_mart_stops_the_release_and_names_it(tmp_path: Path) -> None:
    first = world.release(tmp_path)
    connection = world.warehouse()
    connection.execute("drop table marts.broadband")
    with pytest.raises(ReleaseError, match=r"mart broadband: there is no table marts\.broadband in the warehouse"):
        world.release(tmp_path, connection, day=1)
    assert [release.id for release in ReleaseStore(tmp_path).list()] == [first.release_id]
    assert not list(tmp_path.glob(".staging-*"))


def test_an_empty_mart_that_passed_goes_out_with_its_columns(tmp_path: Path) -> None:
    """Whether it may be empty is for its expectations: see tests/quality/test_empty_tables.py."""
    world.release(tmp_path)
    connection = world.warehouse()
    connection.execute("delete from marts.broadband")
    outcome = world.release(tmp_path, connection, day=1)
    table = pq.read_table(tmp_path / "current" / "broadband.parquet")
    assert (table.num_rows, table.column_names) == (0, ["commune", "download_mbps", "has_samples"])
    ReleaseStore(tmp_path).verify(str(outcome.release_id))


def test_a_parquet_file_that_does_not_open_is_found_even_if_its_hash_is_right(tmp_path: Path) -> None:
    world.release(tmp_path)
    old = (tmp_path / "current").resolve()
    path = old / "broadband.parquet"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])
    description = old / "datapackage.json"
    package = json.loads(description.read_bytes())
    broken = next(resource for resource in package["resources"] if resource["name"] == "broadband")
    broken |= {"hash": sha256(path), "bytes": path.stat().st_size}
    package["fingerprint"] = fingerprint(package)
    package["id"] = f"{old.name.partition('-')[0]}-{package['fingerprint'][:8]}"
    description.chmod(0o600)
    description.write_text(json.dumps(package), encoding="utf-8")
    old.rename(old.with_name(package["id"]))
    with pytest.raises(ReleaseError, match=r"broadband\.parquet cannot be read as Parquet"):
        ReleaseStore(tmp_path).verify(package["id"])


def test_a_second_run_at_once_is_refused_and_records_nothing(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    with walk.hold(Platform(settings), "first"):
        with pytest.raises(WarehouseBusy, match="run first"), walk.hold(Platform(settings), "second"):
            pass
        assert [entry["run_id"] for entry in RunLog(settings.marts).runs()] == ["first"]


def test_a_clock_that_went_back_takes_no_release_from_readers(tmp_path: Path) -> None:
    later = world.release(tmp_path, day=5)
    log = RunLog(tmp_path)
    log.begin(world.RUN)
    log.finish("run-1", world.DAY + timedelta(days=5), "released", release=later.release_id)
    earlier = world.release(tmp_path, world.warehouse(world.ROWS[:1]), day=3)
    log.finish("run-2", world.DAY + timedelta(days=3), "released", release=earlier.release_id)
    store = ReleaseStore(tmp_path)
    current = store.current()
    assert current is not None
    assert current.id == earlier.release_id, "the last run decides, not the time in the name"
    assert len(store.list()) == 2
    assert world.release(tmp_path, world.warehouse(world.ROWS[:1]), day=4).status == "unchanged"
    assert hatinh.as_of(date(2026, 12, 31), tmp_path).id == earlier.release_id
    assert hatinh.as_of(date(2026, 11, 26), tmp_path).id == earlier.release_id
    assert store.prune(1) == [], "the newest by name and the current one stay"
    for release in store.list():
        store.verify(release.id)
