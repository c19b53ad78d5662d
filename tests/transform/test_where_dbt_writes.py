"""dbt writes into its target folder and nowhere else: in production the project is read-only."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.settings import PROJECT_ROOT
from pipelines.transform.dbt import Dbt

PROJECT = """
name: hatinh
version: "1.0"
profile: hatinh
model-paths: [models]
target-path: target
"""


def test_dbt_writes_into_its_target_alone(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in ("models", "macros", "seeds", "tests"):
        (project / folder).mkdir(parents=True)
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "models" / "one.sql").write_text("select 1 as n")
    shutil.copy(PROJECT_ROOT / "dbt_project" / "profiles.yml", project)
    before = sorted(project.rglob("*"))
    dbt = Dbt(project, tmp_path / "w.duckdb", threads=1, memory_limit="1GB", variables={}, target=tmp_path / "target")
    assert [node["name"] for node in dbt.manifest()["nodes"].values()] == ["one"]
    assert (tmp_path / "target" / "manifest.json").exists()
    assert sorted(project.rglob("*")) == before
