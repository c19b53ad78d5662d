"""A day's change on the engine: what dbt's two incremental strategies (macros/increments.sql) do to tables of DuckDB.

`replace_months`: counts are tables of the warehouse. The model's own SQL decides there which months are to be rebuilt,
the engine counts these, and they take the place of the former ones.
`replace_rows`: rows of dossiers are Parquet in one folder per month (`config.meta.folders_by`). The engine computes the
new rows, and writes the months in which they lie, or their former selves did. No other file is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.engine.files import RowFiles
from pipelines.engine.relations import Types
from pipelines.transform.dbt import Dbt
from pipelines.warehouse.load import is_view

FOLDER = "folder"
NONE = "none"
"""The folder of rows without a month."""
ROWS_PER_FILE = 2_000_000
"""The most rows in one file of a month."""
BETWEEN = "\n;;\n"


@dataclass(frozen=True)
class Macros:
    """What the macros of the project write for each incremental model of the front, by its name."""

    touched_months: Mapping[str, str]
    mark_processed: Mapping[str, str]

    @classmethod
    def of(cls, dbt: Dbt, models: Sequence[str]) -> Macros:
        texts = [f"{{{{ {macro}('{name}') }}}}" for macro in ("touched_months", "mark_processed") for name in models]
        written = dbt.rendered(BETWEEN.join(texts)).split(BETWEEN) if models else []
        months, marks = written[: len(models)], written[len(models) :]
        return cls(dict(zip(models, months, strict=True)), dict(zip(models, marks, strict=True)))


def can_be_incremented(connection: duckdb.DuckDBPyConnection, nodes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the former results of all of them are there, in the form that the engine leaves them in."""
    return all(
        is_view(connection, f"{node['schema']}.{node['alias']}")
        is (node["config"]["incremental_strategy"] == "replace_rows")
        for node in nodes
    )


def with_months(connection: duckdb.DuckDBPyConnection, sql: str, touched_months: str) -> tuple[str, str]:
    """The SQL of a model with the months that are to be rebuilt written out, and these.

    Raises:
        NotTranslated: the model takes its months from elsewhere.
    """
    from pipelines.engine.translate import NotTranslated  # needs the extra `engine`

    query = f"(select t.month from ({touched_months}) as t)"
    if query not in sql:
        raise NotTranslated("an incremental model by months takes them from only_touched_months(): see its SQL")
    months = [row[0] for row in connection.execute(touched_months).fetchall() if row[0] is not None]
    listed = "(" + (", ".join(f"date '{month}'" for month in sorted(months)) or "cast(null as date)") + ")"
    return sql.replace(query, listed), listed


def replace_months(connection: duckdb.DuckDBPyConnection, relation: str, query: str, types: Types, months: str) -> None:
    connection.execute(f"delete from {relation} where month in {months}")
    connection.execute(f"insert into {relation} ({', '.join(types)}) {query}")


def write_by_month(frame: Any, folder: str, month: str, files: RowFiles) -> list[str]:
    """Rows as Parquet in one folder per month; the files hold the column too.

    One task writes a month: as many files as its rows need, however many tasks computed them. Sail has no such limit
    of rows, and writes one file.
    """
    from pyspark.sql import functions as f

    named = frame.withColumn(FOLDER, f.coalesce(f.col(month).cast("string"), f.lit(NONE))).repartition(FOLDER)
    named.write.option("maxRecordsPerFile", ROWS_PER_FILE).partitionBy(FOLDER).parquet(folder)
    return files.written(folder, frame, frame.sparkSession)


def month_of(file: str) -> str:
    """The month whose folder holds a file."""
    return file.split("/")[-2].partition("=")[2]


def replace_rows(
    new: Any,
    former: Sequence[str],
    folder: str,
    month: str,
    key: str,
    read: Callable[[Sequence[str]], Any],
    files: RowFiles,
) -> list[str]:
    """The files of a relation in which the new rows have replaced those with their keys.

    Args:
        new: the new rows, computed once: they are asked for several times.
        former: the files as they are, one folder per month.
        read: makes rows of files.
    """
    from pyspark.sql import functions as f

    aside = f"{folder}.new"
    new.write.parquet(aside)
    if not (computed := files.written(aside, new, new.sparkSession)):
        return list(former)
    new = read(computed)
    old, keys = read(former), new.select(key)
    folders = f.coalesce(f.col(month).cast("string"), f.lit(NONE)).alias(FOLDER)
    touched = new.select(folders).union(old.join(keys, key, "left_semi").select(folders)).distinct()
    months = set(touched.toArrow().column(0).to_pylist())
    rewritten = [file for file in former if month_of(file) in months]
    if rewritten:
        new = read(rewritten).join(keys, key, "left_anti").unionByName(new)
    written = write_by_month(new, folder, month, files) if months else []
    files.remove(aside)
    return [*(file for file in former if file not in set(rewritten)), *written]


def files_of_view(connection: duckdb.DuckDBPyConnection, relation: str | None = None) -> list[str]:
    """The Parquet that a view of the warehouse, or any of them, reads."""
    views = connection.execute(
        "select sql from duckdb_views() where not internal and ($1 is null or schema_name || '.' || view_name = $1)",
        [relation],
    ).fetchall()
    return [str(file) for (sql,) in views for file in re.findall(r"'([^']+\.parquet)'", sql)]
