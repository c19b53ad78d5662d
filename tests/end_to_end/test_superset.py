"""The dashboard in Apache Superset from PyPI: imported, every chart asked, a new release seen. Takes minutes, 1 GB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from superset_world import bundle
from walk_world import Province

from pipelines.release.released import Release
from pipelines.scoreboard.pages import place_of
from pipelines.scoreboard.rows import Rows
from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

UV = PROJECT_ROOT / ".venv" / "bin" / "uv"
PACKAGES = [
    *("apache-superset==6.1.0", "duckdb-engine==0.17.0", "duckdb==1.5.5"),
    *("flask-caching==2.3.1", "rich", "cachetools"),  # what Superset 6.1.0 needs and does not name
]
CONFIG = """
SECRET_KEY = "of a trial that is thrown away"
SQLALCHEMY_DATABASE_URI = "sqlite:///HOME/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""
ASK = """
import json, logging, os, sys
logging.disable(logging.CRITICAL)
from superset.app import create_app

link, other = sys.argv[1:]
answers = {"charts": {}}
with create_app().test_client() as client:
    login = {"username": "admin", "password": "admin", "provider": "db"}
    token = client.post("/api/v1/security/login", json=login).json["access_token"]
    head = {"Authorization": f"Bearer {token}"}
    for chart in client.get("/api/v1/chart/?q=(page_size:100)", headers=head).json["result"]:
        found = client.get(f"/api/v1/chart/{chart['id']}/data/", headers=head)
        answers["charts"][chart["slice_name"]] = found.json["result"][0]["data"] if found.status_code == 200 else None
    (database,) = client.get("/api/v1/database/", headers=head).json["result"]

    def run(sql):
        asked = {"database_id": database["id"], "sql": sql, "runAsync": False, "schema": "main"}
        return client.post("/api/v1/sqllab/execute/", headers=head, json=asked)

    answers["write"] = run("create table mine as select 1").status_code
    release = "select any_value(release_id) as id from _release"
    answers["releases"] = [run(release).json["data"][0]["id"]]
    os.symlink(other, link + ".new")
    os.replace(link + ".new", link)
    answers["releases"].append(run(release + " where true").json["data"][0]["id"])
print("ANSWERS" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def province(new_province: Callable[[], Province]) -> Province:
    found = new_province()
    found.sample()
    assert found.walk().success
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with Superset."""
    where = tmp_path_factory.mktemp("superset") / "venv"
    for command in (["venv", "--python", sys.executable, where], ["pip", "install", "--python", where, *PACKAGES]):
        done = subprocess.run([UV, *command], capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            pytest.skip(f"Superset cannot be installed: {done.stderr[-300:]}")
    return where / "bin"


def moved(release: Release, to: Path) -> Path:
    """A copy of a release whose database names itself the next one."""
    to.mkdir()
    shutil.copyfile(release.path / "marts.duckdb", to / "marts.duckdb")
    with duckdb.connect(to / "marts.duckdb") as database:
        database.execute("update _release set release_id = 'the next one'")
    return to


def test_the_dashboard_is_imported_and_every_chart_answers(province: Province, installed: Path, tmp_path: Path) -> None:
    release = province.platform.releases.current()
    assert release
    link = tmp_path / "current"
    link.symlink_to(release.path)
    bundle.write(link, tmp_path / "dashboard.zip", str(link / "marts.duckdb"))
    (tmp_path / "superset_config.py").write_text(CONFIG.replace("HOME", str(tmp_path)))
    (tmp_path / "ask.py").write_text(ASK)
    own = {"SUPERSET_HOME": str(tmp_path), "SUPERSET_CONFIG_PATH": str(tmp_path / "superset_config.py")}
    environment = {**os.environ, **own, "FLASK_APP": "superset"}

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    superset = installed / "superset"
    run(superset, "db", "upgrade")
    run(superset, "init")
    admin = ["--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@example.test"]
    run(superset, "fab", "create-admin", *admin, "--password", "admin")
    run(superset, "import-dashboards", "--path", tmp_path / "dashboard.zip", "--username", "admin")
    other = moved(release, tmp_path / "next")
    printed = run(installed / "python", tmp_path / "ask.py", link, other)
    answers = json.loads(printed.partition("ANSWERS")[2])

    names = {chart["chart"] for row in bundle.spec()["rows"] for chart in row}
    assert answers["charts"].keys() == names
    assert [name for name, rows in answers["charts"].items() if not rows] == []
    shown = Rows(release, place_of(province.settings)).targets
    assert answers["charts"]["Số chỉ tiêu"] == [{"targets": len(shown)}]
    with duckdb.connect(release.path / "marts.duckdb", read_only=True) as database:
        received = database.execute("select sum(received)::bigint from dossier_timeliness").fetchone()
    assert answers["charts"]["Hồ sơ tiếp nhận"] == [{"received": (received or ())[0]}]
    assert answers["write"] >= 400, "the file is read-only"
    assert answers["releases"] == [release.id, "the next one"], "the link is followed in the same process"
