"""The marts on another engine: the SQL of the dbt models, translated by sqlglot, run by Spark, compared cell by cell.

The way past one machine, tried: what the marts read (`intermediate`, `registry`, `raw.files`) goes out as Parquet, the
compiled models are translated from DuckDB's dialect to Spark's, and their rows must be those that DuckDB has. Spark is
no dependency of the project:

    uv pip install 'pyspark>=4,<5'            # and a Java 17
    python -m benchmarks.spark                # after a run; --mart NAME for one

and on the golden cases, worked by hand (`pytest tests/golden --basetemp=DIR`), with HATINH_DATA_DIR=DIR/world0.
Exit code 1 when a mart that was translated gives other figures. One that Spark cannot take yet is printed with its
reason.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from itertools import takewhile
from operator import is_not
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.platform import Platform
from pipelines.settings import load_settings
from pipelines.transform.marts import Mart, marts_of, parents_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession


# Functions of DuckDB that neither Spark nor sqlglot knows, as macros: parameters and meaning.
SPELLED = {
    "list_position": (["list", "item"], "nullif(array_position(list, item), 0)"),
    "to_months": (["months"], "make_ym_interval(0, months)"),
    "to_seconds": (["seconds"], "make_dt_interval(0, 0, 0, seconds)"),
}


def meaning(text: str, **given: exp.Expr) -> exp.Expr:
    """The expression of the text, with what is given in place of the names."""
    tree = sqlglot.parse_one(text, read="duckdb")
    for column in list(tree.find_all(exp.Column)):
        if column.name in given:
            column.replace(exp.paren(given[column.name]))
    return tree


def write_out_names(tree: exp.Expr, connection: duckdb.DuckDBPyConnection) -> None:
    """Spark's SQL unites by place only: both sides list every column, as DuckDB reports them."""
    for union in reversed(list(tree.find_all(exp.Union))):  # the inner ones first
        if not union.args.get("by_name"):
            continue
        own = union.find_ancestor(exp.CTE)
        before = ", ".join(cte.sql("duckdb") for cte in takewhile(partial(is_not, own), tree.find_all(exp.CTE)))
        sides = (union.left, union.right)
        described = [connection.execute(f"describe with {before} {side.sql('duckdb')}").fetchall() for side in sides]
        has = [[name for name, *_ in columns] for columns in described]
        every = dict.fromkeys(has[0] + has[1])
        for side, names in zip(sides, has, strict=True):
            columns = [exp.column(name) if name in names else exp.alias_(exp.null(), name) for name in every]
            side.replace(exp.select(*columns).from_(side.copy().subquery("side")))
        union.set("by_name", False)


def write_out_macros(tree: exp.Expr, connection: duckdb.DuckDBPyConnection) -> None:
    """The project's own macros, which the warehouse has (QĐ 766), and those above."""
    of_warehouse = connection.execute(
        "select function_name, parameters, macro_definition from duckdb_functions()"
        " where function_type = 'macro' and not internal"
    ).fetchall()
    macros = SPELLED | {name: (parameters, text) for name, parameters, text in of_warehouse}

    def calls() -> Iterator[exp.Anonymous]:
        return (call for call in tree.find_all(exp.Anonymous) if call.name.lower() in macros)

    while call := next(calls(), None):  # a macro may call another
        parameters, text = macros[call.name.lower()]
        call.replace(meaning(text, **dict(zip(parameters, call.expressions, strict=True))))


def translated(sql: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The SQL of a compiled model in Spark's dialect; relations `schema.name` become views `schema__name`."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    write_out_names(tree, connection)
    write_out_macros(tree, connection)
    for table in tree.find_all(exp.Table):
        if table.db:
            table.replace(exp.to_table(f"{table.db}__{table.name}", alias=table.alias or None))
    for interval in tree.find_all(exp.Interval):
        clock = interval.this.name.split(":") if isinstance(interval.this, exp.Literal) else []
        if len(clock) == 3:
            seconds = int(clock[0]) * 3600 + int(clock[1]) * 60 + int(clock[2])
            interval.replace(exp.Interval(this=exp.Literal.string(str(seconds)), unit=exp.var("SECOND")))
    # DuckDB multiplies and rounds the double; Spark rounds the digits that it would print, and a half falls otherwise
    for rounded in reversed(list(tree.find_all(exp.Round))):
        if digits := rounded.args.get("decimals"):
            written = "round(x * pow(10, digits)) / pow(10, digits)"
            rounded.replace(meaning(written, x=rounded.this, digits=digits))
    # DuckDB passes over a null; Spark gives it where it belongs to the largest
    for largest in list(tree.find_all(exp.ArgMax)):
        largest.replace(meaning("max_by(x, y) filter (where x is not null)", x=largest.this, y=largest.expression))
    # of two distinct aggregates in one select, Spark's listagg must not be one (ClassCastException in 4.3)
    for listed in list(tree.find_all(exp.GroupConcat)):
        if distinct := listed.find(exp.Distinct):
            written = "nullif(array_join(array_sort(collect_set(item)), separator), '')"
            listed.replace(meaning(written, item=distinct.expressions[0], separator=listed.args["separator"]))
    # values in a lateral join cannot name columns of the table before it; a select can
    for values in list(tree.find_all(exp.Values)):
        if values.find_ancestor(exp.Lateral):
            values.replace(exp.union(*(exp.select(*row.expressions) for row in values.expressions), distinct=False))
    return tree.sql("spark")


def export(connection: duckdb.DuckDBPyConnection, relation: str, folder: Path, spark: SparkSession) -> None:
    """A relation of the warehouse as Parquet and as a view of Spark. Spark knows no UUID: it goes as text."""
    kinds = connection.execute(f"describe {relation}").fetchall()
    uuids = ", ".join(f"cast({name} as varchar) as {name}" for name, kind, *_ in kinds if kind == "UUID")
    path = folder / f"{relation}.parquet"
    chosen = f"* replace ({uuids})" if uuids else "*"
    connection.execute(f"copy (select {chosen} from {relation}) to '{path}' (format parquet)")
    spark.read.parquet(str(path)).createOrReplaceTempView(relation.replace(".", "__"))


def differences(connection: duckdb.DuckDBPyConnection, mart: Mart, written: Path) -> int:
    """Rows of the mart that Spark has otherwise or not at all, and the other way round; doubles to 9 digits."""
    columns = ", ".join(
        f"cast(round({column.name}, 9) as double) as {column.name}"
        if column.type == "double"
        else f"cast({column.name} as {column.type}) as {column.name}"
        for column in mart.columns
    )
    there = f"select {columns} from read_parquet('{written}/*.parquet')"
    here = f"select {columns} from {mart.relation}"
    row = connection.execute(
        f"with here as ({here}), there as ({there}) select (select count(*) from (from here except all from there))"
        " + (select count(*) from (from there except all from here))"
    ).fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mart", action="append", help="only this mart; may be repeated")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    from pyspark.sql import SparkSession

    settings = load_settings()
    manifest = Platform(settings).dbt.compiled()
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    marts = {mart.name: mart for mart in marts_of(manifest)}
    of_id = {nodes[name]["unique_id"]: name for name in marts}
    order = [of_id[unique_id] for unique_id in parents_first(manifest["parent_map"], of_id)]
    spark = (
        SparkSession.builder.master(f"local[{arguments.threads}]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "false")  # 1/0 is null in DuckDB too
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    wrong = 0
    with (
        duckdb.connect(str(settings.warehouse), read_only=True) as connection,
        tempfile.TemporaryDirectory() as folder,
    ):
        seen: set[str] = set()
        for name in order:
            if arguments.mart and name not in arguments.mart:
                continue
            for parent in manifest["parent_map"][nodes[name]["unique_id"]]:
                node = manifest["nodes"].get(parent) or manifest["sources"][parent]
                relation = f"{node['schema']}.{node['name']}"
                if relation not in seen:
                    seen.add(relation)
                    export(connection, relation, Path(folder), spark)
            written, started = Path(folder) / f"spark_{name}", time.monotonic()
            try:
                spark.sql(translated(nodes[name]["compiled_code"], connection)).write.parquet(str(written))
            except Exception as error:  # whatever the error, the next mart is tried
                print(f"{name:28} not yet: {str(error).strip().splitlines()[0][:110]}")
                continue
            different = differences(connection, marts[name], written)
            wrong += different
            took = time.monotonic() - started
            rows = connection.table(marts[name].relation).shape[0]
            print(f"{name:28} {f'{different} rows differ of' if different else 'equal'} {rows} rows  {took:.1f} s")
    spark.stop()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
