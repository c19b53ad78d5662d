"""The load on the workers of an engine: the rows, the books and the quarantine of DuckDB's load, whatever happens."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_world import ENDED_BEFORE_ITS_DAY, ROWS, copy_of, differing, ends_its_reader, on

from pipelines.engine.files import RowFiles
from pipelines.engine.load import LoadOnEngine, load_file
from pipelines.engine.session import EngineProblem
from pipelines.sources import all_sources, isolated
from pipelines.sources.dossiers import SOURCE
from pipelines.warehouse.pseudonyms import KeyProblem

if TYPE_CHECKING:
    from conftest import World

BOOKS = ["raw.files", "raw.quarantine", "raw.dossiers"]


@pytest.fixture(scope="module")
def by_duckdb(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = world.load()
    assert report.rows_loaded > ROWS
    assert report.rows_quarantined > 0
    return copy_of(world, tmp_path_factory.mktemp("duckdb"))


@pytest.fixture
def empty(world: World, by_duckdb: Path) -> World:
    """The same landed files, and no warehouse yet."""
    shutil.rmtree(world.platform.settings.warehouse.parent)
    return world


def parquet(world: World) -> list[Path]:
    return sorted((world.platform.settings.warehouse.parent / "engine" / "raw" / "dossiers").glob("*.parquet"))


@pytest.mark.engine
def test_rows_books_and_quarantine_are_those_of_duckdb(empty: World, by_duckdb: Path, sail: str) -> None:
    world = on(empty, sail)
    report = world.load()
    assert {file.refusal for file in report.files} >= {None, "the file is empty"}
    assert differing(world, by_duckdb, BOOKS) == {}
    assert world.load().files == (), "nothing is loaded twice"


@pytest.mark.engine
def test_rows_that_duckdb_loaded_move_out_and_back(empty: World, by_duckdb: Path, sail: str) -> None:
    empty.load()
    there = on(empty, sail)
    there.load()
    assert differing(there, by_duckdb, BOOKS) == {}
    assert there.rows("select table_type from information_schema.tables where table_name = 'dossiers'") == [("VIEW",)]
    back = on(there, "duckdb")
    back.load()
    shutil.rmtree(back.platform.settings.warehouse.parent / "engine")
    assert differing(back, by_duckdb, BOOKS) == {}


@pytest.mark.engine
def test_an_engine_killed_while_it_loads_books_nothing_and_the_next_load_has_no_row_twice(
    empty: World, by_duckdb: Path, sail: str, dying: tuple[str, subprocess.Popen[str]]
) -> None:
    address, server = dying
    world = on(empty, address)

    def kill_at_the_first_rows() -> None:
        while not parquet(world):
            time.sleep(0.01)
        server.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_at_the_first_rows, daemon=True)
    killer.start()
    with pytest.raises(EngineProblem, match="could not load files of dossiers"):
        world.load()
    killer.join()
    assert parquet(world), "what was written counts for nothing"
    assert world.rows("select count(*) from raw.files where source = 'dossiers'") == [(0,)]
    assert world.rows("select count(*) from raw.dossiers") == [(0,)]
    repeated = on(world, sail)
    repeated.load()
    assert differing(repeated, by_duckdb, BOOKS) == {}


@pytest.mark.engine
@pytest.mark.skipif("TEST_ENGINE" in os.environ, reason="the fault is put into this process, where Sail works")
def test_a_file_that_ends_its_reader_is_refused_beside_good_ones(
    fresh_world: Callable[[], World], sail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = on(fresh_world(), sail)
    world.land("hoso-2026-08-01.ndjson", b"PK\x03\x04 no archive")
    world.land("hoso-2026-08-19.ndjson", ENDED_BEFORE_ITS_DAY)
    monkeypatch.setattr(isolated, "_framed", ends_its_reader)
    bad, good = world.load().files
    assert (bad.rows_loaded, good.rows_loaded) == (0, 1)
    assert "SIGABRT" in (bad.refusal or "")


@pytest.mark.engine
def test_a_withdrawn_file_is_not_read(empty: World, sail: str) -> None:
    world = on(empty, sail)
    world.load()
    last = world.landing.active("dossiers")[-1]
    (before,) = world.rows("select count(*) from raw.dossiers")[0]
    world.landing.withdraw("dossiers", last.sha256, "the test asks for it", world.landed_at)
    world.load()
    assert world.rows("select count(*) from raw.dossiers")[0][0] < before
    world.load()
    assert len(parquet(world)) == world.rows("select count(*) from raw.files where rows_loaded > 0")[0][0]


def test_a_task_that_runs_twice_leaves_its_rows_once_and_carries_no_key(world: World, tmp_path: Path) -> None:
    """A worker that was lost after its work, or a second attempt beside the first."""
    key = bytes(range(32))
    settings = world.platform.settings
    settings.pseudonym_key.write_text(key.hex())
    there = LoadOnEngine(
        "sc://-", RowFiles(tmp_path / "w.duckdb"), settings.raw, settings.pseudonym_key, 1 << 20, "1GB"
    )
    file = world.landing.active("dossiers")[0]
    task = there._task(all_sources()["dossiers"], 1, file, 1, SOURCE.reading())
    assert load_file(task) == load_file(task)
    assert [str(path) for path in (tmp_path / "engine" / "raw" / "dossiers").iterdir()] == [task.out]
    plan = pickle.dumps(task)
    assert key not in plan
    assert key.hex().encode() not in plan
    settings.pseudonym_key.write_text(key[::-1].hex())
    with pytest.raises(KeyProblem):
        load_file(task)
