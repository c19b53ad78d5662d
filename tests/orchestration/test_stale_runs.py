"""A run whose process was killed must not keep Dagster from starting the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.held_run import RUN, fail_stale_runs
from pipelines.warehouse.connection import Warehouse

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@dg.op
def nothing() -> None:
    """A step of a job that is never run."""


def started(instance: dg.DagsterInstance, name: str = RUN) -> str:
    """A run of which Dagster last heard that it began."""
    job = dg.JobDefinition(name=name, graph_def=dg.GraphDefinition(name="steps", node_defs=[nothing]))
    return instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_run_that_holds_the_warehouse_fails_those_that_do_not(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    dead, alive, pulling = started(instance), started(instance), started(instance, "pull_dossiers")
    warehouse = Warehouse(tmp_path / "hatinh.duckdb")
    with warehouse.hold("a run", NOW):
        assert fail_stale_runs(instance, warehouse) == [], "somebody holds it, nobody knows which"
        assert fail_stale_runs(instance, warehouse, alive) == [dead]
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status[dead] is dg.DagsterRunStatus.FAILURE
    assert status[alive] is status[pulling] is dg.DagsterRunStatus.STARTED, "a pull holds nothing, and may be alive"


def test_without_a_holder_a_run_is_dead_once_it_had_time_to_take_the_warehouse(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    warehouse = Warehouse(tmp_path / "hatinh.duckdb")
    run = started(instance)
    assert fail_stale_runs(instance, warehouse) == []
    assert fail_stale_runs(instance, warehouse, grace=timedelta()) == [run]
    assert fail_stale_runs(instance, warehouse, grace=timedelta()) == []
    pull = started(instance, "pull_dossiers")
    assert fail_stale_runs(instance, warehouse, job=None, grace=timedelta()) == [pull]
