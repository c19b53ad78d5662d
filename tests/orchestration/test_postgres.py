"""Dagster's storage in a real Postgres, by the configuration that ships: runs, events, ticks of sensors, backfills."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest

from pipelines.settings import PROJECT_ROOT

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BINARIES, reason="no Postgres is installed: apt-get install postgresql"),
    pytest.mark.skipif(find_spec("dagster_postgres") is None, reason="needs the extra postgres"),
]


@dg.asset(check_specs=[dg.AssetCheckSpec("gate", asset="one")])
def one() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="gate", passed=False)])


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2026-09", "2026-10"]))
def landed() -> None:
    """Two partitions."""


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    folder = Path("/tmp") / f"pg-{os.getpid()}"  # noqa: S108 - the path of a socket must be short
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_postgres = []
    if os.getuid() == 0:  # Postgres does not run as root
        shutil.chown(folder, "postgres")
        as_postgres = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_postgres, str(BINARIES[-1] / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    data, options = str(folder / "db"), f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("initdb", "-D", data, "-A", "trust", "-U", "dagster")
    run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "dagster", "dagster")
        home = tmp_path_factory.mktemp("dagster")
        shutil.copy(PROJECT_ROOT / "deploy" / "container" / "dagster.yaml", home)
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", f"postgresql+psycopg2://dagster@127.0.0.1:{port}/dagster")
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_runs_events_ticks_and_backfills_are_kept(instance: dg.DagsterInstance) -> None:
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
    from dagster._core.remote_origin import RemoteInstigatorOrigin
    from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus

    from pipelines.orchestration.held_run import job_origin

    result = dg.materialize([one, landed], instance=instance, partition_key="2026-09", selection=["landed"])
    assert result.success
    assert dg.materialize([one], instance=instance).success
    assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
    assert instance.get_materialized_partitions(dg.AssetKey("landed")) == {"2026-09"}
    checks = instance.get_records_for_run(
        instance.get_runs(limit=1)[0].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    assert len(checks) == 1

    origin = RemoteInstigatorOrigin(job_origin().repository_origin, "drop_folder")
    selector = origin.get_selector().get_id()
    instance.create_tick(
        TickData(origin.get_id(), "drop_folder", InstigatorType.SENSOR, TickStatus.SKIPPED, 1.0, selector_id=selector)
    )
    assert [tick.status for tick in instance.get_ticks(origin.get_id(), selector)] == [TickStatus.SKIPPED]

    backfill = PartitionBackfill(
        backfill_id="b1", status=BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=1.0
    )
    instance.add_backfill(backfill)
    assert [found.backfill_id for found in instance.get_backfills()] == ["b1"]
