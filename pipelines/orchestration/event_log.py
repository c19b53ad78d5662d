"""Dagster's event log in SQLite, which keeps its connections open and commits bursts of events at once during a run.

Dagster opens, commits and closes two to four connections for every event: 2,522 times for the 747 events of a run, half
of the time of a run with nothing new. While a run is executed in `batching`, the same tables get the same rows over one
connection per file, and events that come in bursts (planned, materialized and checked assets, outputs) are committed
with the next event of another kind. A process that is killed loses one burst of Dagster's records and no fact:
`versions.json` is the record of runs. Outside of `batching` (web server, daemon) this is Dagster's own class.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import DagsterEventType, DagsterInstance
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

BURSTS = frozenset(
    {
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        DagsterEventType.ASSET_MATERIALIZATION,
        DagsterEventType.ASSET_CHECK_EVALUATION,
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.HANDLED_OUTPUT,
        DagsterEventType.LOADED_INPUT,
    }
)


class BatchedEventLogStorage(SqliteEventLogStorage):
    """The log of the instance in `$DAGSTER_HOME/history/runs`, where Dagster's default has it."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._kept: dict[str, Connection] = {}
        self._tables: set[str] = set()
        self._is_batching = False
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> BatchedEventLogStorage:
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    @contextmanager
    def batching(self) -> Iterator[None]:
        """Keep connections open and commit bursts at once, until the end of the block."""
        if self._is_batching:
            yield
            return
        self._is_batching = True
        try:
            yield
        finally:
            self._is_batching = False
            with self._db_lock:
                try:
                    self._commit()
                finally:
                    for connection in self._kept.values():
                        connection.close()
                    self._kept.clear()

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        if self._is_batching and event.dagster_event_type not in BURSTS:
            with self._db_lock:
                self._commit()

    def _commit(self) -> None:
        for connection in self._kept.values():
            try:
                connection.commit()
            except BaseException:
                connection.rollback()  # else the next one reports that this was not done, and not why, as a full disk
                raise

    def has_table(self, table_name: str) -> bool:
        if table_name not in self._tables:  # asked for with every check; tables are made once
            if not super().has_table(table_name):
                return False
            self._tables.add(table_name)
        return True

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if not self._is_batching:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            connection = self._kept.get(shard) or self._open(shard)
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def index_transaction(self) -> Iterator[Connection]:
        """Dagster's own commits each event of an asset: a burst of them stays in one transaction."""
        if not self._is_batching:
            with super().index_transaction() as connection:
                yield connection
            return
        with self.index_connection() as connection:
            if not connection.in_transaction():
                connection.begin()
            yield connection

    def _open(self, shard: str) -> Connection:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._kept[shard] = engine.connect()
        return self._kept[shard]


@contextmanager
def batched_events(instance: DagsterInstance | None) -> Iterator[None]:
    """Batch the events of an instance for the length of a run, where its event log can."""
    storage = instance.event_log_storage if instance else None
    if isinstance(storage, BatchedEventLogStorage):
        with storage.batching():
            yield
    else:
        yield
