"""Dagster's own event log in SQLite, with connections kept open: a run books some 400 events.

Dagster opens and closes the file two to four times an event, and SQLite folds its log back into the file and syncs it
at every close. One connection a file spares that. The log stays in its place and form; `.dagster/dagster.yaml` names
this class, so the page and the daemon use it too.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

KEPT = 4
"""Files held open at most: the index, the run that is on, and what the page shows beside them."""


class KeptEventLog(SqliteEventLogStorage):
    """The event log below `base_dir`, Dagster's home, where Dagster itself would put it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptEventLog:
        return cls(os.path.join(config_value["base_dir"], "history", "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:  # so that one connection is enough, whatever the number of threads
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._kept:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _without_a_sync_each)
            self._kept[shard] = engine
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)[1].dispose()
        self._kept.move_to_end(shard)
        return self._kept[shard]

    def dispose(self) -> None:
        with self._db_lock:
            while self._kept:
                self._kept.popitem()[1].dispose()
        super().dispose()


def _without_a_sync_each(connection: Any, _: Any) -> None:
    """In SQLite's write-ahead mode the file stays whole even so; only a power cut may lose the last events."""
    connection.execute("pragma synchronous = normal")
