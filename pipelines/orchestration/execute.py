"""Run the Dagster job in this process, recorded in the project's instance, so that the Dagster page shows it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

import dagster as dg
from dagster import DagsterRun

from pipelines import walk
from pipelines.orchestration.build import build_defs
from pipelines.orchestration.checks import PUBLICATIONS, publications_result
from pipelines.orchestration.event_log import batched_events
from pipelines.orchestration.held_run import RUN, fail_stale_runs, job_origin
from pipelines.orchestration.keys import RELEASE, keys_of_targets
from pipelines.platform import Platform
from pipelines.settings import Settings
from pipelines.transform.marts import ancestors
from pipelines.warehouse.connection import Warehouse


@dataclass(frozen=True)
class Executed:
    """How a run in this process ended; of the first failure its step, its class and its message."""

    success: bool
    run_id: str
    step: str | None = None
    error_class: str | None = None
    error_message: str | None = None


def use_instance(settings: Settings) -> None:
    """Name the project's Dagster instance; one in another folder gets the project's configuration, telemetry off."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(settings.home / ".dagster" / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)  # Dagster knows no other way to name its instance


def prepare_page(settings: Settings) -> None:
    """Before the page starts with its daemon: fail the runs that were killed with the former one."""
    use_instance(settings)
    with dg.DagsterInstance.get() as instance:
        fail_stale_runs(instance, Warehouse(settings.warehouse), job=None, grace=timedelta())


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


def record_unchanged(platform: Platform, run_id: str) -> None:
    """Record a run that found nothing to do, without making the definitions: the page lists it as a success.

    Publications become overdue by the clock alone, so they are judged here too.
    """
    use_instance(platform.settings)
    publications = publications_result(walk.overdue_publications(platform))
    with dg.DagsterInstance.get() as instance:
        run = DagsterRun(
            job_name=RUN, run_id=run_id, tags={"hatinh/outcome": "unchanged"}, remote_job_origin=job_origin()
        )
        instance.add_run(run)
        for event in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.RUN_SUCCESS):
            message = "Nothing is new since the last release."
            instance.report_dagster_event(dg.DagsterEvent(event.value, RUN, message=message), run_id=run_id)
        instance.report_runless_asset_event(dg.AssetMaterialization(RELEASE, metadata={"status": "unchanged"}))
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=RELEASE,
                check_name=PUBLICATIONS,
                passed=publications.passed,
                severity=publications.severity,
                metadata=publications.metadata,
            )
        )
