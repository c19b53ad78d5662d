"""A full disk, a place that may not be written, a damaged file: what an operator reads of each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse.connection import Warehouse, WarehouseDamaged
from pipelines.warehouse.obstacles import Obstacle, obstacle, refuse_obstacles

REPORTED = {
    "[Errno 28] No space left on device: '/data/raw/x'": "make room",
    'IO Error: Could not write file "/data/w.duckdb": No space left on device': "make room",
    "(sqlite3.OperationalError) database or disk is full": "make room",
    "[Errno 30] Read-only file system: '/data/marts/.versions.json.tmp'": "versions.json.tmp cannot be written",
    "(sqlite3.OperationalError) attempt to write a readonly database": "/dagster cannot be written",
    "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2": "hatinh rebuild",
    "(sqlite3.DatabaseError) file is not a database": "/dagster is damaged",
    "(sqlite3.OperationalError) disk I/O error": "/dagster cannot be written: the disk is full",
}


@pytest.mark.parametrize("reported", REPORTED)
def test_an_obstacle_is_named_with_what_to_do(reported: str) -> None:
    assert REPORTED[reported] in (obstacle(reported, "/dagster") or "")


def test_a_fault_of_data_or_code_is_no_obstacle() -> None:
    refuse_obstacles(["", "Binder Error: Referenced column not found", "Got 3 results, expected 0."])


def test_a_model_that_met_one_stops_the_run() -> None:
    with pytest.raises(Obstacle, match="hatinh rebuild"):
        refuse_obstacles(["", "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2"])


def test_the_write_ahead_log_of_another_warehouse_is_refused(tmp_path: Path) -> None:
    ours, theirs = Warehouse(tmp_path / "a.duckdb"), Warehouse(tmp_path / "b.duckdb")
    for warehouse in (ours, theirs):
        with warehouse.connect():
            pass
    with duckdb.connect(str(theirs.path)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into meta.state values ('province_code', '01')")
    theirs.path.with_suffix(".duckdb.wal").rename(ours.path.with_suffix(".duckdb.wal"))
    with pytest.raises(WarehouseDamaged, match="hatinh rebuild"), ours.connect():
        pass


LOOK = """
import sys
from pathlib import Path
from pipelines.warehouse.connection import Warehouse
warehouse = Warehouse(Path(sys.argv[1]))
print(warehouse.holder())
try:
    with warehouse.connect():
        pass
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare, of util-linux")
def test_a_read_only_mount_is_no_holder_and_no_damage(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w.duckdb")
    with warehouse.hold("a run", datetime(2026, 11, 30, tzinfo=UTC)), warehouse.connect():
        pass
    mount = f"mount --bind '{tmp_path}' '{tmp_path}' && mount -o remount,bind,ro '{tmp_path}'"
    apart = ["unshare", "-Urm", "sh", "-c", f'{mount} || exit 77; exec "$@"']
    ended = subprocess.run(
        [*apart, "sh", sys.executable, "-c", LOOK, str(warehouse.path)], capture_output=True, text=True, check=False
    )
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip("this machine allows no mounts in a namespace")
    holder, error = ended.stdout.splitlines()[:2]
    assert holder == "None"
    assert error.startswith("IOException")
    assert f"{warehouse.path} cannot be written" in (obstacle(error) or "")
