"""Dagster's events during a run: a burst of them is one transaction, and nothing of it is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRun
from dagster._core.events import AssetMaterializationPlannedData
from sqlalchemy import event
from sqlalchemy.engine import Engine

from pipelines.orchestration.event_log import batched_events
from pipelines.settings import PROJECT_ROOT

RUN_ID = "00000000-0000-0000-0000-000000000001"
ASSETS = [dg.AssetKey(f"asset_{number}") for number in range(30)]


@pytest.fixture
def commits() -> Iterator[list[object]]:
    seen: list[object] = []
    listener = seen.append
    event.listen(Engine, "commit", listener)
    yield seen
    event.remove(Engine, "commit", listener)


def test_the_assets_that_a_run_plans_are_committed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: list[object]
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT_ROOT / ".dagster" / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.get() as instance:
        instance.add_run(DagsterRun("run", run_id=RUN_ID))
        with batched_events(instance):
            commits.clear()
            for asset in ASSETS:
                about = AssetMaterializationPlannedData(asset)
                planned = dg.DagsterEvent("ASSET_MATERIALIZATION_PLANNED", "run", event_specific_data=about)
                instance.report_dagster_event(planned, run_id=RUN_ID)
        assert len(commits) < len(ASSETS) / 3
    with dg.DagsterInstance.get() as instance:
        assert set(instance.get_asset_keys()) == set(ASSETS)
        planned_then = instance.get_records_for_run(RUN_ID, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        assert len(planned_then.records) == len(ASSETS)
