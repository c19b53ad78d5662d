"""DuckDB's SQLAlchemy dialect as the gate needs it: read-only, one connection, no transactions.

Great Expectations reads rows after it has given its connection back, and SQLAlchemy rolls a returned connection back,
which discards DuckDB's pending result. Nothing is ever written through this dialect, so it opens no transaction and has
none to roll back. SQLAlchemy imports this module when a connection string names `duckdb+gate`; nothing else does.

    duckdb+gate://?warehouse=<file>&memory_limit=4GB&threads=2[&last_release=<file>]
        [&storage=<address>&credentials=<file>]

It holds no key of the storage, only where the keys are read. All is in the query because there it is escaped, whatever
characters a path holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from duckdb_sqlalchemy import ConnectionWrapper, Dialect
from sqlalchemy import URL
from sqlalchemy.pool import Pool, StaticPool

from pipelines.warehouse.storage import ObjectStorage


def gate_url(
    warehouse: Path, last_release: Path | None, memory_limit: str, threads: int, storage: ObjectStorage | None = None
) -> str:
    """The connection string of a gate on `warehouse`, which also sees `last_release` under that name."""
    query = {"warehouse": str(warehouse), "memory_limit": memory_limit, "threads": str(threads)}
    if last_release is not None:
        query["last_release"] = str(last_release)
    if storage is not None:
        query |= {"storage": storage.address, "credentials": str(storage.credentials)}
    return URL.create("duckdb+gate", query=query).render_as_string(hide_password=False)


class GateDialect(Dialect):  # type: ignore[misc]  # the package ships no types
    driver = "gate"
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return StaticPool

    def create_connect_args(self, url: URL) -> tuple[tuple[()], dict[str, Any]]:
        return (), dict(url.query)

    def connect(
        self,
        warehouse: str,
        memory_limit: str,
        threads: str,
        last_release: str | None = None,
        storage: str | None = None,
        credentials: str = "",
    ) -> Any:
        config: dict[str, Any] = {"memory_limit": memory_limit, "threads": threads}
        connection = duckdb.connect(warehouse, read_only=True, config=config)
        try:
            # Connections of one process to one file share what is attached: a second one finds it there.
            if last_release is not None:
                path = last_release.replace("'", "''")
                connection.execute(f"ATTACH IF NOT EXISTS '{path}' AS last_release (READ_ONLY)")
            if storage is not None:
                ObjectStorage(storage, Path(credentials)).attach(connection)
        except BaseException:
            connection.close()
            raise
        return ConnectionWrapper(connection)

    def do_begin(self, dbapi_connection: Any) -> None:
        pass

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, dbapi_connection: Any) -> None:
        pass
