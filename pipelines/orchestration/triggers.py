"""What starts a run: the job itself, the daily schedule, the drop folder's sensor. Their state is a setting."""

# No `from __future__ import annotations` here: Dagster reads the annotations of sensors as types.
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.landing.drop import waiting
from pipelines.orchestration.assets import landing_key
from pipelines.orchestration.platform import Platform
from pipelines.settings import Settings
from pipelines.sources import all_sources

RUN = "run"
"""The walk from the drop folder to the release; `hatinh run`, the schedule and the sensor all start this one job."""


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


def drop_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="drop_folder",
        job_name=RUN,
        minimum_interval_seconds=30,
        default_status=_sensor_status(settings.drop_sensor),
        description="A run as soon as a file lies in data/drop/<source>/ (HATINH_DROP_SENSOR).",
    )
    def dropped(platform: dg.ResourceParam[Platform]) -> dg.RunRequest | dg.SkipReason:
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
