"""The one reader of a release: its tables as polars frames or in SQL, with titles and units.

The page, the workbook, the commands and `import hatinh` read a release through it. A reader is bound to one folder of
`releases/`, never to the link `current`, so it sees one release to the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import tr
from pipelines.release.files import PACKAGE
from pipelines.release.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

Row = dict[str, Any]


class NoTable(LookupError):
    """The release does not hold the table that was asked for. The message lists what it holds."""


@dataclass(frozen=True)
class ReleaseReader:
    """One release on disk, read-only. `path` is its folder."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def package(self) -> Mapping[str, Any]:
        """`datapackage.json`: columns, sources, verdicts, what is held back."""
        package: dict[str, Any] = json.loads((self.path / PACKAGE).read_bytes())
        return package

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(file.stem for file in self.path.glob("*.parquet")))

    def table(self, name: str) -> pl.LazyFrame:
        """A table as a lazy frame: only the columns and rows that a query needs are read.

        Raises:
            NoTable: the release has no such table.
        """
        import polars as pl

        return pl.scan_parquet(self._file(name))

    def arrow(self, name: str) -> pa.Table:
        """A table as Arrow, with titles and units in the metadata of its fields."""
        import pyarrow.parquet as pq

        return pq.read_table(self._file(name))

    def columns(self, name: str) -> dict[str, dict[str, str]]:
        """By column: `title_vi`, `title_en`, `unit` and `description`, as the Parquet file states them."""
        import pyarrow.parquet as pq

        fields = pq.read_schema(self._file(name))
        return {
            field.name: {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
            for field in fields
        }

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Rows of a DuckDB query over the tables of the release, each under its name."""
        with self.connect() as connection:
            return rows_of(connection.execute(sql, parameters) if parameters else connection.execute(sql))

    def connect(self, expected: Mapping[str, Mapping[str, str]] | None = None) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection in memory with one view per table; the caller closes it.

        Args:
            expected: types by column by table. A table of these that the release does not have is empty, a column null:
                an older release can be shown by newer code.
        """
        import duckdb

        connection = duckdb.connect(config={"threads": 1})
        for name in {**dict.fromkeys(self.tables), **dict.fromkeys(expected or {})}:
            parts = []
            if columns := (expected or {}).get(name):
                nulls = ", ".join(f"cast(null as {kind}) as {identifier(column)}" for column, kind in columns.items())
                parts.append(f"select {nulls} where false")
            if name in self.tables:
                parts.append(f"select * from read_parquet({literal(str(self._file(name)))})")
            connection.execute(f"create view {identifier(name)} as {' union all by name '.join(parts)}")
        return connection

    def _file(self, name: str) -> Path:
        if name not in self.tables:
            raise NoTable(
                tr(
                    "Release {id} has no table {name}. It has: {value}.",
                    id=self.id,
                    name=name,
                    value=", ".join(self.tables) or "none",
                )
            )
        return self.path / f"{name}.parquet"


def rows_of(answer: duckdb.DuckDBPyConnection) -> list[Row]:
    """The rows of an executed query, by column."""
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
