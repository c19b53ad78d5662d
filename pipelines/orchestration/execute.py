"""Run the Dagster job in this process, recorded in the project's instance, so that the Dagster page shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import dagster as dg

from pipelines.orchestration.build import build_defs
from pipelines.orchestration.event_log import batched_events
from pipelines.orchestration.held_run import RUN
from pipelines.orchestration.instance import use_instance
from pipelines.orchestration.keys import keys_of_targets
from pipelines.platform import Platform
from pipelines.transform.marts import ancestors


@dataclass(frozen=True)
class Executed:
    """How a run in this process ended; of the first failure its step, its class and its message."""

    success: bool
    run_id: str
    step: str | None = None
    error_class: str | None = None
    error_message: str | None = None


def execute(platform: Platform, targets: Collection[str] = ()) -> Executed:
    """The run of the Dagster job, from the drop folder to the release, on the project as it is now.

    Args:
        targets: run only what these targets are computed from; everything by default.
    """
    platform = replace(platform)  # what people edit is read again for each run
    use_instance(platform.settings)
    job = build_defs(platform).resolve_job_def(RUN)
    with dg.DagsterInstance.get() as instance, batched_events(instance):
        result = job.execute_in_process(
            instance=instance,
            asset_selection=sorted(_keys_of(platform, targets)) if targets else None,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        if result.success:
            return Executed(True, result.run_id)
        for event in result.all_events:
            error = getattr(event.event_specific_data, "error", None)
            if error:
                cause = error
                while cause.cause:
                    cause = cause.cause
                # Dagster writes the class before the message, as a traceback does
                message = cause.message.strip().partition(": ")[2] or cause.message.strip()
                return Executed(False, result.run_id, event.step_key, cause.cls_name, message)
        return Executed(False, result.run_id)


def _keys_of(platform: Platform, targets: Collection[str]) -> set[dg.AssetKey]:
    manifest = platform.project.manifest
    marts = [mart for mart in platform.project.marts if mart.target in targets]
    models = {node["name"]: key for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    lineage = ancestors(manifest["parent_map"], [models[mart.name] for mart in marts])
    return keys_of_targets(manifest, marts, lineage)
