"""What starts a run: the job itself, the daily schedule, the drop folder's sensor. Their state is a setting."""

# No `from __future__ import annotations` here: Dagster reads the annotations of sensors as types.
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.landing.drop import waiting
from pipelines.orchestration.assets import landing_key, partition_key
from pipelines.orchestration.held_run import RUN, fail_stale_runs
from pipelines.platform import Platform
from pipelines.settings import Settings
from pipelines.sources import all_sources

LATE_CHANGES_DAYS = 10
"""A period is still pulled this long after its end: dossiers change after they were received."""


def jobs() -> Iterator[Any]:  # Dagster exports no name for a job whose assets are not resolved yet
    pulled = dg.AssetSelection.assets(*(landing_key(name) for name in all_sources()))
    yield dg.define_asset_job(
        RUN,
        dg.AssetSelection.all() - pulled,
        description="Take the drop folder in, load, build and check the models, release what passed.",
        executor_def=dg.in_process_executor,
    )
    for name in all_sources():
        yield dg.define_asset_job(
            f"pull_{name}",
            dg.AssetSelection.assets(landing_key(name)),
            description=f"Pull one period of {name}; backfill it from the page of the asset.",
            executor_def=dg.in_process_executor,
        )


def daily(settings: Settings) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="daily",
        job_name=RUN,
        cron_schedule=settings.schedule_cron,
        execution_timezone="Asia/Ho_Chi_Minh",
        default_status=_schedule_status(settings.schedule),
        description="The daily run (HATINH_SCHEDULE, HATINH_SCHEDULE_CRON).",
    )


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
        execution_timezone="Asia/Ho_Chi_Minh",
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
        description="A run as soon as a file lies in data/drop/<source>/ (HATINH_DROP_SENSOR).",
    )
    def dropped(
        context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
    ) -> dg.RunRequest | dg.SkipReason:
        fail_stale_runs(context.instance, platform.warehouse)
        files = waiting(platform.settings.drop, all_sources())
        if not files:
            return dg.SkipReason("nothing in the drop folder")
        return dg.RunRequest(run_key=_state_of(files))

    return dropped


def _state_of(files: list[Path]) -> str:
    """One key for one state of the folder: files that stay are not asked for twice."""
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _schedule_status(state: str) -> dg.DefaultScheduleStatus:
    return dg.DefaultScheduleStatus.RUNNING if state == "on" else dg.DefaultScheduleStatus.STOPPED


def _sensor_status(state: str) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if state == "on" else dg.DefaultSensorStatus.STOPPED
