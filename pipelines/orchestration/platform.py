"""What the assets are given: the rooms of the platform, wired from the settings, and the run that is on.

Tests replace them through `build_defs(resources)`; nothing is patched.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import Any

import dagster as dg

from pipelines.landing.store import Landing
from pipelines.release.runs import RunInfo, RunLog, RunStatus
from pipelines.release.store import ReleaseStore
from pipelines.settings import Settings
from pipelines.transform.dbt import Dbt
from pipelines.warehouse.connection import Warehouse

RUN = "run"
"""The walk from the drop folder to the release; `hatinh run`, the schedule and the sensor all start this one job."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Platform:
    """The rooms, wired from one settings object. `tell` shows a line of progress to whoever watches the run."""

    settings: Settings
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] | None = None

    @cached_property
    def landing(self) -> Landing:
        return Landing(self.settings.raw)

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse, self.settings.memory_limit, self.settings.threads)

    @cached_property
    def releases(self) -> ReleaseStore:
        return ReleaseStore(self.settings.marts)

    @cached_property
    def dbt(self) -> Dbt:
        return Dbt(
            self.settings.dbt_project,
            self.settings.warehouse,
            self.settings.threads,
            self.settings.memory_limit,
            {
                "min_cell_count": self.settings.min_cell_count,
                "province_code": self.settings.province_code,
                "portal_code": self.settings.portal_code,
            },
            seeds=self.settings.seeds,
        )

    @cached_property
    def code_version(self) -> str:
        """Version of the package and, in a checkout, the commit."""
        package = version("hatinh-statistics")
        commit = subprocess.run(  # noqa: S603
            ["git", "-C", str(self.settings.home), "describe", "--always", "--dirty"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        return f"{package}+{commit}" if commit else package


@dataclass
class Run:
    """The run that is on: it holds the warehouse, and says in versions.json how it ended."""

    info: RunInfo
    loads: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: RunStatus = "failed"
    release: str | None = None
    targets: dict[str, str] = field(default_factory=dict)
    _open: ExitStack | None = None

    def keep_open(self, warehouse: Warehouse) -> None:
        """Keep the file open until it is let go: to open and close it costs 40 ms, and two dozen sources are loaded."""
        if self._open is None:
            self._open = ExitStack()
            self._open.enter_context(warehouse.connect())

    def let_go(self) -> None:
        """Close the file: dbt and Great Expectations open it with a configuration of their own."""
        if self._open is not None:
            self._open.close()
            self._open = None


def bury_dead_runs(
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    alive: str | None = None,
    *,
    job: str | None = RUN,
    grace: timedelta = timedelta(minutes=1),
) -> list[str]:
    """Fail the runs that Dagster takes for running although they do not hold the warehouse: their process was killed.

    Dagster starts no other run beside one that runs, so a dead one would stop schedule and sensor for good.

    Args:
        alive: the run that holds the warehouse; without one nothing is done while anybody does.
        job: runs of this job; None for all, where no pull can be under way, which holds nothing.
        grace: without one, how long a run may have started without holding it yet.

    Returns:
        Ids of the runs that were dead.
    """
    if alive is None and warehouse.holder() is not None:
        return []
    running = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    settled = datetime.now(UTC) - (grace if alive is None else timedelta())
    dead = [
        record.dagster_run
        for record in instance.get_run_records(running)
        if record.dagster_run.run_id != alive and record.update_timestamp <= settled
    ]
    for run in dead:
        instance.report_run_failed(run, "The process of this run is gone: it was killed. The next run does its work.")
    return [run.run_id for run in dead]


@dg.resource(required_resource_keys={"platform"}, description="Holds the warehouse for the length of a run.")
def held_run(context: dg.InitResourceContext) -> Iterator[Run]:
    """The lock and the record of one run. It is set up before the first step and torn down after the last."""
    platform: Platform = context.resources.platform
    run_id = context.run.run_id if context.run else "without-run"
    started = platform.now()
    run = Run(
        RunInfo(
            run_id,
            started,
            platform.code_version,
            {
                name: getattr(platform.settings, name)
                for name in ("province_code", "portal_code", "province_name", "province_box", "min_cell_count")
            },
            platform.dbt.fingerprint(),
        )
    )
    log = RunLog(platform.settings.marts)
    with platform.warehouse.hold(f"run {run_id}", started):
        log.begin(run.info)
        if context.instance is not None:
            bury_dead_runs(context.instance, platform.warehouse, alive=run_id)
        try:
            yield run
        finally:
            run.let_go()
            log.finish(
                run_id,
                platform.now(),
                run.status,
                release=run.release,
                error=None if run.status != "failed" else _failed_step(context, run_id),
                targets=run.targets,
                loads=run.loads,
            )


def _failed_step(context: dg.InitResourceContext, run_id: str) -> str:
    """The step that failed and the class of its error: messages may quote data and stay in Dagster's log."""
    if context.instance is not None:
        for record in context.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
            event = record.event_log_entry.dagster_event
            error = getattr(event.event_specific_data, "error", None) if event else None
            cause = error.cause or error if error else None
            return f"step {event.step_key if event else '?'} failed: {cause.cls_name if cause else 'unknown error'}"
    return "the run ended before its release"
