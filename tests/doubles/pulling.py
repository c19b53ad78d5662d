"""A pull against a stand-in, and the load of what it landed, without waiting."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.landing.http import HttpClient
from pipelines.landing.pull import pull
from pipelines.landing.store import Landing, Receipt
from pipelines.sources.base import Source
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import LoadReport, load, stored_file

KEY = bytes(range(32))


@dataclass
class Pulls:
    """Pulls of one source into one store. The clock moves `seconds_a_look` forward each time it is looked at."""

    root: Path
    source: Source
    address: str
    credentials: dict[str, str]
    now: datetime = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    seconds_a_look: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    landed: list[Receipt] = field(default_factory=list)

    @property
    def landing(self) -> Landing:
        return Landing(self.root / "raw")

    def clock(self) -> datetime:
        self.now += timedelta(seconds=self.seconds_a_look)
        return self.now

    def pull(self, partition: str = "2026-11") -> list[str]:
        """Names of the files that are new."""
        results = pull(
            self.landing,
            self.source,
            partition,
            self.address,
            now=self.clock,
            credentials=self.credentials,
            client=lambda: HttpClient(headers=self.headers, tries=3, sleep=self.waits.append, timeout_seconds=10),
        )
        new = [receipt for receipt, is_new in results if is_new]
        self.landed += new
        return [receipt.name for receipt in new]

    def load(self, connection: duckdb.DuckDBPyConnection) -> LoadReport:
        connection.execute(SCHEMA)
        return load(
            connection,
            self.source,
            self.landing.active(self.source.name),
            stored_file(self.landing.root),
            key=KEY,
            max_record_bytes=1 << 20,
        )


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def everything(connection: duckdb.DuckDBPyConnection) -> str:
    """All that stands in any table, as text."""
    tables = rows(connection, "select schema_name || '.' || table_name from duckdb_tables() where not internal")
    return "\n".join(str(rows(connection, f"from {table}")) for (table,) in tables)
