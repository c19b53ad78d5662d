"""A province whose dossiers an engine computes: every mart equals that of DuckDB, whatever happens on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines import walk
from pipelines.engine.session import EngineProblem, connect
from pipelines.platform import Platform
from pipelines.settings import PROJECT_ROOT
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

GOLDEN = PROJECT_ROOT / "tests" / "golden"
ROWS = 20_000
ENDED_BEFORE_ITS_DAY = (
    b'{"MaHoSo":"H27.1-20260805-0000001","MaTTHC":"9.000001","MaLinhVuc":"HT","KenhThucHien":"2",'
    b'"TrangThaiHoSo":"10","NgayNopHoSo":"20260805080000","NgayTiepNhan":"20260805080000",'
    b'"NgayHenTra":"20260810170000","NgayTra":"20260803100000"}\n'
)
AT_PORT = """
import signal, sys
from pysail.spark import SparkConnectServer
server = SparkConnectServer(port=0)
server.start(background=True)
print(server.listening_address[1], flush=True)
signal.pause()
"""


def on(world: World, engine: str) -> World:
    """The same world under another setting."""
    before = world.platform
    settings = before.settings.model_copy(update={"engine": engine})
    return replace(world, platform=Platform(settings, sleep=before.sleep, dbt_target=before.dbt_target))


def differing(world: World, former: Path) -> dict[str, int]:
    """By relation: rows that one of two warehouses has and the other has not, of all marts and of what they count."""
    relations = [mart.relation for mart in world.platform.project.marts]
    relations += [f"intermediate.{name}" for name in ("int_dossiers", "int_qd766_counts", "int_on_time")]
    found = {}
    with world.warehouse.connect(read_only=True) as connection:
        connection.execute(f"attach '{former}' as former (read_only)")
        for relation in relations:
            # sums and quotients of doubles are compared to nine digits
            columns = ", ".join(
                f"round({name}, 9) as {name}" if kind == "DOUBLE" else name
                for name, kind, *_ in connection.execute(f"describe {relation}").fetchall()
                if name != "load_no"
            )
            here, there = f"select {columns} from {relation}", f"select {columns} from former.{relation}"
            apart = f"(({here} except all {there}) union all ({there} except all {here}))"
            found[relation] = sum(connection.execute(f"select count(*) from {apart}").fetchone() or (1,))
    return {relation: rows for relation, rows in found.items() if rows}


@pytest.fixture(scope="module")
def world(fresh_world: Callable[[], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Golden dossiers, a sample with its dirt, and files that cannot be read to the end; one sample file waits."""
    world = fresh_world()
    for path in sorted(GOLDEN.glob("*/*/*.ndjson"), key=lambda path: (path.name, path)):
        world.land(path.name, path.read_bytes())
    sample = tmp_path_factory.mktemp("sample")
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    write_dossiers(sample, seeds, rows=ROWS, seed=7, first=date(2025, 1, 1), last=date(2026, 8, 20))
    *files, world.waiting = sorted(sample.iterdir())
    for path in files:
        world.land(path.name, path.read_bytes())
    complete = files[0].read_bytes()
    world.land("hoso-2026-08-21.ndjson.gz", complete[: len(complete) // 2])
    world.land("hoso-2026-08-19.ndjson", ENDED_BEFORE_ITS_DAY)
    world.land("hoso-2026-08-22.ndjson", b'{"MaHoSo": \n\xff\xfe not a record\n')
    assert world.load().rows_quarantined > 0
    return world


@pytest.fixture(scope="module")
def on_duckdb(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse as DuckDB builds it."""
    world.build()
    copy = tmp_path_factory.mktemp("duckdb") / "former.duckdb"
    copy.write_bytes(world.platform.settings.warehouse.read_bytes())
    return copy


@pytest.fixture(scope="module")
def moved(world: World, on_duckdb: Path, sail: str) -> World:
    """The same world, on the engine since its second run."""
    moved = on(world, sail)
    built = walk.build(moved.platform)
    assert built.rebuild_reason == "the engine is another one"
    assert [(result.name, result.message) for result in built.results if result.status != "success"] == []
    return moved


@pytest.mark.engine
def test_every_mart_is_that_of_duckdb(moved: World, on_duckdb: Path) -> None:
    assert differing(moved, on_duckdb) == {}
    (kinds,) = moved.rows(
        "select list(table_name order by table_name) from information_schema.tables "
        "where table_type = 'VIEW' and table_schema = 'intermediate' and table_name in ('int_dossiers', 'int_on_time')"
    )
    assert kinds == (["int_dossiers"],), "rows of dossiers stay on the engine, counts come home"


@pytest.mark.engine
def test_tests_of_dossiers_run_on_the_engine_with_the_same_results(moved: World) -> None:
    there = {result.unique_id: (result.status, result.failures) for result in moved.platform.models.test()}
    here = {result.unique_id: (result.status, result.failures) for result in moved.dbt.test()}
    assert there == here
    assert ("warn", 1) in there.values()


@pytest.mark.engine
def test_an_engine_that_dies_leaves_the_former_tables_and_the_next_run_repeats_the_work(
    moved: World, on_duckdb: Path, dying: tuple[str, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, server = dying
    world = on(moved, address)
    with world.warehouse.connect() as connection:
        connection.execute("insert or replace into meta.state values ('rebuild_because', 'the test asks for it')")
    from pipelines.engine import models

    computed = models.ModelsOnEngine._model

    def killed_after_the_dossiers(self: models.ModelsOnEngine, *arguments: object) -> None:
        computed(self, *arguments)  # type: ignore[arg-type]
        if "model.hatinh.int_dossiers" in arguments:
            server.send_signal(signal.SIGKILL)
            server.wait()

    monkeypatch.setattr(models.ModelsOnEngine, "_model", killed_after_the_dossiers)
    with pytest.raises(EngineProblem, match=address):
        walk.build(world.platform)
    monkeypatch.undo()
    assert differing(moved, on_duckdb) == {}
    with pytest.raises(walk.NotJudged):
        walk.release(world.platform, None)  # type: ignore[arg-type] - it is refused before it is read
    assert walk.build(moved.platform).is_complete
    assert differing(moved, on_duckdb) == {}
    folders = [path.name for path in (moved.platform.settings.warehouse.parent / "engine").iterdir()]
    assert len(folders) == 1, "what the dead engine left is removed"


@pytest.mark.engine
def test_a_later_file_and_the_way_back_to_duckdb_give_the_same_figures(moved: World, tmp_path: Path) -> None:
    moved.land(moved.waiting.name, moved.waiting.read_bytes())
    moved.load()
    built = walk.build(moved.platform)
    assert built.rebuild_reason is None
    assert built.is_complete
    assert "broadband_speed" not in {result.name for result in built.changed.values()}
    after = tmp_path / "after.duckdb"
    after.write_bytes(moved.platform.settings.warehouse.read_bytes())
    back = on(moved, "duckdb")
    assert walk.build(back.platform).rebuild_reason == "the engine is another one"
    assert differing(back, after) == {}
    assert back.rows("select count(*) from duckdb_views() where sql like '%read_parquet%'") == [(0,)]


@pytest.fixture
def dying() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An engine in a process of its own, which a test may kill."""
    with subprocess.Popen(
        [sys.executable, "-c", AT_PORT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield f"sc://127.0.0.1:{server.stdout.readline().strip()}", server
        server.kill()


def test_an_engine_that_is_not_installed_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(EngineProblem, match=r"sc://engine:15002.*extra `engine`.*EXTRAS=engine"):
        connect("sc://engine:15002")


def test_an_engine_that_does_not_answer_is_named_with_its_address() -> None:
    pytest.importorskip("pyspark", reason="the extra `engine` is not installed: make test-engine brings it")
    with pytest.raises(
        EngineProblem, match=r"Nothing answers at HATINH_ENGINE=sc://127\.0\.0\.1:1 .*last release stays"
    ):
        connect("sc://127.0.0.1:1")
