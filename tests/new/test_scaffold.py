"""What `hatinh new` writes passes the structure tests and its own tests as it is, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.new.scaffold import CannotWrite, new_mart, new_source, new_target
from pipelines.settings import PROJECT_ROOT

COPIED = (
    *("pipelines", "dbt_project", "expectations", "tests", "docs", "samples", "hatinh", "benchmarks", "deploy"),
    ".dagster",
)
FILES = (
    *("pyproject.toml", "workspace.yaml", "Makefile", "LICENSE"),
    *("README.md", "README.vi.md", "CHANGES.md", "CONTRIBUTING.md"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("target", "__pycache__", "logs")
    for folder in COPIED:
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in FILES:
        shutil.copy(PROJECT_ROOT / file, tmp_path)
    return tmp_path


def test_nothing_is_overwritten_and_names_are_checked(project: Path) -> None:
    before = (project / "dbt_project" / "models" / "staging" / "_sources.yml").read_text(encoding="utf-8")
    with pytest.raises(CannotWrite, match=r"petitions\.py.* is there already"):
        new_source("petitions", "Phản ánh", project)
    with pytest.raises(CannotWrite, match="is no name"):
        new_mart("Số liệu", "telecom", "Số liệu", project)
    assert (project / "dbt_project" / "models" / "staging" / "_sources.yml").read_text(encoding="utf-8") == before


def test_a_target_is_a_row_without_faults_and_one_with_faults_is_not_written(project: Path) -> None:
    path = project / "dbt_project" / "seeds" / "targets.csv"
    before = path.read_text(encoding="utf-8")
    with pytest.raises(CannotWrite, match="add its row first"):
        new_target("reach_2030", "digital_society", "no_such_indicator", "Mục tiêu", project)
    with pytest.raises(CannotWrite, match="pillar"):
        new_target("reach_2030", "no_such_pillar", "digital_economy_share_pct", "Mục tiêu", project)
    assert path.read_text(encoding="utf-8") == before
    new_target("reach_2030", "digital_economy", "digital_economy_share_pct", "Mục tiêu", project)
    assert path.read_text(encoding="utf-8").removeprefix(before).startswith("reach_2030,digital_economy,Mục tiêu")


@pytest.mark.slow
def test_a_scaffolded_source_and_mart_pass_the_structure_tests_and_their_own(project: Path) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=project,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200", "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    run("-m", "pipelines.cli", "new", "source", "school_radios", "--title", "Đài truyền thanh")
    run("-m", "pipelines.cli", "new", "mart", "school_reach", "--target", "school", "--title", "Độ phủ")
    run("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/sources/test_school_radios.py")
    structure = ("tests/structure", "tests/sources/test_every_source.py", "--deselect")
    tracked = "tests/structure/test_structure.py::test_shipped_files_are_samples_with_receipts"  # asks git
    run("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *structure, tracked)
    run("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/golden", "-k", "school_reach")
