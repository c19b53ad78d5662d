"""What ships in deploy/ hangs together: commands, settings and drivers that exist, no port open to the world."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from pipelines.cli import app
from pipelines.platform import Platform
from pipelines.settings import ENV_PREFIX, PROJECT_ROOT, SETTINGS_FILE, Settings, load_settings

DEPLOY = PROJECT_ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.read(path, encoding="utf-8")
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_command_that_exists_as_a_user_without_rights(path: Path) -> None:
    service = unit(path)["Service"]
    command = service["ExecStart"].split("/bin/hatinh ")[1].split()
    known = get_command(app).commands  # type: ignore[attr-defined]
    assert command[0] in known
    if command[0] == "serve":
        assert command[1] in ("code", "web", "daemon")
    assert service["User"] == "hatinh"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_reads_every_unit(tmp_path: Path) -> None:
    """As systemd itself judges them; the program and its user, which are not here, are replaced."""
    units = [*UNITS, *sorted((DEPLOY / "systemd").glob("*.timer"))]
    for path in units:
        text = path.read_text(encoding="utf-8").replace("/opt/hatinh/.venv/bin/hatinh", "/bin/true")
        (tmp_path / path.name).write_text(re.sub("^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE))
    judged = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in units)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")


def test_every_setting_that_is_named_exists() -> None:
    known = {SETTINGS_FILE} | {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for path in DEPLOY.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            named = set(re.findall(r"\bHATINH_[A-Z_]+\b", path.read_text(encoding="utf-8")))
            assert named <= known, path.name


def test_only_the_proxy_has_a_port_and_it_asks_who_it_is() -> None:
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))
    assert [name for name, service in compose["services"].items() if service.get("ports")] == ["proxy"]
    assert "basic_auth" in (DEPLOY / "container" / "Caddyfile").read_text()
    assert set(compose["services"]) == {"db", "code", "web", "daemon", "proxy"}


def test_the_address_of_postgres_names_its_driver() -> None:
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))
    url = compose["services"]["web"]["environment"]["DAGSTER_POSTGRES_URL"]
    assert url.startswith("postgresql+psycopg2://"), "SQLAlchemy 2.1 takes another driver otherwise"


def test_uv_is_pinned_with_its_hashes() -> None:
    text = (DEPLOY / "uv.txt").read_text()
    assert re.match(r"uv==[\d.]+ \\\n    --hash=sha256:[0-9a-f]{64}", text)


def test_the_settings_of_systemd_read_the_same_in_a_shell() -> None:
    """docs/deployment.md has the operator source the file; a shell takes double quotes off, which breaks JSON."""
    path = DEPLOY / "systemd" / "hatinh.env"
    example = re.sub("^# (HATINH_)", r"\1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    program = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('HATINH_')}))"
    read = subprocess.run(
        ["bash", "-c", f"set -a\n{example}\nset +a\nexec {shlex.quote(sys.executable)} -c {shlex.quote(program)}"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    given = json.loads(read.stdout)
    settings = load_settings(**{name.removeprefix(ENV_PREFIX).lower(): _value(text) for name, text in given.items()})
    assert list(settings.ui_hosts) == ["so-lieu.example.vn"]
    assert list(settings.alerts) == ["smtp://mail.example.vn:25?from=so-lieu@example.vn&to=truc@example.vn"]


def checkout(folder: Path) -> str:
    """A repository with one commit, and its short hash."""
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.vn"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    return subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_release_states_the_commit_of_a_checkout_that_belongs_to_another_user(tmp_path: Path) -> None:
    """As under systemd: the project is root's, the run is not. git refuses such a folder unless it is named."""
    commit = checkout(tmp_path)
    for path in (tmp_path, tmp_path / ".git"):
        os.chown(path, 12345, 12345)
    assert Platform(load_settings(home=tmp_path)).code_version.endswith(f"+{commit}")


def test_a_release_of_an_image_states_the_commit_of_its_build(tmp_path: Path) -> None:
    (tmp_path / ".commit").write_text("1a2b3c4\n")
    assert Platform(load_settings(home=tmp_path)).code_version.endswith("+1a2b3c4")


def test_a_run_needs_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Platform(load_settings(home=tmp_path)).code_version == version("hatinh-statistics")


def test_the_command_line_of_systemd_reads_only_the_settings_of_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any folder, also one with a `.env` of somebody else."""
    monkeypatch.delenv("HATINH_THREADS")  # that of the tests, which a `.env` would not replace
    program = (DEPLOY / "systemd" / "hatinh").read_text(encoding="utf-8")
    (tmp_path / "hatinh.env").write_text("HATINH_PROVINCE_NAME='Tỉnh A'\n", encoding="utf-8")
    (tmp_path / ".env").write_text("HATINH_PROVINCE_NAME='Tỉnh B'\nHATINH_THREADS=7\n", encoding="utf-8")
    script = tmp_path / "hatinh"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(_PRINT_SETTINGS)}"
    script.write_text(
        program.replace("/etc/hatinh.env", str(tmp_path / "hatinh.env"))
        .replace("runuser -u hatinh -- ", "")
        .replace('/opt/hatinh/.venv/bin/hatinh "$@"', command),
        encoding="utf-8",
    )
    printed = subprocess.run(["sh", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == ["Tỉnh A", Settings.model_fields["threads"].default]


_PRINT_SETTINGS = (
    "import json; from pipelines.settings import load_settings; s = load_settings(); "
    "print(json.dumps([s.province_name, s.threads]))"
)


def _value(text: str) -> object:
    return json.loads(text) if text.startswith("[") else text
