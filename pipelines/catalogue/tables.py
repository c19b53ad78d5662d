"""The tables of an edition as its description lists them, and what is read of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.release.reader import NoTable, Row, rows_of
from pipelines.release.released import Release
from pipelines.release.sql import identifier, literal


@dataclass(frozen=True)
class Table:
    """One table: the resource of its Parquet file, and all files that hold its rows."""

    resource: Mapping[str, Any]
    files: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        return str(self.resource["name"])

    @property
    def fields(self) -> list[Mapping[str, Any]]:
        return list(self.resource["schema"]["fields"])

    @property
    def day(self) -> str | None:
        """The column of the key with the period that a row belongs to."""
        key = self.resource["schema"]["primaryKey"]
        return next((f["name"] for f in self.fields if f["name"] in key and f["type"] == "date"), None)


def tables(release: Release) -> list[Table]:
    """By name. In the open edition a table has two files: Parquet and CSV."""
    resources = release.package["resources"]
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for resource in resources:
        by_name.setdefault(str(resource["name"]).removesuffix(".csv"), []).append(resource)
    return [Table(files[0], tuple(files)) for _, files in sorted(by_name.items())]


def query(release: Release, table: str, sql: str) -> list[Row]:
    """Rows of a query over one table: a connection over all of them costs a view for each."""
    import duckdb

    path = release.path / f"{table}.parquet"
    if not path.exists():
        raise NoTable(f"Release {release.id} has no table {table}.")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"create view {identifier(table)} as select * from read_parquet({literal(str(path))})")
        return rows_of(connection.execute(sql))


def span(release: Release, table: Table) -> tuple[date, date] | None:
    """The first and the last period of a table, by its key; None where it has no rows or no periods."""
    if table.day is None:
        return None
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    days = pq.read_table(release.path / table.resource["path"], columns=[table.day]).column(table.day)
    first, last = (pc.min(days).as_py(), pc.max(days).as_py())
    return (first, last) if first else None


def sample_rows(release: Release, table: Table, count: int) -> list[dict[str, Any]]:
    """The first rows, in the order of the file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(release.path / table.resource["path"]) as file:
        rows: list[Row] = next(file.iter_batches(count)).to_pylist() if file.metadata.num_rows else []
    return rows
