"""The project's Dagster instance: named, made ready for the page, and given the runs that had nothing to do.

Apart from `execute`, which imports every definition: a run with nothing new needs none of them.
"""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import dagster as dg
from dagster import DagsterRun

from pipelines import walk
from pipelines.orchestration.checks import GATE, publications_result
from pipelines.orchestration.event_log import batched_events
from pipelines.orchestration.held_run import RUN, fail_stale_runs, job_origin
from pipelines.orchestration.keys import RELEASE, release_links
from pipelines.platform import Platform
from pipelines.release.released import Release
from pipelines.settings import Settings
from pipelines.warehouse.connection import Warehouse


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


def record_unchanged(platform: Platform, run_id: str) -> None:
    """Record a run that found nothing to do, without making the definitions: the page lists it as a success.

    Publications become overdue by the clock alone, so they are judged here too.
    """
    use_instance(platform.settings)
    publications = publications_result(walk.overdue_publications(platform))
    with dg.DagsterInstance.get() as instance, batched_events(instance):
        run = DagsterRun(
            job_name=RUN, run_id=run_id, tags={"hatinh/outcome": "unchanged"}, remote_job_origin=job_origin()
        )
        instance.add_run(run)
        for event in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.RUN_SUCCESS):
            message = "Nothing is new since the last release."
            instance.report_dagster_event(dg.DagsterEvent(event.value, RUN, message=message), run_id=run_id)
        current = platform.releases.current()
        last = _last_verdicts(instance, current)
        metadata = {"status": "unchanged", **release_links(platform.settings, current.id if current else None)}
        instance.report_runless_asset_event(dg.AssetMaterialization(RELEASE, metadata=metadata))
        for check in (*last, publications):
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=RELEASE,
                    check_name=check.check_name or "",
                    passed=check.passed,
                    severity=check.severity,
                    metadata=check.metadata,
                )
            )


def _last_verdicts(
    instance: dg.DagsterInstance, current: Release | None
) -> list[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
    """The checks of the release as they were last evaluated: they hold of it still.

    Dagster shows a check as not evaluated that is older than the asset's last materialization.
    """
    targets = current.package["verdicts"] if current else ()
    keys = [dg.AssetCheckKey(RELEASE, f"{GATE}_{target}") for target in targets]
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return [record.evaluation for record in records.values() if record.evaluation]
