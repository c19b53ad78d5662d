"""Exit codes and refusals of the commands that run: a failure is no success, and nobody takes a held warehouse away."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer import Exit
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.common import BUSY, FAILED, HELD_BACK
from pipelines.cli.running import _end_of_run, _found_nothing_new
from pipelines.platform import Platform
from pipelines.release.runs import RunInfo, RunLog
from pipelines.settings import Settings, load_settings
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.pseudonyms import make_key


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    make_key(tmp_path / "key")
    return {
        "HATINH_DATA_DIR": str(tmp_path / "data"),
        "HATINH_DAGSTER_DIR": str(tmp_path / "dagster"),
        "HATINH_PSEUDONYM_KEY_FILE": str(tmp_path / "key"),
        "COLUMNS": "300",
    }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


def test_a_damaged_warehouse_fails_the_run_and_the_error_names_the_command_that_makes_it_again(
    environment: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Platform, "with_processes", lambda settings, listeners: Platform(settings, listeners=listeners))
    settings.warehouse.parent.mkdir(parents=True)
    settings.warehouse.write_bytes(b"no database" * 2000)
    result = CliRunner().invoke(app, ["run"], env=environment)
    assert result.exit_code == FAILED, result.output
    assert "hatinh rebuild" in " ".join(result.output.split())


def test_a_rebuild_moves_a_folder_in_the_place_of_the_warehouse_away_with_what_is_in_it(
    environment: dict[str, str], settings: Settings
) -> None:
    (settings.warehouse / "inside").mkdir(parents=True)
    Path(environment["HATINH_PSEUDONYM_KEY_FILE"]).unlink()  # the run behind it ends at once
    result = CliRunner().invoke(app, ["rebuild", "--yes"], env=environment)
    assert "hatinh key make" in " ".join(result.output.split())
    (moved,) = settings.warehouse.parent.glob("warehouse.duckdb.moved-*")
    assert (moved / "inside").is_dir()
    assert not settings.warehouse.is_dir()


@pytest.mark.parametrize("command", [["rebuild", "--yes"], ["run"], ["rollback", "20261123T020000Z-00000000"]])
def test_a_command_that_would_write_is_refused_while_a_run_holds_the_warehouse(
    environment: dict[str, str], settings: Settings, command: list[str]
) -> None:
    settings.warehouse.parent.mkdir(parents=True)
    settings.warehouse.write_bytes(b"of the run")
    with Warehouse(settings.warehouse).hold("the first run", datetime(2026, 11, 30, tzinfo=UTC)):
        result = CliRunner().invoke(app, command, env=environment)
    assert result.exit_code == BUSY, result.output
    assert "the first run" in " ".join(result.output.split())
    assert settings.warehouse.read_bytes() == b"of the run"


def test_a_run_that_another_one_outstrips_ends_as_one_that_is_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both saw the warehouse free: the second meets the first where it looks for something to do."""
    settings.warehouse.parent.mkdir(parents=True)
    settings.warehouse.write_bytes(b"of the run")
    held = Warehouse(settings.warehouse).hold("the first run", datetime(2026, 11, 30, tzinfo=UTC))
    with held, pytest.raises(Exit) as ended:
        _found_nothing_new(Platform(settings))
    assert ended.value.exit_code == BUSY
    assert "the first run" in capsys.readouterr().err


def test_a_signal_after_the_command_has_ended_changes_no_exit_code() -> None:
    """Python needs part of a second to end; the run is released and recorded by then."""
    late = "import atexit, os; atexit.register(os.kill, os.getpid(), 15)"
    program = f"{late}; from pipelines.cli import main; import sys; sys.argv = ['hatinh', '--help']; main()"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("waits", [True, False])
def test_a_run_that_ended_well_exits_3_while_something_waits_for_a_person(settings: Settings, waits: bool) -> None:
    now = datetime.now(UTC)
    log = RunLog(settings.marts)
    log.begin(RunInfo("r1", now, "1"))
    load = {"total_in": 1, "total_quarantined": 0, "reasons": {}, "total_elsewhere": 0}
    refused = ["a.csv: the file is empty"] if waits else []
    log.finish("r1", now, "unchanged", loads={"itu": load | {"refused": refused}})
    if waits:
        with pytest.raises(Exit) as ended:
            _end_of_run(settings, now, quiet=True)
        assert ended.value.exit_code == HELD_BACK
    else:
        _end_of_run(settings, now, quiet=True)
