"""What `hatinh doctor` finds: rights, a damaged warehouse, rows of another province, Dagster's configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.doctor import examine, foreign_rows
from pipelines.language import Language, speaking
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.pseudonyms import make_key

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(
        data_dir=tmp_path / "data", dagster_dir=tmp_path / "dagster", pseudonym_key_file=tmp_path / "secrets" / "key"
    )
    make_key(settings.pseudonym_key)
    return settings


def wrong(settings: Settings) -> dict[str, str]:
    with speaking("vi"):
        return {finding.key: finding.how for finding in examine(settings, NOW) if not finding.good}


def test_a_fresh_installation_is_sound(settings: Settings) -> None:
    assert wrong(settings) == {}


def test_the_findings_are_in_one_language(settings: Settings) -> None:
    def shown(language: Language) -> dict[str, str]:
        with speaking(language):
            return {finding.title: finding.how for finding in examine(settings, NOW)}

    assert shown("vi")["kho dữ liệu"] == "chưa có: hatinh run"
    assert shown("en")["warehouse"] == "none yet: hatinh run"


def test_a_key_that_others_can_read_or_replace(settings: Settings) -> None:
    settings.pseudonym_key.chmod(0o644)
    assert "chmod 600" in wrong(settings)["pseudonym key"]
    settings.pseudonym_key.chmod(0o600)
    settings.pseudonym_key.parent.chmod(0o777)
    assert "người khác thay được" in wrong(settings)["pseudonym key"]


def test_a_key_in_the_data_folder_would_travel_with_the_data(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, pseudonym_key_file=tmp_path / "key", dagster_dir=tmp_path / "dagster")
    make_key(settings.pseudonym_key)
    assert "chuyển đi nơi khác" in wrong(settings)["pseudonym key"]


def test_a_damaged_warehouse_names_the_command_that_makes_it_again(settings: Settings) -> None:
    with Warehouse(settings.warehouse).connect():
        """The file is made."""
    assert wrong(settings) == {}
    settings.warehouse.write_bytes(b"\0" * 4096)
    assert "hatinh rebuild" in wrong(settings)["warehouse"]


def test_folders_of_personal_data_that_others_can_look_into(settings: Settings) -> None:
    with Warehouse(settings.warehouse).connect():
        assert settings.warehouse.parent.stat().st_mode & 0o077 == 0
    settings.warehouse.parent.chmod(0o755)
    assert "chmod 700" in wrong(settings)["rights"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("telemetry: {enabled: false}\n", "max_concurrent_runs phải là 1"),
        ("telemetry: {enabled: false}\nconcurrency: {runs: {max_concurrent_runs: 4}}\n", "phải là 1"),
        ("concurrency: {runs: {max_concurrent_runs: 1}}\n", "telemetry.enabled phải là false"),
        ("- : [", "không đọc được"),
    ],
)
def test_a_configuration_of_dagster_that_would_do_harm(settings: Settings, text: str, said: str) -> None:
    settings.dagster_home.mkdir()
    (settings.dagster_home / "dagster.yaml").write_text(text)
    assert said in wrong(settings)["Dagster"]


@pytest.mark.parametrize("path", [".dagster/dagster.yaml", "deploy/container/dagster.yaml"])
def test_the_configurations_that_ship_are_sound(settings: Settings, path: str) -> None:
    settings.dagster_home.mkdir()
    (settings.dagster_home / "dagster.yaml").write_text((PROJECT_ROOT / path).read_text())
    assert wrong(settings) == {}


def test_rows_of_another_province_are_counted(settings: Settings, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        # the province, the nation, a commune of ours, another province to compare with, rows without a commune
        areas = "['42', 'VN', '18073', '45', 'not_commune', 'unknown part of 18082', '99999', '99999', null]"
        connection.execute(f"create table one as select unnest({areas}) as area_code")
        connection.execute("create table two as select '42' as area_code")
        connection.execute("create schema bi")
        connection.execute("create table bi.dim_area as select '99999' as area_code")
    assert foreign_rows(tmp_path / "marts.duckdb", settings) == {"bi.dim_area": 1, "one": 2}


def test_too_little_disk_is_found(settings: Settings) -> None:
    assert "cần" in wrong(settings.model_copy(update={"min_free_gb": 1e9}))["low_disk"]


def test_json_and_quiet_and_the_exit_code(settings: Settings) -> None:
    environment = {
        "HATINH_DATA_DIR": str(settings.data),
        "HATINH_DAGSTER_DIR": str(settings.dagster_home),
        "HATINH_PSEUDONYM_KEY_FILE": str(settings.pseudonym_key),
    }
    good = CliRunner().invoke(app, ["doctor", "--quiet"], env=environment)
    assert (good.exit_code, good.output) == (0, "")
    settings.pseudonym_key.chmod(0o644)
    bad = CliRunner().invoke(app, ["doctor", "--json"], env=environment)
    assert bad.exit_code == 1
    assert [item["what"] for item in json.loads(bad.stdout) if not item["ok"]] == ["pseudonym key"]
    hidden = {**environment, "HATINH_ALERTS": '["https://example.vn/hook?token=t0p"]'}
    assert "t0p" not in CliRunner().invoke(app, ["doctor", "--json"], env=hidden).output
