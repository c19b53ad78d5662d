"""The pipeline as a measured program: `hatinh run` in a world of its own, and where its time went.

The project's models and expectations are copied once, so that nobody's edit changes what is measured half-way, and
dbt's parse is kept between runs, as it is on a machine in use. Everything else is fresh: data folder, warehouse,
releases.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import Measured, measure
from pipelines.platform import STEPS, Platform
from pipelines.release.runs import RunLog
from pipelines.settings import load_settings

OUTSIDE = "start-up and Dagster"
PHASES = (*STEPS, OUTSIDE)
VARIABLES = {"min_cell_count": 5, "province_code": "42", "portal_code": "H27"}
"""Settings that the models depend on, as their variables are called."""


@dataclass(frozen=True)
class Pipeline:
    """A copy of the project under `work`, and what its runs may use."""

    project: Path
    work: Path
    threads: int
    memory: str
    engine: str = "duckdb"
    server: tuple[int, ...] = ()
    """Processes of the engine, whose memory is measured too."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the environment, `HATINH_...`, of its runs."""

    @property
    def home(self) -> Path:
        return self.work / "home"

    @property
    def seeds(self) -> Path:
        return self.home / "dbt_project" / "seeds"

    @property
    def dagster(self) -> Path:
        return self.work / "dagster"

    def prepare(self) -> None:
        """Copy models and expectations, make the key."""
        for folder in ("dbt_project", "expectations"):
            ignored = shutil.ignore_patterns("target", "logs")
            shutil.copytree(self.project / folder, self.home / folder, ignore=ignored, dirs_exist_ok=True)
        self.dagster.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.project / ".dagster" / "dagster.yaml", self.dagster)
        self._hatinh("key", "make", "--if-missing", data=self.work / "no-data")

    def run(self, data: Path, files: Iterable[Path] = (), vault: Path | None = None) -> Measured:
        """Put `files` into the drop folder of the data folder `data`, and run the complete pipeline.

        Args:
            vault: folder of the vault of an earlier run over the same files: its quarters need not be protected again.

        Raises:
            ProgramError: the run failed, or held a target back.
        """
        drop = data / "drop" / "dossiers"
        drop.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy2(file, drop)
        if vault is not None:
            shutil.copytree(vault, data / "vault")
        return self._hatinh("run", "--quiet", data=data)

    def compiled(self, data: Path) -> dict[str, Any]:
        """The manifest with the SQL of every model, as a full build over the data folder `data` runs it."""
        settings = load_settings(
            home=self.home, data_dir=data, threads=self.threads, memory_limit=self.memory, **VARIABLES
        )
        return Platform(settings, dbt_target=self.work / "compiled").dbt.compiled()

    def phases(self, data: Path, run: Measured) -> dict[str, float]:
        """Seconds of the last run over `data` by step of the walk, as `versions.json` records them, summing to all."""
        last = RunLog(data / "marts").runs()[-1]
        steps: dict[str, float] = {step: float(last["seconds"].get(step, 0.0)) for step in STEPS}
        return {**steps, OUTSIDE: run.seconds - sum(steps.values())}

    def command(self, *arguments: str, data: Path) -> Measured:
        """Another command of the command line over the data folder `data`."""
        return self._hatinh(*arguments, data=data)

    def _hatinh(self, *arguments: str, data: Path) -> Measured:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HATINH_", "DAGSTER_", "DBT_")) and name != "PYTHONDONTWRITEBYTECODE"
        }
        environment |= {
            "HATINH_HOME": str(self.home),
            "HATINH_DATA_DIR": str(data),
            "HATINH_DAGSTER_DIR": str(self.dagster),
            "HATINH_PSEUDONYM_KEY_FILE": str(self.work / "pseudonym.key"),
            "HATINH_THREADS": str(self.threads),
            "HATINH_MEMORY_LIMIT": self.memory,
            "HATINH_ENGINE": self.engine,
            **{f"HATINH_{name.upper()}": str(value) for name, value in VARIABLES.items()},
            **self.settings,
            "HATINH_DROP_SETTLE_SECONDS": "0",  # nobody is still writing: the wait would be measured, not the work
        }
        command = [sys.executable, "-m", "pipelines.cli", *arguments]
        log = self.work / "hatinh.log"
        return measure(command, cwd=self.project, environment=environment, log=log, beside=self.server)
