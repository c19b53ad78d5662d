"""What starts a run: the job itself, the daily schedule, the drop folder's sensor. Their state is a setting."""

# No `from __future__ import annotations` here: Dagster reads the annotations of sensors as types.
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.alerts import report
from pipelines.landing.drop import waiting
from pipelines.language import tr
from pipelines.orchestration.coordinator import WAREHOUSE, pull_of
from pipelines.orchestration.held_run import RUN, fail_stale_runs
from pipelines.orchestration.keys import landing_key, partition_key
from pipelines.periods import TIME_ZONE
from pipelines.platform import Platform
from pipelines.release.runs import RunLog
from pipelines.settings import WAITS_FOR, Settings
from pipelines.sources import all_sources
from pipelines.state import Problem, read_state

RETRY_AFTER = timedelta(hours=1)
"""So long after a failed run the sensor asks again for the files that it left."""
WAITS = "a run waits for its turn and will do the work of this one"
LATE_CHANGES_DAYS = 10
"""A period is still pulled this long after its end: dossiers change after they were received."""


def jobs() -> Iterator[Any]:  # Dagster exports no name for a job whose assets are not resolved yet
    pulled = dg.AssetSelection.assets(*(landing_key(name) for name in all_sources()))
    yield dg.define_asset_job(
        RUN,
        dg.AssetSelection.all() - pulled,
        description="Take the drop folder in, load, build and check the models, release what passed.",
        tags={WAITS_FOR: WAREHOUSE},
        executor_def=dg.in_process_executor,
    )
    for name in all_sources():
        yield dg.define_asset_job(
            f"pull_{name}",
            dg.AssetSelection.assets(landing_key(name)),
            description=f"Pull one period of {name}; backfill it from the page of the asset.",
            tags={WAITS_FOR: pull_of(name)},
            executor_def=dg.in_process_executor,
        )


def daily(settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="daily",
        job_name=RUN,
        cron_schedule=settings.schedule_cron,
        execution_timezone=TIME_ZONE,
        default_status=_schedule_status(settings.schedule),
        description="The daily run (HATINH_SCHEDULE, HATINH_SCHEDULE_CRON). Skipped while one waits for its turn.",
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return dg.SkipReason(WAITS) if _waits(context.instance) else dg.RunRequest()

    return due


def _waits(instance: dg.DagsterInstance) -> bool:
    """Whether a run is asked for and has not begun: it will take in everything that lies there when it does."""
    queued = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
    return instance.get_runs_count(dg.RunsFilter(job_name=RUN, statuses=queued)) > 0


def daily_pulls(settings: Settings) -> Iterator[dg.ScheduleDefinition]:
    """A schedule a source that has an address: the running period, and in its first days the one before."""
    for name in sorted(settings.addresses.keys() & all_sources().keys()):
        yield _daily_pull(settings, name)


def _daily_pull(settings: Settings, name: str) -> dg.ScheduleDefinition:
    source = all_sources()[name]

    @dg.schedule(
        name=f"pull_{name}",
        job_name=f"pull_{name}",
        cron_schedule=settings.pull_cron,
        execution_timezone=TIME_ZONE,
        default_status=_schedule_status(settings.schedule),
        description=f"The daily pull of {name} (HATINH_ADDRESSES, HATINH_PULL_CRON).",
    )
    def pulled(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        today = context.scheduled_execution_time.date()
        days = (today, today - timedelta(days=LATE_CHANGES_DAYS))
        keys = dict.fromkeys(partition_key(source, source.partition_of(day)) for day in days)
        return [dg.RunRequest(run_key=f"{name} {key} {today}", partition_key=key) for key in keys]

    return pulled


def drop_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="drop_folder",
        job_name=RUN,
        minimum_interval_seconds=30,
        default_status=_sensor_status(settings.drop_sensor),
        description="A run as soon as a file lies in data/drop/SOURCE/ (HATINH_DROP_SENSOR).",
    )
    def dropped(
        context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
    ) -> dg.RunRequest | dg.SkipReason:
        fail_stale_runs(context.instance, platform.warehouse)
        files = waiting(platform.settings.drop, all_sources())
        if not files:
            return dg.SkipReason("nothing in the drop folder")
        if _waits(context.instance):
            return dg.SkipReason(WAITS)
        return dg.RunRequest(run_key=_state_of(files) + _after_failure(platform))

    return dropped


def watch(settings: Settings) -> dg.SensorDefinition:
    """Alerts and metrics by the clock: what is late or stale shows when nothing runs at all."""

    @dg.sensor(
        name="watch",
        minimum_interval_seconds=300,
        default_status=_sensor_status("on" if settings.alerts or settings.metrics_file else "off"),
        description="Looks for problems and sends what is new or over (HATINH_ALERTS, HATINH_METRICS_FILE).",
    )
    def watched(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
        state = read_state(platform.settings, platform.now())
        for problem in report(platform.settings, state):
            context.log.warning(problem)
        return dg.SkipReason(", ".join(problem.key for problem in state.problems)[:500] or "no problems")

    return watched


def run_ended(settings: Settings, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    """Alerts as soon as a run of Dagster has ended."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"alert_on_{status.value.lower()}",
        minimum_interval_seconds=30,
        default_status=_sensor_status("on" if settings.alerts else "off"),
        description="Sends what a run found or fixed (HATINH_ALERTS).",
    )
    def ended(context: dg.RunStatusSensorContext, platform: dg.ResourceParam[Platform]) -> None:
        state = read_state(platform.settings, platform.now())
        run = context.dagster_run
        known = {entry["run_id"] for entry in RunLog(platform.settings.marts).runs()}
        if status is dg.DagsterRunStatus.FAILURE and run.job_name == RUN and run.run_id not in known:
            text = tr("Dagster could not start the run: see its log on the page")
            state = replace(state, problems=(*state.problems, Problem("run_failed", run.run_id, text)))
        for problem in report(platform.settings, state):
            context.log.warning(problem)

    return ended


def _after_failure(platform: Platform) -> str:
    """Part of the key that makes files count as new again an hour after a run failed with them."""
    runs = RunLog(platform.settings.marts).runs()
    if not runs or runs[-1]["status"] not in ("failed", "died") or not runs[-1].get("finished_at"):
        return ""
    ended = datetime.fromisoformat(runs[-1]["finished_at"])
    return f" after {runs[-1]['run_id']}" if platform.now() - ended >= RETRY_AFTER else ""


def _state_of(files: list[Path]) -> str:
    """One key for one state of the folder: files that stay are not asked for twice."""
    digest = hashlib.sha256()
    for path in files:
        status = path.lstat()  # a link that leads nowhere is left by the intake and must not stop the sensor
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _schedule_status(state: str) -> dg.DefaultScheduleStatus:
    return dg.DefaultScheduleStatus.RUNNING if state == "on" else dg.DefaultScheduleStatus.STOPPED


def _sensor_status(state: str) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if state == "on" else dg.DefaultSensorStatus.STOPPED
