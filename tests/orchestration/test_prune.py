"""`hatinh prune`: what is old goes, the current release and what is in progress stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.orchestration.instance import use_instance
from pipelines.orchestration.prune import prune_runs
from pipelines.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))  # put back after the test
    return load_settings(data_dir=tmp_path / "data", dagster_dir=tmp_path / "dagster")


@dg.op
def nothing() -> None:
    """A step of a job that is never run."""


def test_records_of_old_runs_go_and_those_in_progress_stay(settings: Settings) -> None:
    use_instance(settings)
    job = dg.JobDefinition(name="run", graph_def=dg.GraphDefinition(name="steps", node_defs=[nothing]))
    with dg.DagsterInstance.get() as instance:
        ended = instance.create_run_for_job(job, status=dg.DagsterRunStatus.SUCCESS)
        instance.report_engine_event("said", ended)
        going = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    log = settings.dagster_home / "history" / "runs" / f"{ended.run_id}.db"
    assert log.exists()
    now = datetime.now(UTC)
    assert prune_runs(settings, now - timedelta(days=1)) == 0, "it is younger"
    assert prune_runs(settings, now + timedelta(days=1)) == 1
    assert not log.exists()
    with dg.DagsterInstance.get() as instance:
        assert [run.run_id for run in instance.get_runs()] == [going.run_id]


def test_the_age_must_be_said(settings: Settings) -> None:
    result = CliRunner().invoke(app, ["prune"], env={"HATINH_DATA_DIR": str(settings.data)})
    assert result.exit_code == 2
    assert "HATINH_KEEP_DAYS" in result.output
