"""All definitions from one platform; tests hand in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.orchestration.assets import (
    drop_folder_asset,
    landing_asset,
    model_assets,
    raw_asset,
    release_asset,
)
from pipelines.orchestration.held_run import held_run
from pipelines.orchestration.triggers import daily, daily_pulls, drop_sensor, jobs, run_ended, watch
from pipelines.platform import Platform
from pipelines.sources import all_sources


def build_defs(platform: Platform, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """What Dagster loads. `resources` replace those of the same name: `platform`, `run`."""
    project, settings = platform.project, platform.settings
    return dg.Definitions(
        assets=[
            *(landing_asset(source, settings) for source in all_sources().values()),
            drop_folder_asset(settings),
            *(raw_asset(source, settings) for source in all_sources().values()),
            model_assets(project, settings),
            release_asset(project, settings),
        ],
        jobs=list(jobs()),
        schedules=[daily(settings), *daily_pulls(settings)],
        sensors=[
            drop_sensor(settings),
            watch(settings),
            *(run_ended(settings, status) for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)),
        ],
        resources={"platform": platform, "run": held_run, **(resources or {})},
        executor=dg.in_process_executor,
    )
