"""The peers of the pipeline (benchmarks/peers), and the environment of each: made by uv below the folder of the
benchmark.

An environment has exactly the versions of the peer's `requirements.txt`, and its bytecode is compiled, as that of the
project.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ProgramError, measure

FOLDER = Path(__file__).resolve().parent / "peers"


@dataclass(frozen=True)
class Peer:
    """A folder of benchmarks/peers. `needs` is a program that packages do not bring."""

    name: str
    title: str
    needs: str | None = None

    @property
    def requirements(self) -> Path:
        return FOLDER / self.name / "requirements.txt"


PEERS = (
    Peer("polars", "polars, streaming"),
    Peer("pandas", "pandas with Great Expectations"),
    Peer("sqlmesh", "SQLMesh on DuckDB"),
    Peer("pyspark", "PySpark, local", needs="java"),
    Peer("dagster", "Dagster, DuckDB-Polars IO manager"),
)


def install(peer: Peer, work: Path) -> Path:
    """Make the environment of a peer below `work`, or bring the one that is there up to date: its Python.

    Raises:
        ProgramError: it cannot be had; the first line states why.
    """
    if peer.needs and not shutil.which(peer.needs):
        raise ProgramError(f"{peer.needs} is not installed")
    folder = work / "environments" / peer.name
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv, python = Path(sys.executable).parent / "uv", folder / "bin" / "python"
    for command in (
        ["venv", "--allow-existing", "--python", sys.executable, str(folder)],
        ["pip", "sync", "--compile-bytecode", "--python", str(python), str(peer.requirements)],
    ):
        measure([str(uv), *command], cwd=work, environment=os.environ, log=work / f"{peer.name}-install.log")
    return python
