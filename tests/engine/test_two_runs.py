"""Two complete runs at the same time on one engine: each releases what DuckDB releases of its own files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.engines import complete_run, different_tables, sail_server
from benchmarks.pipeline import Pipeline
from pipelines.settings import PROJECT_ROOT
from samples.dossiers import write_dossiers

pytestmark = [pytest.mark.engine, pytest.mark.slow]
ROWS = {"first": 4_000, "second": 6_000}


def test_two_runs_at_once_release_what_duckdb_releases(tmp_path: Path) -> None:
    pytest.importorskip("pysail", reason="the extra `engine` is not installed: make test-spark brings it")
    pipelines, files = {}, {}
    for seed, (name, rows) in enumerate(ROWS.items()):
        pipelines[name] = Pipeline(PROJECT_ROOT, tmp_path / name, threads=1, memory="1GB")
        pipelines[name].prepare()
        sample = write_dossiers(
            tmp_path / f"{name}-sample",
            pipelines[name].seeds,
            rows=rows,
            seed=seed,
            first=date(2026, 7, 1),
            last=date(2026, 9, 20),
        )
        files[name] = sample.paths
    with sail_server() as (address, _), ThreadPoolExecutor(len(ROWS)) as pool:
        begun = {
            name: pool.submit(complete_run, replace(pipelines[name], engine=address), tmp_path / f"{name}-engine", of)
            for name, of in files.items()
        }
        there = {name: run.result() for name, run in begun.items()}
    assert {name: run.status for name, run in there.items()} == dict.fromkeys(ROWS, "released")
    first, second = (run.measured for run in there.values())
    assert abs((first.started - second.started).total_seconds()) < min(first.seconds, second.seconds), "at once"
    for name, of in files.items():
        here = complete_run(pipelines[name], tmp_path / f"{name}-duckdb", of, tmp_path / f"{name}-engine" / "vault")
        assert here.status == "released"
        assert different_tables(pipelines[name], tmp_path / f"{name}-engine", tmp_path / f"{name}-duckdb") == []
    assert different_tables(pipelines["first"], tmp_path / "first-engine", tmp_path / "second-engine") != []
