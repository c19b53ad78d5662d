"""The run that Dagster executes: it holds the warehouse for its length; runs whose process was killed are failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from pipelines import walk
from pipelines.landing.drop import DropReport
from pipelines.orchestration.event_log import batched_events
from pipelines.orchestration.keys import keys_of_run
from pipelines.platform import Platform, Progress
from pipelines.release.places import Published
from pipelines.release.publish import Outcome
from pipelines.release.runs import RunInfo
from pipelines.warehouse.connection import Warehouse

RUN = "run"
"""The walk from the drop folder to the release; `hatinh run`, the schedule and the sensor all start this one job."""


@dataclass
class HeldRun:
    """The run in progress, for the assets: what is recorded of it, and the warehouse kept open between loads."""

    platform: Platform
    run: walk.Run
    _open: ExitStack = field(default_factory=ExitStack)
    _connection: duckdb.DuckDBPyConnection | None = None

    @property
    def info(self) -> RunInfo:
        return self.run.info

    def record(self, result: DropReport | walk.Loaded | Outcome | Published | None) -> None:
        self.run.record(result)

    @contextmanager
    def logging(self, context: dg.AssetExecutionContext) -> Iterator[None]:
        """The lines of a step go to Dagster's log of that step as well."""

        def log(progress: Progress) -> None:
            if progress.message:
                context.log.info(progress.message)

        with self.platform.listening(log):
            yield

    def connection(self) -> duckdb.DuckDBPyConnection:
        """The one connection of all loads, open until `close`: to open and close the file costs 40 ms for each source.

        A second connection beside it made DuckDB 1.5.5 crash in the macros of the load.
        """
        if self._connection is None:
            self._connection = self._open.enter_context(self.platform.warehouse.connect())
        return self._connection

    def close(self) -> None:
        """Close the file: dbt and Great Expectations open it with a configuration of their own."""
        self._open.close()
        self._connection = None


def job_origin() -> RemoteJobOrigin:
    """Where the page finds the job of a run: without it a run of the command line is not on its timeline."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(module_name="pipelines.definitions"), location_name="hatinh"
    )
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), RUN)


def fail_stale_runs(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    alive: str | None = None,
    *,
    job: str | None = RUN,
    grace: timedelta = timedelta(minutes=1),
) -> list[str]:
    """Fail the runs that Dagster takes for running although they do not hold the warehouse: their process was killed.

    Dagster starts no other run beside one that runs, so a stale one would stop schedule and sensor for good.

    Args:
        alive: the run that holds the warehouse; without one nothing is done while anybody does.
        job: runs of this job; None for all, where no pull can be in progress, which holds nothing.
        grace: without `alive`, how long a run may have started without holding it yet.

    Returns:
        Ids of the runs that were failed.
    """
    if alive is None and warehouse.holder() is not None:
        return []
    running = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    settled = datetime.now(UTC) - (grace if alive is None else timedelta())
    stale = [
        record.dagster_run
        for record in instance.get_run_records(running)
        if record.dagster_run.run_id != alive and record.update_timestamp <= settled
    ]
    for run in stale:
        instance.report_run_failed(run, "The process of this run is gone: it was killed. The next run does its work.")
    return [run.run_id for run in stale]


@dg.resource(required_resource_keys={"platform"}, description="Holds the warehouse for the length of a run.")
def held_run(context: dg.InitResourceContext) -> Iterator[HeldRun]:
    """The lock and the record of one run. It is set up before the first step and released after the last."""
    platform: Platform = context.resources.platform
    run_id = context.run.run_id if context.run else "without-run"
    with batched_events(context.instance), walk.hold(platform, run_id) as run:
        if context.instance is not None:
            fail_stale_runs(context.instance, platform.warehouse, alive=run_id)
            if context.run is not None and context.run.job_name == RUN and context.run.remote_job_origin is None:
                origin = job_origin()
                context.instance.run_storage.replace_job_origin(context.run, origin)
                context.instance.add_run_tags(run_id, {REPOSITORY_LABEL_TAG: origin.repository_origin.get_label()})
        run.is_partial = _is_partial(context, platform)
        held = HeldRun(platform, run)
        try:
            yield held
        finally:
            held.close()
            failed = _failed_step(context, run_id)
            if failed or run.error is not None:
                run.error = failed or (None if run.is_partial else run.error)
            if context.instance is not None:
                context.instance.add_run_tags(run_id, _tags(run))


def _is_partial(context: dg.InitResourceContext, platform: Platform) -> bool:
    """Whether some assets of a complete run were left out when this one was started."""
    selection = (context.run.asset_selection if context.run else None) or set()
    return bool(selection) and not keys_of_run(platform.project.manifest) <= selection


def _tags(run: walk.Run) -> dict[str, str]:
    """What the list of runs shows beside a green run of which some targets were held back."""
    held = sorted(target for target, state in run.targets.items() if state == "held_back")
    tags = {"hatinh/outcome": "failed" if run.error else "partial" if run.is_partial else run.status}
    return tags | ({"hatinh/held_back": ", ".join(held)[:250]} if held else {})


def _failed_step(context: dg.InitResourceContext, run_id: str) -> str | None:
    """The step that failed and the class of its error: messages may quote data and stay in Dagster's log."""
    if context.instance is None:
        return None
    for record in context.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        error = getattr(event.event_specific_data, "error", None) if event else None
        cause = error.cause or error if error else None
        return f"step {event.step_key if event else '?'} failed: {cause.cls_name if cause else 'unknown error'}"
    return None
