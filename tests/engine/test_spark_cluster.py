"""Spark standalone with two executors: a complete run releases what DuckDB releases, whatever part of Spark is lost.

`make test-spark`; TEST_SPARK_ROWS sets the size of the complete run, and `-s` shows what it took.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from engine_world import copy_of, differing, files_by_month, land_dossiers, on
from spark_cluster import SparkCluster, spark_home
from translated_cases import CASES, ONLY_ON_SPARK, give_cases, in_duckdb, on_engine

from benchmarks.engines import compare, table
from benchmarks.pipeline import Pipeline
from benchmarks.processes import tree
from pipelines.engine import increments
from pipelines.engine.files import RowFiles
from pipelines.engine.session import connect
from pipelines.settings import PROJECT_ROOT
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

ROWS = int(os.environ.get("TEST_SPARK_ROWS", "20000"))
OF_DOSSIERS = "+dossier_timeliness +online_submission +online_payment +digitisation"
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and there is no `java` on this machine")
    if not (spark_home() / "bin" / "spark-class").exists():
        pytest.skip(f"no Spark in {spark_home()}: make test-spark brings it, or SPARK_HOME names it")
    pytest.importorskip("pyspark", reason="the extra `engine` is not installed: make test-spark brings it")
    cluster = SparkCluster(tmp_path_factory.mktemp("spark"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def small(fresh_world: Callable[[], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Landed: golden dossiers, a small sample, and files that cannot be read to the end."""
    world = fresh_world()
    land_dossiers(world, tmp_path_factory.mktemp("sample"), rows=2_000)
    return world


@pytest.fixture(scope="module")
def on_duckdb(small: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its warehouse as DuckDB builds it; afterwards there is none."""
    small.load()
    small.build(select=OF_DOSSIERS)
    copy = copy_of(small, tmp_path_factory.mktemp("duckdb"))
    shutil.rmtree(small.platform.settings.warehouse.parent)
    return copy


@dataclass
class Loss:
    """Kills an executor, or its worker with it, as soon as one is seen at work."""

    cluster: SparkCluster
    part: str
    busy: Callable[[], int | None]
    has_happened: bool = False

    def __post_init__(self) -> None:
        threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        while (executor := self.busy()) is None:
            time.sleep(0.002)
        self.cluster.kill(executor if self.part == "executor" else self.cluster.worker_of(executor))
        self.has_happened = True


def loading(cluster: SparkCluster, world: World, files: int) -> Callable[[], int | None]:
    """An executor with a file in its Python, when some have been loaded: there are more of them than executors."""
    folder = world.platform.settings.warehouse.parent / "engine" / "raw" / "dossiers"

    def busy() -> int | None:
        if len(list(folder.glob("*.parquet"))) < files:
            return None
        return next((pid for pid in cluster.executors() if len(list(tree(pid))) > 1), None)

    return busy


def writing(cluster: SparkCluster, world: World, model: str) -> Callable[[], int | None]:
    """An executor that has a file of the results of a model open."""
    folders = str(world.platform.settings.warehouse.parent / "engine")

    def busy() -> int | None:
        for pid in cluster.executors():
            for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
                with suppress(OSError):
                    target = os.readlink(descriptor)
                    if target.startswith(folders) and f"__{model}/_temporary/" in target:
                        return pid
        return None

    return busy


def repeated_tasks(cluster: SparkCluster) -> int:
    """Tasks that Spark has started more than once, since its Connect server was started."""
    log = (cluster.folder / "connect.log").read_text(encoding="utf-8", errors="replace")
    log = log.rpartition("Starting Spark session")[2]
    started = Counter(re.findall(r"Starting task .* in stage (\d+)\.\d+ .*partition (\d+),", log))
    return sum(times > 1 for times in started.values())


def test_an_executor_and_a_worker_lost_in_the_load_leave_no_row_twice(
    cluster: SparkCluster, small: World, on_duckdb: Path
) -> None:
    world = on(small, cluster.address)
    lost = [Loss(cluster, "executor", loading(cluster, world, 2)), Loss(cluster, "worker", loading(cluster, world, 10))]
    report = world.load()
    assert all(loss.has_happened for loss in lost), "both were lost while it loaded"
    assert repeated_tasks(cluster) >= len(lost)
    assert report.rows_loaded > 2_000
    assert differing(world, on_duckdb, ["raw.files", "raw.quarantine", "raw.dossiers"]) == {}
    cluster.complete()


def test_a_restart_before_the_build_and_losses_within_it_leave_the_marts_of_duckdb(
    cluster: SparkCluster, small: World, on_duckdb: Path
) -> None:
    world = on(small, cluster.address)
    world.load()  # nothing, after the test above
    cluster.kill("connect")
    cluster.start_connect()
    marts = [f"marts.{name.removeprefix('+')}" for name in OF_DOSSIERS.split()]
    lost = [
        Loss(cluster, "executor", writing(cluster, world, "int_dossiers")),
        Loss(cluster, "worker", writing(cluster, world, "int_qd766_counts")),
    ]
    results = world.platform.models.build(full_refresh=True, select=OF_DOSSIERS)
    assert {result.status for result in results} == {"success"}
    assert all(loss.has_happened for loss in lost), "both were lost while it computed"
    assert repeated_tasks(cluster) >= len(lost)
    assert differing(world, on_duckdb, [*marts, "intermediate.int_dossiers", "intermediate.int_qd766_counts"]) == {}
    assert {len(files) for files in files_by_month(world).values()} == {1}, "a month is one file"
    cluster.complete()


def test_a_month_is_as_many_files_as_its_rows_need(
    cluster: SparkCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increments, "ROWS_PER_FILE", 1_000)
    session = connect(cluster.address)
    by_eight_tasks = "select id, make_date(2026, cast(id % 3 as int) + 1, 1) as month from range(0, 6600, 1, 8)"
    rows, folder = session.sql(by_eight_tasks), str(tmp_path / "months")
    files = increments.write_by_month(rows, folder, "month", RowFiles(tmp_path / "w.duckdb"))
    assert sorted(Counter(map(increments.month_of, files)).values()) == [3, 3, 3]
    assert session.read.parquet(*files).count() == 6_600
    session.stop()


def test_translated_queries_give_on_spark_what_duckdb_gives_and_not_without_the_rule_for_spark(
    cluster: SparkCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.engine import translate

    session, connection = connect(cluster.address), duckdb.connect()
    give_cases(connection, session, tmp_path / "t.parquet")

    def differ() -> list[str]:
        return [
            name
            for name, (_, sql) in CASES.items()
            if on_engine(session, translate.translated(sql, connection, name)) != in_duckdb(connection, sql)
        ]

    assert differ() == []
    for rule in ONLY_ON_SPARK:
        with monkeypatch.context() as without:
            without.setattr(translate, "RULES", tuple(kept for kept in translate.RULES if kept.__name__ != rule))
            assert differ(), rule
    session.stop()


def test_a_complete_run_releases_what_duckdb_releases(
    cluster: SparkCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = Pipeline(PROJECT_ROOT, tmp_path / "work", threads=2, memory="2GB")
    pipeline.prepare()
    sample = write_dossiers(
        tmp_path / "sample", pipeline.seeds, rows=ROWS, seed=7, first=date(2025, 1, 1), last=date(2026, 8, 20)
    )
    text = f"{sample.dossiers:,} dossiers in {sample.records:,} records"
    compared = compare(pipeline, "Spark", cluster.address, cluster.pids, text, sample.paths)
    with capsys.disabled():
        print(f"\n{table(compared)}")
    assert compared.found == ()
