"""The load of dossiers on the workers of the engine: one task per landed file, which runs the load of the product.

A task loads its file into a DuckDB in memory and writes the typed rows as Parquet of their own; what it reports, the
row of `raw.files` and the quarantine, is booked in the warehouse. Only booked files are read: a task that was lost and
ran again, or a run that was killed, leaves Parquet that counts for nothing. The key of the pseudonyms is read from a
file on the worker and is in no plan of the engine.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import duckdb

from pipelines.engine.files import RowFiles
from pipelines.engine.increments import files_of_view
from pipelines.engine.relations import read_query, replace_relation, types_of, write_parquet
from pipelines.engine.session import EngineProblem, connect, translated_errors
from pipelines.language import tr
from pipelines.sources.base import Source
from pipelines.sources.isolated import where
from pipelines.sources.province import Province
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import FileLoad, LandedFile, is_view, load_alone, stored_file
from pipelines.warehouse.pseudonyms import KeyProblem, key_check, read_key
from pipelines.warehouse.storage import SCHEME, StorageProblem

_AT_ONCE = BoundedSemaphore(os.cpu_count() or 1)
"""Files that one process loads at the same time. Spark gives a process one task after the other, Sail all of them at
once: 22 files of 50 MB took 21 GB."""


@dataclass(frozen=True)
class Task:
    """What a worker needs to load one file. Paths are those of the worker: the folders are shared."""

    source: str
    province: Province | None
    file_no: int
    load_no: int
    reading: str
    file: LandedFile
    raw: Path
    key_file: Path
    key_check: str
    max_record_bytes: int
    memory_limit: str
    out: str
    rows: RowFiles


def load_file(task: Task) -> dict[str, Any]:
    """Runs on a worker: writes the typed rows of a file, and returns what is to be booked."""
    source = import_module(f"pipelines.sources.{task.source}").SOURCE
    source = source.bound(task.province) if task.province else source
    key = read_key(task.key_file)
    if key_check(key) != task.key_check:
        raise KeyProblem(tr("{key_file} on this worker is not the key of the warehouse", key_file=task.key_file))
    config: dict[str, Any] = {"threads": 1, "memory_limit": task.memory_limit, "autoinstall_known_extensions": False}
    with duckdb.connect(config=config) as connection:
        connection.execute(SCHEMA)
        result = load_alone(
            connection,
            source,
            task.file_no,
            task.file,
            stored_file(task.raw),
            key=key,
            max_record_bytes=task.max_record_bytes,
            load_no=task.load_no,
            reading=task.reading,
        )
        # complete or not there; twice the same task, twice the same rows
        write_parquet(connection, f"select * from raw.{source.name}", task.out, task.rows)
        booked = {
            table: connection.execute(f"select to_json(columns(*)) from raw.{table}").fetchall()
            for table in ("files", "quarantine")
        }
    return {"result": asdict(result), **booked}


def _on_worker(batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        for blob in batch.column(0).to_pylist():
            try:
                with _AT_ONCE:
                    report = load_file(pickle.loads(blob))  # noqa: S301 - our own task
            except Exception as error:  # where it happened, and no message: that may quote a row
                is_ours = isinstance(error, KeyProblem | StorageProblem)
                report = {"error": str(error) if is_ours else where(error)}
            yield pa.record_batch([pa.array([json.dumps(report)], pa.string())], names=["report"])


@dataclass(frozen=True)
class LoadOnEngine:
    """Loads files on the engine, and keeps their rows where the engine reads them."""

    address: str
    rows: RowFiles
    raw: Path
    key_file: Path
    max_record_bytes: int
    memory_limit: str

    @cached_property
    def _key_check(self) -> str:
        return key_check(read_key(self.key_file))

    def load(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        files: Mapping[int, LandedFile],
        load_no: int,
        reading: str,
    ) -> Iterator[FileLoad]:
        """Load files, each as one task, and book them in one transaction.

        Raises:
            EngineProblem: the engine is not there or failed. Nothing of these files is booked.
        """
        self.rows.claim()
        # rows of files that were withdrawn, and what dead runs left
        self.rows.remove_unused(self.rows.raw(source.name), self.files(connection, source.name))
        if not files:
            return
        tasks = [self._task(source, file_no, file, load_no, reading) for file_no, file in files.items()]
        reports = [json.loads(report) for report in self._reports(tasks)]
        if errors := sorted({report["error"] for report in reports if "error" in report}):
            raise EngineProblem(
                tr(
                    "A worker of {address} could not load files of {name}: {errors}",
                    address=self.address,
                    name=source.name,
                    errors=errors[0],
                )
            )
        by_number = {report["files"][0][0]: report for report in reports}
        if sorted(report["files"][0][0] for report in reports) != sorted(map(str, files)):
            raise EngineProblem(
                tr(
                    "The engine at {address} lost files of {name} or loaded some twice.",
                    address=self.address,
                    name=source.name,
                )
            )
        loaded = [task.out for task in tasks if by_number[str(task.file_no)]["result"]["rows_loaded"]]
        written = sum(report["result"]["rows_loaded"] for report in reports)
        self.rows.refuse_unseen(self.rows.raw(source.name), written, self.rows.count(loaded))
        connection.begin()
        try:
            for report in reports:
                for table in ("files", "quarantine"):
                    _insert(connection, table, report[table])
            self.publish(connection, source)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        for report in sorted(reports, key=lambda report: int(report["files"][0][0])):
            result = report["result"]
            result["reasons"] = tuple((reason, count) for reason, count in result["reasons"])
            yield FileLoad(**result | {"unexpected_fields": tuple(result["unexpected_fields"])})

    def _task(self, source: Source, file_no: int, file: LandedFile, load_no: int, reading: str) -> Task:
        return Task(
            source.name,
            source.province,
            file_no,
            load_no,
            reading,
            file,
            self.raw,
            self.key_file,
            self._key_check,
            self.max_record_bytes,
            self.memory_limit,
            self._parquet(source.name, file_no, file.sha256, load_no, reading),
            self.rows,
        )

    def _parquet(self, source: str, file_no: int, sha256: str, load_no: int, reading: str) -> str:
        """All that decides the rows is in the name: a late task of a dead run cannot replace other rows."""
        return f"{self.rows.raw(source)}/{file_no:07d}-{load_no}-{sha256[:8]}-{reading[:8]}.parquet"

    def _reports(self, tasks: list[Task]) -> list[str]:
        import pyarrow as pa

        session = connect(self.address)
        try:
            largest_first = sorted(tasks, key=lambda task: -task.file.bytes)
            blobs = pa.table({"task": pa.array([pickle.dumps(task) for task in largest_first], pa.binary())})
            with translated_errors(self.address, tr("load files of {name}", name=tasks[0].source)):
                frame = session.createDataFrame(blobs).repartition(len(tasks))
                return list(frame.mapInArrow(_on_worker, "report string").toArrow().column(0).to_pylist())
        finally:
            session.stop()

    def publish(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Make the view `raw.<source>` the rows of the files that are booked; rows of a table move out."""
        relation = f"raw.{source.name}"
        if self._lies_elsewhere(connection, relation):
            self._move_out(connection, source)
        files = self.files(connection, source.name)
        columns = ", ".join(f"null::{column.type} as {column.name}" for column in source.table.columns)
        empty = (
            "select null::bigint as version, null::integer as file_no, null::integer as load_no, "
            f"null::date as extracted_on, {columns} where false"
        )
        query = read_query(connection, files, types_of(connection, empty), relation) if files else empty
        replace_relation(connection, "view", relation, query)

    def files(self, connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
        """The Parquet of the booked files of a source."""
        return [path for _, path in self._booked(connection, source)]

    def _booked(self, connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[int, str]]:
        """Number and Parquet of each booked file of a source that has rows."""
        rows = connection.execute(
            f"select file_no, sha256, load_no, reading from raw.files where source = '{source}' and rows_loaded > 0 "
            "order by file_no"
        ).fetchall()
        return [(row[0], self._parquet(source, *row)) for row in rows]

    def _lies_elsewhere(self, connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
        """Whether rows lie in the warehouse, or beside it and now belong into the storage."""
        if (there := is_view(connection, relation)) is None:
            return False
        moved = [file for file in files_of_view(connection, relation) if not file.startswith(f"{self.rows.root}/")]
        if moved and moved[0].startswith(SCHEME):
            raise EngineProblem(
                tr(
                    "The rows of dossiers lie in another storage, {folder}. Set HATINH_ENGINE_STORAGE back and run "
                    "once with HATINH_ENGINE=duckdb: they come home, and move out from there.",
                    folder=moved[0].rpartition("/")[0],
                )
            )
        return not there or bool(moved)

    def _move_out(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        """Rows that lie elsewhere, as the Parquet that the engine would have written."""
        self.rows.claim()
        for file_no, path in self._booked(connection, source.name):
            write_parquet(connection, f"select * from raw.{source.name} where file_no = {file_no}", path, self.rows)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[list[str | None]]) -> None:
    """Rows of a table, each value as JSON, with the types of the table."""
    import pyarrow as pa

    if not rows:
        return
    types = types_of(connection, f"select * from raw.{table}")
    texts = {name: pa.array(values, pa.string()) for name, values in zip(types, zip(*rows, strict=True), strict=True)}
    structures = {name: f'["{kind[:-2]}"]' if kind.endswith("[]") else f'"{kind}"' for name, kind in types.items()}
    values = ", ".join(f"from_json({name}, '{structure}')" for name, structure in structures.items())
    connection.register("reported", pa.table(texts))
    connection.execute(f"insert into raw.{table} select {values} from reported")
    connection.unregister("reported")
