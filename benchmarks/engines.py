"""The complete pipeline on an engine and on DuckDB with the same files: seconds by step, peak memory, equal tables.

The engine comes first, in a data folder that is new. DuckDB then runs over the same files in another one, with the
vault of the first: what the open edition protects once is not repeated. At last DuckDB takes over the folder of the
engine, and must have nothing to publish.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import differences
from benchmarks.pipeline import PHASES, Pipeline
from benchmarks.processes import Measured
from pipelines.platform import Platform
from pipelines.release.runs import RunLog
from pipelines.settings import load_settings
from pipelines.transform.marts import marts_of

DUCKDB, SAIL, BACK = "DuckDB", "sail", "DuckDB, in the folder of the engine"
SERVER = """
import signal
from pysail.spark import SparkConnectServer
server = SparkConnectServer(port=0)
server.start(background=True)
print(server.listening_address[1], flush=True)
signal.pause()
"""


@contextmanager
def sail_server() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Sail in a process of its own: its address, and the process."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None  # noqa: S101 - a pipe was asked for
        yield f"sc://127.0.0.1:{server.stdout.readline().strip()}", server
        server.kill()


@dataclass(frozen=True)
class EngineRun:
    """A complete run: what it took as a whole, and seconds by step."""

    measured: Measured
    phases: Mapping[str, float]
    status: str


@dataclass(frozen=True)
class Compared:
    """Runs over the same files, by the engine that computed them, and in what their tables differ."""

    sample: str
    runs: Mapping[str, EngineRun]
    found: tuple[str, ...]
    disk_mb: float
    """What samples, both data folders and releases held at the end."""


def complete_run(pipeline: Pipeline, data: Path, files: Sequence[Path] = (), vault: Path | None = None) -> EngineRun:
    """Run from the drop folder to a release.

    Raises:
        ProgramError: the run failed, or held a target back.
    """
    measured = pipeline.run(data, files, vault)
    return EngineRun(measured, pipeline.phases(data, measured), RunLog(data / "marts").runs()[-1]["status"])


def different_tables(pipeline: Pipeline, left: Path, right: Path) -> list[str]:
    """In what the released tables of two data folders differ: every table, row, column and type."""
    project = Platform(load_settings(home=pipeline.home, data_dir=left), dbt_target=pipeline.work / "keys")
    keys = {mart.name: mart.key for mart in marts_of(project.dbt.manifest())}
    return differences(left / "marts" / "current", right / "marts" / "current", keys, ignored=frozenset())


def compare(
    pipeline: Pipeline, engine: str, address: str, server: Sequence[int], sample: str, files: Sequence[Path]
) -> Compared:
    """Both engines over the same files, each alone.

    Args:
        engine: its name in the results.
        server: programs of the engine on this machine, whose memory is measured too.
    """
    there, here = pipeline.work / "on-engine", pipeline.work / "on-duckdb"
    for folder in (there, here):
        shutil.rmtree(folder, ignore_errors=True)
    runs = {engine: complete_run(replace(pipeline, engine=address, server=tuple(server)), there, files)}
    runs[DUCKDB] = complete_run(pipeline, here, files, there / "vault")
    found = different_tables(pipeline, there, here)
    disk = sum(file.stat().st_size for file in (*files, *pipeline.work.rglob("*")) if file.is_file())
    runs[BACK] = complete_run(pipeline, there)
    expected = {engine: "released", DUCKDB: "released", BACK: "unchanged"}
    found += [
        f"the run on {name} ended as {run.status}, not as {expected[name]}"
        for name, run in runs.items()
        if run.status != expected[name]
    ]
    for folder in (there, here):
        shutil.rmtree(folder)
    return Compared(sample, runs, tuple(found), disk / 1e6)


def table(compared: Compared) -> str:
    """The measurements as Markdown."""
    lines = [f"{compared.sample}; {compared.disk_mb:,.0f} MB of disk at the end.\n"]
    lines += [
        f"| | {' | '.join(PHASES)} | all, s | peak MiB of the run | of the engine |",
        f"|---{'|---' * (len(PHASES) + 3)}|",
    ]
    for name, run in compared.runs.items():
        seconds = " | ".join(f"{run.phases[phase]:.1f}" for phase in PHASES)
        beside = f"{run.measured.beside_mib:,.0f}" if run.measured.beside_mib else "–"
        lines.append(f"| {name} | {seconds} | {run.measured.seconds:.1f} | {run.measured.peak_mib:,.0f} | {beside} |")
    return "\n".join(
        [*lines, "\nTables: " + ("DIFFERENT." if compared.found else "equal, every one in every row and column.")]
    )
