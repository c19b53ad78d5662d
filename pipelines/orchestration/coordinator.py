"""Which runs wait for each other: those that hold the warehouse, and those that pull the same source.

Dagster's queue limits runs by tag, and runs that a person starts on the page of an asset have no tags of a job. So each
run gets its tag when it is queued. `dagster.yaml` names this class and the limit, one run per value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import DagsterRun, QueuedRunCoordinator
from dagster._core.run_coordinator import SubmitRunContext

from pipelines.orchestration.keys import DROP_FOLDER
from pipelines.settings import WAITS_FOR

WAREHOUSE = "warehouse"
LIMITS: list[dict[str, Any]] = [{"key": WAITS_FOR, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}]


def pull_of(source: str) -> str:
    return f"pull of {source}"


def tag_of(run: DagsterRun) -> Mapping[str, str]:
    """The tag of a run: a pull of one source holds no warehouse; everything else may."""
    keys = [key.path for key in run.asset_selection or ()]
    pulled = {path[-1] for path in keys if path[0] == DROP_FOLDER.path[0] and path != DROP_FOLDER.path}
    is_pull = len(pulled) == 1 and len(keys) == 1
    return {WAITS_FOR: pull_of(pulled.pop()) if is_pull else WAREHOUSE}


class OneWriter(QueuedRunCoordinator):
    """Dagster's queue; each run is tagged with what it waits for."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        run = context.dagster_run
        if WAITS_FOR not in run.tags:
            self._instance.add_run_tags(run.run_id, tag_of(run))
        return super().submit_run(context)
