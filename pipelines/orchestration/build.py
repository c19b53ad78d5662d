"""All definitions from one platform; tests hand in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.orchestration.assets import (
    drop_folder,
    landing_asset,
    model_assets,
    raw_asset,
    release_asset,
)
from pipelines.orchestration.held_run import held_run
from pipelines.orchestration.triggers import daily, daily_pulls, drop_sensor, jobs
from pipelines.platform import Platform
from pipelines.sources import all_sources


def build_defs(platform: Platform, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """What Dagster loads. `resources` replace those of the same name: `platform`, `run`."""
    project = platform.project
    return dg.Definitions(
        assets=[
            *(landing_asset(source) for source in all_sources().values()),
            drop_folder,
            *(raw_asset(source) for source in all_sources().values()),
            model_assets(project),
            release_asset(project),
        ],
        jobs=list(jobs()),
        schedules=[daily(platform.settings), *daily_pulls(platform.settings)],
        sensors=[drop_sensor(platform.settings)],
        resources={"platform": platform, "run": held_run, **(resources or {})},
        executor=dg.in_process_executor,
    )
