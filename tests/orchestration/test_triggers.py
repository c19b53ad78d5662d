"""The drop folder's sensor: asks once for one state of the folder, again after a failed run, and links stop it not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.triggers import daily, daily_pulls, drop_sensor, watch
from pipelines.platform import Platform
from pipelines.release.runs import RunInfo, RunLog
from pipelines.settings import load_settings

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Sensor:
    """The sensor on one folder, asked at a time of the test."""

    def __init__(self, tmp_path: Path, instance: dg.DagsterInstance) -> None:
        self.settings = load_settings(data_dir=tmp_path)
        self.instance = instance
        self.folder = self.settings.drop / "dossiers"
        self.folder.mkdir(parents=True)

    def key(self, at: datetime = NOW) -> str | None:
        """The key of the run that is asked for; None for none."""
        platform = Platform(self.settings, now=lambda: at)
        context = dg.build_sensor_context(instance=self.instance, resources={"platform": platform})
        asked = drop_sensor(self.settings)(context)
        return asked.run_key if isinstance(asked, dg.RunRequest) else None


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[Sensor]:
    with dg.instance_for_test() as instance:
        yield Sensor(tmp_path, instance)


def test_one_state_of_the_folder_is_asked_for_once(sensor: Sensor) -> None:
    assert sensor.key() is None
    (sensor.folder / "a.ndjson").write_text("x")
    first = sensor.key()
    assert first is not None
    assert sensor.key() == first
    (sensor.folder / "b.ndjson").write_text("x")
    assert sensor.key() != first


def test_the_same_name_in_another_folder_is_another_state(sensor: Sensor) -> None:
    path = sensor.folder / "a.ndjson"
    path.write_text("x")
    first = sensor.key()
    (sensor.settings.drop / "itu").mkdir()
    path.rename(sensor.settings.drop / "itu" / "a.ndjson")
    assert sensor.key() != first


def test_a_link_that_leads_nowhere_does_not_stop_the_sensor(sensor: Sensor) -> None:
    os.symlink("/nonexistent", sensor.folder / "a.ndjson")
    assert sensor.key() is not None


def test_files_that_a_failed_run_left_are_asked_for_again_after_an_hour(sensor: Sensor) -> None:
    (sensor.folder / "a.ndjson").write_text("x")
    first = sensor.key()
    log = RunLog(sensor.settings.marts)
    log.begin(RunInfo("r1", NOW, "1"))
    log.finish("r1", NOW, "failed")
    assert sensor.key(NOW + timedelta(minutes=59)) == first
    again = sensor.key(NOW + timedelta(minutes=60))
    assert again not in (first, None)
    assert sensor.key(NOW + timedelta(minutes=90)) == again, "once per failed run"


def test_the_daily_run_is_at_two_in_vietnam(tmp_path: Path) -> None:
    schedule = daily(load_settings(data_dir=tmp_path))
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Ho_Chi_Minh")


def test_pulls_are_at_one_in_vietnam(tmp_path: Path) -> None:
    (pull,) = daily_pulls(load_settings(data_dir=tmp_path, addresses={"dossiers": "/mnt/share"}))
    assert (pull.cron_schedule, pull.execution_timezone) == ("0 1 * * *", "Asia/Ho_Chi_Minh")


def test_a_tick_is_skipped_while_a_run_waits_for_its_turn(sensor: Sensor) -> None:
    (sensor.folder / "a.ndjson").write_text("x")
    schedule = daily(sensor.settings)

    def due() -> bool:
        context = dg.build_schedule_context(instance=sensor.instance, scheduled_execution_time=NOW)
        return bool(schedule.evaluate_tick(context).run_requests)

    assert (due(), sensor.key() is not None) == (True, True)
    run = dg.DagsterRun("run", run_id="11111111-1111-1111-1111-111111111111", status=dg.DagsterRunStatus.STARTED)
    sensor.instance.add_run(run)
    assert (due(), sensor.key() is not None) == (True, True), "one in progress may have passed by what came since"
    waiting = dg.DagsterRun(
        "run", run_id="22222222-2222-2222-2222-222222222222", status=dg.DagsterRunStatus.NOT_STARTED
    )
    sensor.instance.add_run(waiting)
    assert (due(), sensor.key() is not None) == (False, False)


def test_the_watch_sends_what_is_late_though_nothing_runs(tmp_path: Path) -> None:
    out = tmp_path / "alert.json"
    settings = load_settings(
        data_dir=tmp_path / "data", addresses={"dossiers": "/mnt/share"}, alerts=(f"command:tee {out}",)
    )
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(settings, now=lambda: NOW)
        context = dg.build_sensor_context(instance=instance, resources={"platform": platform})
        assert watch(settings)(context).skip_message == "late:dossiers"  # type: ignore[union-attr]
    assert '"subject": "dossiers"' in out.read_text(encoding="utf-8")
