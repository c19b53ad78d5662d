"""A small platform for tests: files land, are loaded and built by the steps of the walk, in a temporary folder."""

from __future__ import annotations

import functools
import gc
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from hypothesis import settings as hypothesis_settings

os.environ.pop("COLUMNS", None)  # workers of pytest-xdist set 80, which a console keeps for good from its import on

from pipelines import walk
from pipelines.landing.store import Landing, Receipt
from pipelines.language import use
from pipelines.platform import Platform
from pipelines.quality.record import write_verdicts
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.publish import Outcome
from pipelines.release.runs import RunInfo
from pipelines.settings import load_settings
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.sources.dossiers import SOURCE
from pipelines.transform.dbt import Dbt
from pipelines.warehouse.connection import Warehouse, set_state
from pipelines.warehouse.load import LoadReport

KEY = bytes(range(32))
FIRST_LANDING = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
os.environ.setdefault("HATINH_THREADS", "1")  # of DuckDB; a second plans and compiles the same for a few rows
os.environ["HATINH_LANGUAGE"] = "en"
use("en")
"""Messages are English in the tests, whatever the locale of the machine; pages have a language of their own."""
gc.set_threshold(
    50_000, 20, 50
)  # a build with dbt makes millions of objects that stay: a tenth of it was to look for others
hypothesis_settings.register_profile("few", max_examples=25)
hypothesis_settings.load_profile("few")
"""Examples of a property that states no number of its own; `make test-all` draws a hundred of each."""
typer.testing._get_command = functools.cache(typer.testing._get_command)
"""`CliRunner` would make all commands anew for each call, which takes longer than most of them: 30 ms."""
LONGEST = (
    "end_to_end/test_walk.py",
    "golden/test_golden.py",
    "nation/test_nation.py",
    "scoreboard/test_page.py",
    "transform/test_incremental.py",
    "catalogue/test_catalogue.py",
    "geography/test_villages.py",
    "release/test_release_disclosure.py",
    "release/test_release_changes.py",
    "reporting/test_check.py",
    "release/test_release_publish.py",
    "scoreboard/test_model.py",
    "quality/test_registries.py",
    "release/test_release_killed.py",
    "structure/test_imports.py",
    "quality/test_gx.py",
)
"""Files in the order in which they begin, before all others: two workers end together when what is left is short."""
WITH_DBT = ("golden/test_golden.py", "transform/test_incremental.py", "transform/test_where_dbt_writes.py")
"""Files of one worker of pytest-xdist, that of all of them alone imports dbt: 4 s of processor time."""
BUILT = Evidence("built", "build", "", "block", passed=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    assert all(path.exists() for path in places), "LONGEST names a file that is not there"
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadFileScheduling

    class OneWorkerForDbt(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "dbt" if file.endswith(WITH_DBT) else file

    return OneWorkerForDbt(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    gc.freeze()  # what is imported stays: no collection looks through it


def pytest_sessionfinish() -> None:
    gc.freeze()  # pytest collects garbage at the end: 3 s in a process in which dbt and Dagster have run


@dataclass
class World:
    """The platform of one test. Each file lands a minute after the one before it."""

    platform: Platform
    landed_at: datetime = FIRST_LANDING
    is_built: bool = False

    @property
    def landing(self) -> Landing:
        return self.platform.landing

    @property
    def warehouse(self) -> Warehouse:
        return self.platform.warehouse

    @property
    def dbt(self) -> Dbt:
        return self.platform.dbt

    def land(self, name: str, content: bytes, source: Source = SOURCE) -> Receipt:
        """Land a file, of dossiers by default; its day and partition come from its name, as in the drop folder."""
        self.landed_at += timedelta(minutes=1)
        partition, day = source.period_of(name, self.landed_at.date())
        receipt, _ = self.landing.put(
            [content],
            source=source.name,
            name=name,
            partition=partition,
            extracted_on=day,
            address=f"drop:{name}",
            landed_at=self.landed_at,
            licence=source.licence,
        )
        return receipt

    def load(self, key: bytes = KEY) -> LoadReport:
        """Load every source, so that all raw tables are there. The report is that of the dossiers."""
        return self._load(key, all_sources().values())

    def load_landed(self, key: bytes = KEY) -> LoadReport:
        """Load dossiers and what has landed of other sources: nine tenths of a load are tables that stay empty."""
        landed = {SOURCE.name, *(path.name for path in self.landing.root.glob("*"))}
        return self._load(key, [source for name, source in all_sources().items() if name in landed])

    def _load(self, key: bytes, sources: Iterable[Source]) -> LoadReport:
        self.platform.settings.pseudonym_key.write_text(key.hex())
        return walk.load(self.platform, sources).reports["dossiers"]

    def build(self, *, full_refresh: bool = False, select: str | None = None) -> None:
        """Build every model, or those that dbt's `--select` names; a model that fails fails the test."""
        if select or full_refresh:
            results = self.dbt.build(full_refresh=full_refresh or not self.is_built, select=select)
        else:
            results = list(walk.build(self.platform).results)
        assert [(r.name, r.message) for r in results if r.status not in ("success", "unchanged")] == []
        self.is_built = True

    def release(self, now: datetime, *targets: str) -> Outcome:
        """Release some targets as they are, unjudged: only the test reads what it releases."""
        with self.warehouse.connect() as connection:
            write_verdicts(connection, {target: Verdict(target, (BUILT,)) for target in targets})
            set_state(connection, "built_by", "test")
        return walk.release(replace(self.platform, now=lambda: now), RunInfo("run", now, "abc1234"))

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(sql, parameters).fetchall()


@pytest.fixture(autouse=True)
def _english() -> None:
    """Every test begins in English, though a command before it may have chosen another language."""
    use("en")


@pytest.fixture(scope="session")
def fresh_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], World]:
    """Makes an empty world, and ends the one before. All take the one parse of dbt in the project's own target."""
    root = tmp_path_factory.mktemp("world")
    settings = load_settings(
        data_dir=root,
        language="vi",
        pseudonym_key_file=root / "key",
        memory_limit="1GB",
        max_record_mb=1,
        drop_settle_seconds=0,
    )
    project = Platform(settings).dbt
    project.manifest()
    (root / "target").mkdir()
    for kept in ("manifest.json", "manifest.msgpack", "manifest.fingerprint", "data_tests.json"):
        if (file := project.manifest_path.with_name(kept)).exists():
            shutil.copy(file, root / "target")

    def fresh() -> World:
        for part in ("raw", "warehouse", "marts"):
            shutil.rmtree(root / part, ignore_errors=True)
        return World(Platform(settings, sleep=lambda seconds: None, dbt_target=root / "target"))

    return fresh


@pytest.fixture
def world(fresh_world: Callable[[], World]) -> World:
    return fresh_world()


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """Makes a dossier in wire format that every rule accepts; arguments replace its fields, None takes one out."""

    def make(sequence: int = 1, **changes: Any) -> dict[str, Any]:
        fields = {
            "MaHoSo": f"H27.101-260302-{sequence:04d}",
            "MaTTHC": "9.000001",
            "MaLinhVuc": "HT",
            "KenhThucHien": "2",
            "LoaiDoiTuong": "1",
            "TrangThaiHoSo": "9",
            "NgayNopHoSo": "20260302073000",
            "NgayTiepNhan": "20260302080000",
            "NgayHenTra": "20260312170000",
            "NgayKetThucXuLy": "20260310080000",
        }
        return {field: value for field, value in {**fields, **changes}.items() if value is not None}

    return make
