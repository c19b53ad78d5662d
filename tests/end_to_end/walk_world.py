"""A province of its own for each walk: empty folders, its own key and Dagster instance, the real everything else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.orchestration.execute import Executed, execute
from pipelines.platform import Listener, Platform, Progress
from pipelines.release.runs import RunLog
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.warehouse.pseudonyms import make_key
from samples.dossiers import SampleReport, write_dossiers

FIRST, LAST = date(2026, 5, 1), date(2026, 8, 20)


# The run reports a line at each stage; at the first that contains the given text, the process kills itself.
KILLED_AT = """
import os, signal, sys
from pipelines.language import use
from pipelines.cli import app
from pipelines.orchestration.execute import execute
from pipelines.platform import Platform
from pipelines.settings import load_settings

def listener(progress):
    if sys.argv[1] in progress.message:
        os.kill(os.getpid(), signal.SIGKILL)

use("en")
execute(Platform(load_settings(), listeners=[listener]))
"""

ONE_DOSSIER = (
    b'{"MaHoSo":"H27.1-20260805-0000001","MaTTHC":"9.000001","MaLinhVuc":"HT","KenhThucHien":"2",'
    b'"TrangThaiHoSo":"10","NgayNopHoSo":"20260805080000","NgayTiepNhan":"20260805080000",'
    b'"NgayHenTra":"20260810170000","NgayTra":"20260807100000"}\n'
)


class Clock:
    """A time of day that only moves when it is asked for, one second at a time."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


class Province:
    """Settings, the drop folder and the walk of one test.

    Args:
        processes: judge, draw and run dbt in processes beside the walk, as `hatinh run` does; all walks of the
            province use the same two, which import for 7 s of processor time.
    """

    def __init__(self, home: Path, *, processes: bool = False) -> None:
        self.settings: Settings = load_settings(
            data_dir=home / "data",
            dagster_dir=home / "dagster",
            pseudonym_key_file=home / "key",
            drop_settle_seconds=0,
            threads=2,
        )
        make_key(self.settings.pseudonym_key)
        self.lines: list[str] = []
        make = Platform.with_processes if processes else Platform
        self.platform = replace(make(self.settings, listeners=[self._listen]), now=Clock(), sleep=lambda seconds: None)
        self.environment = {
            "HATINH_DATA_DIR": str(home / "data"),
            "HATINH_DAGSTER_DIR": str(home / "dagster"),
            "HATINH_PSEUDONYM_KEY_FILE": str(home / "key"),
            "HATINH_DROP_SETTLE_SECONDS": "0",
            "HATINH_THREADS": "2",
        }

    def _listen(self, progress: Progress) -> None:
        if progress.message:
            self.lines.append(progress.message)

    def drop(self, name: str, content: bytes, source: str = "dossiers") -> Path:
        path = self.settings.drop / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def sample(self, rows: int = 900, *, seed: int = 7, defect: str | None = None) -> SampleReport:
        return write_dossiers(
            self.settings.drop / "dossiers",
            self.settings.dbt_project / "seeds",
            rows=rows,
            seed=seed,
            first=FIRST,
            last=LAST,
            defect=defect,
        )

    def walk(self) -> Executed:
        self.lines.clear()
        return execute(self.platform)

    def run(self) -> Result:
        """`hatinh run` as it is typed, in the processes of the walks."""

        def with_processes(settings: Settings, listeners: Sequence[Listener]) -> Platform:
            mine = self.platform
            return Platform(settings, listeners=[*listeners], beside=mine.beside, dbt_process=mine.dbt_process)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Platform, "with_processes", with_processes)
            return CliRunner().invoke(app, ["run"], env=self.environment)

    def killed_at(self, stage: str) -> None:
        """A run in a process of its own that kills itself at a stage."""
        died = subprocess.run(
            [sys.executable, "-c", KILLED_AT, stage],
            cwd=PROJECT_ROOT,
            env={"PATH": "/usr/bin:/bin", **self.environment},
            capture_output=True,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]

    def runs(self) -> list[dict[str, Any]]:
        return RunLog(self.settings.marts).runs()

    def last_run(self) -> dict[str, Any]:
        return self.runs()[-1]
