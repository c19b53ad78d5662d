"""The warehouse file, and the one process that may hold it at a time.

DuckDB locks its file: a second writer, or a reader beside a writer, fails in the middle of its work. So a run takes a
lock file first, for its full duration, and a second writer gets an error at once that names the holder. Readers use
releases.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import duckdb

from pipelines.language import tr
from pipelines.warehouse.storage import ObjectStorage, explained

SCHEMA = """
create schema if not exists raw;
create schema if not exists meta;
create table if not exists raw.files (
    file_no integer primary key,
    source varchar not null,
    sha256 varchar not null,
    name varchar not null,
    path varchar not null,
    partition varchar not null,
    extracted_on date not null,
    landed_at timestamp not null, -- UTC
    synthetic boolean not null,
    load_no integer not null,
    status varchar not null check (status in ('loaded', 'refused')),
    refusal varchar,
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    unexpected_fields varchar[] not null,
    rows_elsewhere bigint default 0, -- of other places, passed over and counted: no part of rows_in
    replaced_by integer, -- file_no of the later file that replaces it
    reading varchar, -- digest of the rules, settings and registries under which it was read
    check (rows_in = rows_loaded + rows_quarantined)
);
alter table raw.files add column if not exists rows_elsewhere bigint default 0; -- added with world-wide feeds
alter table raw.files add column if not exists replaced_by integer; -- warehouses in which staging worked it out
alter table raw.files add column if not exists reading varchar; -- added when files began to be read again
create table if not exists raw.quarantine (
    file_no integer not null,
    row_no bigint not null,
    reason varchar not null,
    field varchar,
    shape varchar
);
create table if not exists meta.processed (model varchar primary key, load_no integer not null, extracted_on date);
create table if not exists meta.state (key varchar primary key, value varchar not null);
"""


STORAGE = "v1.4.0"
"""Format of a new file. From this one on a write-ahead log names its file: that of another one, as a backup that was
put back may meet, is refused and not played into it."""


_NOT_DAMAGE = ("lock", "read-only file system", "permission denied", "no space left")
"""What an error states that is about the place and not about the file."""


class WarehouseBusy(RuntimeError):
    """Another process holds the warehouse. The message states which, since when, and for what."""


class WarehouseDamaged(duckdb.IOException):
    """The file is there and is no warehouse any more. Nothing is lost: the message names the command."""


@dataclass(frozen=True)
class Holder:
    """The process that holds the warehouse."""

    pid: int
    host: str
    purpose: str
    since: str

    def __str__(self) -> str:
        return tr(
            "process {pid} on {host} ({purpose}, since {since})",
            pid=self.pid,
            host=self.host,
            purpose=self.purpose,
            since=self.since,
        )


@dataclass(frozen=True)
class Warehouse:
    """The DuckDB file of one province."""

    path: Path
    memory_limit: str = "4GB"
    threads: int = 2
    storage: ObjectStorage | None = None
    """Where the rows of dossiers lie, if not in the file or beside it: connections can read it."""

    @property
    def lock_path(self) -> Path:
        return self.path.with_suffix(".lock")

    @contextmanager
    def hold(self, purpose: str, now: datetime) -> Iterator[None]:
        """Be the one process that may open the file. The system frees the lock when the process dies, however it dies.

        Raises:
            WarehouseBusy: another process holds it.
        """
        self._make_folder()
        with open(self.lock_path, "a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self.holder()
                raise WarehouseBusy(
                    tr(
                        "The warehouse is held by {holder}. Wait until it ends; releases can be read meanwhile.",
                        holder=holder or tr("another process"),
                    )
                ) from None
            lock.truncate(0)
            lock.write(
                json.dumps(
                    {
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "purpose": purpose,
                        "since": now.isoformat(timespec="seconds"),
                    }
                )
            )
            lock.flush()
            try:
                yield
            finally:
                lock.truncate(0)

    def _make_folder(self) -> None:
        """The folder of the warehouse and of what DuckDB spills beside it: nobody else may look into it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.parent.stat().st_mode & 0o077:
            self.path.parent.chmod(0o700)

    def holder(self) -> Holder | None:
        """Who holds the warehouse now; None when nobody does."""
        try:
            with self._lock_to_look_at() as lock:
                text = lock.read()
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return Holder(**json.loads(text)) if text else Holder(0, "?", "?", "?")
        except FileNotFoundError:
            pass
        return None

    def _lock_to_look_at(self) -> TextIO:
        try:
            return open(self.lock_path, "r+", encoding="utf-8")  # a file system of the network locks no other way
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            return open(self.lock_path, encoding="utf-8")  # a read-only mount: who looks need not write

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file, with its schemas made where they are missing; closed at the end, so that dbt can open it."""
        self._make_folder()
        connection = self._open(read_only=read_only)
        try:
            if self.storage:
                self.storage.attach(connection)
            if not read_only:
                connection.execute(SCHEMA)
            with explained(self.storage):
                yield connection
        finally:
            connection.close()

    def _open(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(
                str(self.path),
                read_only=read_only,
                config={
                    "threads": self.threads,
                    "memory_limit": self.memory_limit,
                    "temp_directory": str(self.path.parent / "spill"),
                    "preserve_insertion_order": False,
                    "autoinstall_known_extensions": False,
                    "storage_compatibility_version": STORAGE,
                },
            )
        except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException) as error:
            if not self.path.exists() or any(word in str(error).lower() for word in _NOT_DAMAGE):
                raise
            raise WarehouseDamaged(
                tr(
                    "{path} is damaged and cannot be opened. Nothing is lost: `hatinh rebuild` makes it again from the "
                    "landed files",
                    path=self.path,
                )
            ) from None


def get_state(connection: duckdb.DuckDBPyConnection, key: str) -> str | None:
    """A remembered fact of the warehouse, such as the fingerprint of the models it was built with."""
    # the keys are ours: a bound parameter makes DuckDB import pandas, which costs half a second
    row = connection.execute(f"select value from meta.state where key = '{key}'").fetchone()
    return None if row is None else str(row[0])


def set_state(connection: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    connection.execute("insert or replace into meta.state values (?, ?)", [key, value])
