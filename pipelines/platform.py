"""The modules of the platform, wired from one settings object, and how the progress of a run is reported.

Clock, timer and sleep are passed in, so that tests replace them; nothing is patched.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

from pipelines.beside import Beside
from pipelines.engine.files import RowFiles
from pipelines.engine.front import feeds_of_front
from pipelines.engine.load import LoadOnEngine
from pipelines.engine.models import ModelsOnEngine
from pipelines.landing.store import Landing
from pipelines.quality.suites import Suite, read_suites
from pipelines.release.schemas import read_retired
from pipelines.release.store import ReleaseStore
from pipelines.settings import Settings
from pipelines.transform.dbt import Dbt
from pipelines.transform.marts import Mart, marts_of
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.storage import ObjectStorage, storage_of

Step = Literal["land", "load", "build", "judge", "release", "publish"]
STEPS: tuple[Step, ...] = get_args(Step)[:-1]
"""The steps of every run; `publish` comes after them where a place of publication is set."""


@dataclass(frozen=True)
class Progress:
    """One report of a step in progress.

    A step begins with an empty message and ends with `seconds`. In between, `message` is a line for people, and `done`
    of `total` is the progress of the step, where that can be counted.
    """

    step: Step
    message: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None


JUDGING = ("great_expectations", "openpyxl", "pipelines.scoreboard.page", "pipelines.scoreboard.workbook")
"""What judging and drawing import, for `Platform.beside`."""
JUDGING_LATE, JUDGING_WITHOUT = ("scipy.stats",), ("pyspark",)
"""Of the 3.3 s of processor time for these, what no suite uses took 1.3: one expectation needs scipy.stats, and Spark's
data sources are looked for."""
DBT = ("dbt.cli.main", "dbt.adapters.duckdb")
"""The same for `Platform.dbt_process`."""

Listener = Callable[[Progress], None]


@dataclass(frozen=True)
class Project:
    """What people edit and a run computes with: the dbt project and the expectations, as they are at its start."""

    manifest: Mapping[str, Any]
    marts: tuple[Mart, ...]
    suites: Mapping[str, Suite]
    fingerprint: str
    retired: Mapping[str, str] = field(default_factory=dict)
    """Tables that are published no more, with the reason."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Platform:
    """The modules of one installation. Listeners receive the progress of its runs."""

    settings: Settings
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    timer: Callable[[], float] = time.perf_counter
    listeners: list[Listener] = field(default_factory=list)
    dbt_target: Path | None = None
    """Folder of dbt's own files, where a caller wants another than the settings'."""
    beside: Beside = field(default_factory=Beside)
    """Where expectations run and pages are drawn, while the run does other things."""
    dbt_process: Beside = field(default_factory=Beside)
    """Where dbt runs."""

    @cached_property
    def landing(self) -> Landing:
        return Landing(self.settings.raw)

    @cached_property
    def _storage(self) -> ObjectStorage | None:
        return storage_of(self.settings)

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.warehouse, self.settings.memory_limit, self.settings.threads, self._storage)

    @cached_property
    def releases(self) -> ReleaseStore:
        return ReleaseStore(self.settings.marts)

    @cached_property
    def dbt(self) -> Dbt:
        names = ("min_cell_count", "province_code", "portal_code")
        return Dbt(
            self.settings.dbt_project,
            self.settings.warehouse,
            self.settings.threads,
            self.settings.memory_limit,
            {name: getattr(self.settings, name) for name in names},
            target=self.dbt_target or self.settings.dbt_target,
            seeds=self.settings.seeds,
            process=self.dbt_process,
            storage=self._storage,
        )

    @cached_property
    def models(self) -> Dbt | ModelsOnEngine:
        """What builds and tests the models: dbt on DuckDB, or with the rows of dossiers on the engine of the settings.

        Kept between the two steps, since the session on the engine is.
        """
        if self.settings.engine == "duckdb":
            return self.dbt
        rows = RowFiles(self.settings.warehouse, self._storage)
        return ModelsOnEngine(self.dbt, self.warehouse, self.settings.engine, rows)

    @cached_property
    def feeds_elsewhere(self) -> frozenset[str]:
        """The sources whose rows are kept as Parquet and loaded by the engine: none where there is no engine."""
        return frozenset() if self.settings.engine == "duckdb" else feeds_of_front(self.dbt.manifest())

    @cached_property
    def rows_elsewhere(self) -> LoadOnEngine:
        settings = self.settings
        return LoadOnEngine(
            settings.engine,
            RowFiles(settings.warehouse, self._storage),
            settings.raw,
            settings.pseudonym_key,
            settings.max_record_mb << 20,
            settings.memory_limit,
        )

    @cached_property
    def project(self) -> Project:
        """Read once for each platform.

        Raises:
            DbtFailed: the dbt project does not parse.
            SuiteError: a file of expectations cannot be read, or names no mart.
        """
        manifest = self.dbt.manifest()
        marts = tuple(marts_of(manifest))
        suites = read_suites(self.settings.expectations, {mart.name for mart in marts})
        return Project(manifest, marts, suites, self.dbt.fingerprint(), read_retired(self.settings.dbt_project))

    @cached_property
    def code_version(self) -> str:
        """Version of the package and, where it is known, the commit."""
        package, commit = version("hatinh-statistics"), _commit(self.settings.home)
        return f"{package}+{commit}" if commit else package

    @classmethod
    def with_processes(cls, settings: Settings, listeners: Sequence[Listener] = ()) -> Platform:
        """A platform whose runs use more processes than one, once `start` was called."""
        judging = Beside(JUDGING, JUDGING_LATE, JUDGING_WITHOUT)
        return cls(settings, listeners=list(listeners), beside=judging, dbt_process=Beside(DBT))

    def report(self, progress: Progress) -> None:
        for listener in self.listeners:
            listener(progress)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """One more listener, for the length of a block."""
        self.listeners.append(listener)
        try:
            yield
        finally:
            self.listeners.remove(listener)

    @contextmanager
    def step(self, step: Step) -> Iterator[StepReporter]:
        """Report the begin and the end of a step; yields what reports in between."""
        reporter = StepReporter(self, step, self.timer())
        self.report(Progress(step))
        yield reporter
        self.report(Progress(step, seconds=reporter.seconds()))


@dataclass(frozen=True)
class StepReporter:
    """Reports the progress of one step; `seconds` have passed since it began."""

    platform: Platform
    step: Step
    begun: float

    def report(self, message: str, done: int | None = None, total: int | None = None) -> None:
        self.platform.report(Progress(self.step, message, done, total))

    def seconds(self) -> float:
        return self.platform.timer() - self.begun


def _commit(home: Path) -> str:
    """The commit of the checkout; of an image, the one that its build was given; empty where neither is known."""
    recorded = home / ".commit"
    if recorded.is_file():
        return recorded.read_text("utf-8").strip()
    if not shutil.which("git"):
        return ""
    # The project may belong to root and the run to its own user: git refuses such a checkout unless it is named.
    trusted = f"safe.directory={home.resolve()}"
    return subprocess.run(  # noqa: S603
        ["git", "-c", trusted, "-C", str(home), "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
