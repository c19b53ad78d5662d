"""Relations between the warehouse and the engine: Parquet that both see under one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from pipelines.engine.files import RowFiles
from pipelines.warehouse.load import is_view

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
Types = Mapping[str, str]
"""DuckDB's type of each column, in order."""


class TypesDiffer(ValueError):
    """A column has a type that the engine does not carry exactly. The message names relation, column and type."""


def types_of(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe {query}").fetchall()}


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, file: str, files: RowFiles) -> None:
    """The rows of a query as Parquet. The engine knows no UUID: they go as text.

    Raises:
        TypesDiffer: the engine would read a column as another type.
    """
    types = types_of(connection, query)
    for column, kind in types.items():
        _refuse_inexact(f"{file.rpartition('/')[2].removesuffix('.parquet')}.{column}", kind)
    columns = ", ".join(
        f"cast({name} as varchar) as {name}" if kind == "UUID" else name for name, kind in types.items()
    )
    with files.new_file(file) as path:
        connection.execute(f"copy (select {columns} from ({query})) to '{path}' (format parquet, compression zstd)")


def _refuse_inexact(column: str, kind: str) -> None:
    """Parquet has no integer of 128 bits: DuckDB would write a double."""
    if "HUGEINT" in kind or kind.startswith(("UBIGINT", "TIME ", "BLOB", "INTERVAL")) or "UUID[" in kind:
        raise TypesDiffer(f"{column} is of type {kind}, which does not reach the engine exactly: cast it in the model")


def read_query(connection: duckdb.DuckDBPyConnection, files: Sequence[str], types: Types, relation: str) -> str:
    """A query of DuckDB on Parquet that the engine wrote, with the types that DuckDB has for the relation.

    Raises:
        TypesDiffer: the engine computed a column of another type: the rows would be rounded.
    """
    listed = ", ".join(f"'{file}'" for file in files)
    written = types_of(connection, f"select * from read_parquet([{listed}], hive_partitioning = false)")
    if list(written) != list(types):
        raise TypesDiffer(f"{relation}: the engine has the columns {', '.join(written)}, DuckDB {', '.join(types)}")
    for column, kind in types.items():
        there = written[column]
        if not (there == kind or (there in INTEGERS and kind in INTEGERS) or (there, kind) == ("VARCHAR", "UUID")):
            raise TypesDiffer(f"{relation}.{column} is {there} on the engine and {kind} in DuckDB")
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return f"select {columns} from read_parquet([{listed}], hive_partitioning = false)"


def replace_relation(connection: duckdb.DuckDBPyConnection, kind: str, relation: str, query: str) -> None:
    """A table or a view, in place of whatever has its name."""
    there = is_view(connection, relation)
    connection.execute(f"create schema if not exists {relation.partition('.')[0]}")
    if there is not None:
        connection.execute(f"drop {'view' if there else 'table'} {relation}")
    connection.execute(f"create {kind} {relation} as {query}")
