"""The state of the platform, its problems, `hatinh check` and the metrics, judged by the clock."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.landing.store import Landing
from pipelines.release.runs import RunInfo, RunLog, RunStatus
from pipelines.settings import Settings, load_settings
from pipelines.sources import all_sources
from pipelines.state import read_state, write_metrics
from pipelines.warehouse.connection import Warehouse

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data", dagster_dir=tmp_path / "dagster", min_free_gb=0)


def run(settings: Settings, status: RunStatus, at: datetime = NOW, **facts: Any) -> None:
    log = RunLog(settings.marts)
    log.begin(RunInfo(f"run-{at:%d%H%M}", at, "1"))
    if status != "running":
        log.finish(f"run-{at:%d%H%M}", at, status, **facts)


def land(settings: Settings, at: datetime, name: str = "hoso.ndjson", source: str = "dossiers") -> None:
    Landing(settings.raw).put(
        [name.encode()],
        source=source,
        name=name,
        partition="2026-11",
        extracted_on=at.date(),
        address=f"drop:{name}",
        landed_at=at,
        licence="x",
    )


def keys(settings: Settings, at: datetime = NOW) -> list[str]:
    return [problem.key for problem in read_state(settings, at).problems]


def test_before_the_first_run_nothing_is_wrong(settings: Settings) -> None:
    assert keys(settings) == []


def test_a_daily_source_is_late_by_the_clock_though_nothing_runs(settings: Settings) -> None:
    land(settings, NOW)
    assert keys(settings, NOW + timedelta(days=2)) == []
    assert keys(settings, NOW + timedelta(days=2, seconds=1)) == ["late:dossiers"]
    (delivery,) = read_state(settings, NOW + timedelta(days=9)).deliveries
    assert delivery.late_since == NOW + timedelta(days=2)
    land(settings, NOW + timedelta(days=9), "hoso-2.ndjson")
    assert keys(settings, NOW + timedelta(days=10)) == []


def test_samples_are_no_delivery_and_a_source_with_an_address_is_expected_from_the_start(settings: Settings) -> None:
    land(settings, NOW - timedelta(days=99), "sample-hoso.ndjson")
    assert keys(settings) == []
    expected = settings.model_copy(update={"addresses": {"dossiers": "/mnt/share"}})
    assert keys(expected) == ["late:dossiers"]
    unexpected = settings.model_copy(update={"addresses": {"dossiers": "/mnt/share"}, "deliveries": {"dossiers": 0}})
    assert keys(unexpected) == []


def test_every_cadence_is_known_or_expects_nothing() -> None:
    from pipelines.landing.deliveries import MAX_DAYS

    regular = {source.cadence for source in all_sources().values()} & MAX_DAYS.keys()
    assert regular == MAX_DAYS.keys(), "a cadence that no source has is a typing error"


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("released", []),
        ("unchanged", []),
        ("partial", []),
        ("failed", ["run_failed:run", "stale:runs"]),
        ("nothing", ["run_failed:run", "stale:runs"]),
        ("running", ["run_failed:run", "stale:runs"]),
    ],
)
def test_how_the_last_run_ended(settings: Settings, status: RunStatus, found: list[str]) -> None:
    run(settings, status)
    assert keys(settings) == found


def test_the_first_run_in_progress_leaves_nothing_stale(settings: Settings) -> None:
    run(settings, "running")
    with Warehouse(settings.warehouse).hold("run 1", NOW):
        assert keys(settings) == []
    run(settings, "failed", NOW + timedelta(minutes=1))
    run(settings, "running", NOW + timedelta(minutes=2))
    with Warehouse(settings.warehouse).hold("run 3", NOW):
        assert keys(settings) == ["stale:runs"]


def test_figures_become_stale_by_the_clock(settings: Settings) -> None:
    run(settings, "released")
    assert keys(settings, NOW + timedelta(hours=48)) == []
    assert keys(settings, NOW + timedelta(hours=49)) == ["stale:runs"]


def test_times_of_a_clock_that_was_ahead_hide_nothing(settings: Settings) -> None:
    land(settings, NOW - timedelta(days=5), "before.ndjson")
    run(settings, "released", NOW - timedelta(days=5))
    ahead = NOW + timedelta(days=365)
    land(settings, ahead, "ahead.ndjson")
    run(settings, "released", ahead)
    assert keys(settings) == ["stale:runs", "late:dossiers"]
    assert keys(settings, ahead) == []


def test_a_file_left_in_the_drop_folder_is_a_problem_until_it_is_gone(settings: Settings) -> None:
    waits, unknown = settings.drop / "dossiers" / "hoso.ndjson", settings.drop / "nowhere" / "x.txt"
    for path in (waits, unknown):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    now = datetime.now(UTC)
    assert keys(settings, now) == ["left:nowhere/x.txt"], "the other one only waits for the next run"
    assert "left:dossiers/hoso.ndjson" in keys(settings, now + timedelta(hours=25)), "no run has come for a day"
    run(settings, "released", now, left={"dossiers/hoso.ndjson": "is not a regular file."})
    assert keys(settings, now) == ["left:dossiers/hoso.ndjson", "left:nowhere/x.txt"]
    unknown.unlink()
    waits.unlink()
    assert keys(settings, now) == []


def test_a_link_that_leads_nowhere_is_left_and_stops_nothing(settings: Settings) -> None:
    (settings.drop / "dossiers").mkdir(parents=True)
    os.symlink("/nonexistent", settings.drop / "dossiers" / "hoso.ndjson")
    assert keys(settings, datetime.now(UTC) + timedelta(days=2)) == ["left:dossiers/hoso.ndjson"]


def test_refused_files_and_failed_pulls_are_problems(settings: Settings) -> None:
    loads = {"dossiers": {"refused": ["a.csv: the file is empty"], "not_fetched": ["2026-11: HTTP 500"]}}
    run(settings, "released", loads=loads)
    assert keys(settings) == ["refused:dossiers/a.csv", "pull_failed:dossiers/2026-11"]


def environment(settings: Settings, **more: str) -> dict[str, str]:
    return {"HATINH_DATA_DIR": str(settings.data), "HATINH_DAGSTER_DIR": str(settings.dagster_home), **more}


@pytest.mark.parametrize(
    ("status", "more", "code", "said"),
    [
        ("released", {}, 0, "HATINH OK - release none yet | problems=0"),
        ("failed", {}, 2, "HATINH CRITICAL - run_failed:run"),
        ("released", {"HATINH_MIN_FREE_GB": "1e9"}, 2, "HATINH CRITICAL - low_disk:disk"),
        ("released", {"HATINH_ADDRESSES": '{"dossiers": "/x"}'}, 1, "HATINH WARNING - late:dossiers"),
        ("released", {"HATINH_THREADS": "many"}, 3, "HATINH_THREADS"),
    ],
)
def test_check_says_it_in_one_line_and_by_its_exit_code(
    settings: Settings, status: RunStatus, more: dict[str, str], code: int, said: str
) -> None:
    run(settings, status, datetime.now(UTC))
    result = CliRunner().invoke(app, ["check"], env=environment(settings, COLUMNS="300", **more))
    assert result.exit_code == code
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_check_of_a_folder_in_which_nothing_ever_ran_is_a_warning(settings: Settings) -> None:
    result = CliRunner().invoke(app, ["check"], env=environment(settings))
    assert (result.exit_code, result.output[:36]) == (1, "HATINH WARNING - release none yet | ")


def test_json_is_the_same_in_every_language(settings: Settings) -> None:
    land(settings, NOW - timedelta(days=9))
    vietnamese, english = (
        json.loads(CliRunner().invoke(app, ["--lang", lang, "status", "--json"], env=environment(settings)).output)
        for lang in ("vi", "en")
    )
    assert [problem["kind"] for problem in english["problems"]] == ["late"]
    assert vietnamese | {"free_bytes": 0, "at": ""} == english | {"free_bytes": 0, "at": ""}


def test_status_as_json_is_json_and_nothing_else(settings: Settings) -> None:
    run(settings, "failed", datetime.now(UTC), error="step models failed: DbtFailed")
    result = CliRunner().invoke(app, ["status", "--json"], env=environment(settings))
    reported = json.loads(result.stdout)
    assert reported["ok"] is False
    assert reported["problems"][0]["kind"] == "run_failed"
    assert reported["last_run"]["error"] == "step models failed: DbtFailed"
    for command in (["sources", "--json"], ["files", "dossiers", "--json"], ["releases", "--json"]):
        json.loads(CliRunner().invoke(app, command, env=environment(settings)).stdout)


def test_metrics_are_prometheus_text(settings: Settings, tmp_path: Path) -> None:
    land(settings, NOW - timedelta(days=9))
    run(settings, "released")
    write_metrics(tmp_path / "hatinh.prom", read_state(settings, NOW))
    lines = (tmp_path / "hatinh.prom").read_text(encoding="utf-8").splitlines()
    assert 'hatinh_ok{province="Hà Tĩnh"} 0' in lines
    assert 'hatinh_problems{province="Hà Tĩnh",kind="late"} 1' in lines
    assert 'hatinh_delivery_late{province="Hà Tĩnh",source="dossiers"} 1' in lines
    assert f'hatinh_last_success_timestamp_seconds{{province="Hà Tĩnh"}} {NOW.timestamp():.0f}' in lines
    names = [line.split("{")[0] for line in lines if not line.startswith("#")]
    assert all(f"# TYPE {name} gauge" in lines for name in names)
