"""A small platform for tests: files land, are loaded and built as in a run, without Dagster, in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.landing.store import Landing, Receipt
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.sources.dossiers import SOURCE
from pipelines.transform.dbt import Dbt
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.load import LoadReport, load, stored_file

KEY = bytes(range(32))
FIRST_LANDING = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


@dataclass
class World:
    """Landing, warehouse and dbt of one test. Each file lands a minute after the one before it."""

    landing: Landing
    warehouse: Warehouse
    dbt: Dbt
    landed_at: datetime = FIRST_LANDING
    is_built: bool = False

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
        with self.warehouse.connect() as connection:
            reports = {
                name: load(
                    connection,
                    source,
                    self.landing.in_force(name),
                    stored_file(self.landing.root),
                    key=key,
                    max_record_bytes=1 << 20,
                )
                for name, source in all_sources().items()
            }
        return reports["dossiers"]

    def build(self, *, full_refresh: bool = False, select: str | None = None) -> None:
        """Build every model, or those that dbt's `--select` names; a model that fails fails the test."""
        results = self.dbt.build(full_refresh=full_refresh or not self.is_built, select=select)
        assert [(r.name, r.message) for r in results if r.status not in ("success", "unchanged")] == []
        self.is_built = True

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="session")
def fresh_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], World]:
    """Makes an empty world, and ends the one before. All take the one parse of dbt in the project's own target."""
    root = tmp_path_factory.mktemp("world")
    variables = {"min_cell_count": 5, "province_code": "42", "portal_code": "H27"}
    warehouse = Warehouse(root / "warehouse" / "warehouse.duckdb", memory_limit="1GB")
    project = Dbt(PROJECT_ROOT / "dbt_project", warehouse.path, 2, "1GB", variables)
    project.manifest()
    (root / "target").mkdir()
    for kept in ("manifest.json", "manifest.msgpack", "manifest.fingerprint", "data_tests.json"):
        if (file := project.manifest_path.with_name(kept)).exists():
            shutil.copy(file, root / "target")

    def fresh() -> World:
        for part in ("raw", "warehouse"):
            shutil.rmtree(root / part, ignore_errors=True)
        return World(Landing(root / "raw"), warehouse, replace(project, target=root / "target"))

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
