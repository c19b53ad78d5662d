"""The models of a run where `HATINH_ENGINE` names an engine: the front there, everything else by dbt on DuckDB.

dbt builds what the front reads; the engine computes the front, from the SQL that dbt compiled; its results enter the
warehouse in one transaction; dbt builds the rest. Relations with one row per dossier stay Parquet, beside the
warehouse, and are views in it; those that count dossiers come home as tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.engine.files import OWNER, RAW, RowFiles
from pipelines.engine.front import Front, front_of
from pipelines.engine.increments import (
    FOLDER,
    NONE,
    Macros,
    can_be_incremented,
    files_of_view,
    replace_months,
    replace_rows,
    with_months,
    write_by_month,
)
from pipelines.engine.relations import read_query, replace_relation, types_of, write_parquet
from pipelines.engine.session import EngineProblem, connect, translated_errors
from pipelines.language import tr
from pipelines.transform.data_tests import judged
from pipelines.transform.dbt import Dbt
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.marts import ancestors
from pipelines.warehouse.connection import Warehouse

OnResult = Callable[[NodeResult], None]
GOOD = ("success", "unchanged")
PROCESSED = "source.hatinh.meta.processed"
"""Read by increments only, which dbt does not state as a parent."""


@dataclass
class _Session:
    """A session on the engine, with the relations of the warehouse that it has as views."""

    spark: Any
    folder: str
    has: set[str] = field(default_factory=set)
    macros: Macros | None = None
    """For an increment; None where everything is computed again."""

    def close(self) -> None:
        """The engine may free what it keeps for the session; one that is gone by now has."""
        with suppress(Exception):
            self.spark.stop()

    def read(self, files: Sequence[str]) -> Any:
        # the name of a month's folder is no column
        return self.spark.read.parquet(*files).drop(FOLDER)

    def view(self, name: str, files: Sequence[str]) -> None:
        self.read(files).createOrReplaceTempView(name)
        self.has.add(name)

    def query_view(self, name: str, sql: str) -> None:
        self.spark.sql(sql).createOrReplaceTempView(name)
        self.has.add(name)


@dataclass
class ModelsOnEngine:
    """Builds and tests as `Dbt` does, with the front on the engine."""

    dbt: Dbt
    warehouse: Warehouse
    address: str
    rows: RowFiles
    _session: _Session | None = None

    def build(
        self,
        *,
        full_refresh: bool,
        on_result: OnResult | None = None,
        select: str | None = None,
        untouched: Collection[str] = (),
    ) -> list[NodeResult]:
        """Load seeds and build models, as `Dbt.build`; `select` is of the form `+model +model registry`.

        Raises:
            EngineProblem: the engine is not there or failed. The warehouse has the former results of the front.
            NotTranslated: a model of the front holds what the translator lacks.
            TypesDiffer: the engine would give a column another type.
        """
        manifest = self.dbt.manifest()
        front, names = front_of(manifest), {i: node["name"] for i, node in manifest["nodes"].items()}
        if self._session is not None:  # its build failed, and no test came
            self._session.close()
            self._session = None
        wanted = _wanted(manifest, front, select)
        if not wanted or (not full_refresh and wanted & front.tables <= set(untouched)):
            return self.dbt.build(
                full_refresh=full_refresh,
                on_result=on_result,
                select=select,
                untouched={*untouched, *front.order},
                exclude=[names[i] for i in front.order if full_refresh],
            )
        first = self.dbt.build(
            full_refresh=full_refresh,
            on_result=on_result,
            select=" ".join(names[i] for i in sorted(front.before & ancestors(manifest["parent_map"], wanted))),
            untouched=untouched,
        )
        first = [result for result in first if result.unique_id in front.before]
        failed = {result.unique_id for result in first if result.status not in GOOD}
        stopped = _descendants(manifest, failed)
        order = [i for i in front.order if i in wanted and i not in front.before]
        if stopped & set(order):
            front_results, stopped = [], stopped | _descendants(manifest, order) | set(order)
        else:
            front_results = self._front(manifest, front, order, on_result, full_refresh=full_refresh)
        rest = self.dbt.build(
            full_refresh=full_refresh,
            on_result=on_result,
            select=select,
            untouched=untouched,
            exclude=[names[i] for i in sorted({*front.before, *front.order, *stopped})],
        )
        done = {result.unique_id for result in (*first, *front_results)}
        skipped = [
            NodeResult(i, "model", names[i], "skipped", "what it is computed from failed", None, 0.0)
            for i in sorted(stopped - done)
        ]
        return [
            *first,
            *front_results,
            *(result for result in rest if result.unique_id not in done | stopped),
            *skipped,
        ]

    def test(self, on_result: OnResult | None = None) -> list[NodeResult]:
        """Run every data test: those that read rows of dossiers on the engine, from which counts come home.

        Where nothing of the front was built in this process, or the engine is gone since, DuckDB reads those rows: the
        results are the same.
        """
        session, self._session = self._session, None
        results = [] if session is None else self._tested_there(session, on_result)
        return [*results, *self.dbt.test(on_result, elsewhere={result.unique_id for result in results})]

    def _tested_there(self, session: _Session, on_result: OnResult | None) -> list[NodeResult]:
        from pipelines.engine.translate import NotTranslated, translated

        manifest, results = self.dbt.manifest(), list[NodeResult]()
        marked, parents = front_of(manifest).marked, manifest["parent_map"]
        with closing(session), suppress(EngineProblem), self.warehouse.connect() as connection:
            for test in self.dbt.data_tests():
                if not marked & set(parents[test.unique_id]):
                    continue
                self._provide(connection, manifest, parents[test.unique_id], session)

                def counted(sql: str, name: str = test.name) -> tuple[Any, ...]:
                    there = translated(sql, connection, name)
                    with translated_errors(self.address, tr("run the test {name}", name=name)):
                        (row,) = session.spark.sql(there).toArrow().to_pylist()
                    return tuple(row.values())

                results.append(judged(test, counted, NotTranslated))
                if on_result:
                    on_result(results[-1])
        return results

    def _front(
        self,
        manifest: Mapping[str, Any],
        front: Front,
        order: list[str],
        on_result: OnResult | None,
        *,
        full_refresh: bool,
    ) -> list[NodeResult]:
        """Compute the front, and bring it into the warehouse: all of it or nothing."""
        nodes = manifest["nodes"]
        views = [i for i in front.order if i in front.before]
        incremental = [nodes[i] for i in order if nodes[i]["config"]["materialized"] == "incremental"]
        with self.warehouse.connect() as connection:
            increment = not full_refresh and can_be_incremented(connection, incremental)
        sql = self.dbt.compiled_sql([nodes[i]["name"] for i in (*views, *order)], increment=increment)
        macros = Macros.of(self.dbt, [node["name"] for node in incremental])
        self.rows.claim()
        folder = self.rows.new_folder()
        session = _Session(connect(self.address), folder, macros=macros if increment else None)
        results = []
        with self.warehouse.connect() as connection:
            with _transaction(connection, session):
                for unique_id in (*views, *order):
                    started = time.perf_counter()
                    read = [*manifest["parent_map"][unique_id], *([PROCESSED] if increment else [])]
                    self._provide(connection, manifest, read, session)
                    self._model(connection, manifest, front, unique_id, sql[unique_id], session)
                    seconds = time.perf_counter() - started
                    if unique_id in order:
                        name = nodes[unique_id]["name"]
                        results.append(NodeResult(unique_id, "model", name, "success", "", None, seconds))
                        if on_result:
                            on_result(results[-1])
                for mark in macros.mark_processed.values():
                    connection.execute(mark)
            # files of builds that no view of the warehouse reads any more, also of those that were killed
            own = [f"{self.rows.root}/{name}" for name in (RAW, OWNER)]
            self.rows.remove_unused(self.rows.root, [*own, folder, *files_of_view(connection)])
        self._session = session
        return results

    def _model(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Mapping[str, Any],
        front: Front,
        unique_id: str,
        sql: str,
        session: _Session,
    ) -> None:
        from pipelines.engine.translate import translated, view_of

        node = manifest["nodes"][unique_id]
        relation, view = f"{node['schema']}.{node['alias']}", view_of(node["schema"], node["alias"])
        months = ""
        if session.macros and node["config"].get("incremental_strategy") == "replace_months":
            sql, months = with_months(connection, sql, session.macros.touched_months[node["name"]])
        there = translated(sql, connection, node["name"])
        if unique_id not in front.tables:
            with translated_errors(self.address, tr("read the model {name}", name=node["name"])):
                session.query_view(view, there)
            if unique_id not in front.before:
                replace_relation(connection, "view", relation, sql)
            return
        types = types_of(connection, sql)
        _refuse_broken_contract(node, types)
        with translated_errors(self.address, tr("compute the model {name}", name=node["name"])):
            files = self._written(connection, node, session.spark.sql(there), session, f"{session.folder}/{view}")
        if not files:  # no rows, and no file that states their types
            files = [f"{session.folder}/{view}/{FOLDER}={NONE}/empty.parquet"]
            empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in types.items())
            write_parquet(connection, f"select {empty} where false", files[0], self.rows)
        query = read_query(connection, files, types, relation)
        if months:  # a later model that reads it gets the table, with the other months
            replace_months(connection, relation, query, types, months)
            return
        with translated_errors(self.address, tr("read the model {name}", name=node["name"])):
            session.view(view, files)
        replace_relation(connection, "view" if unique_id in front.marked else "table", relation, query)

    def _written(
        self, connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], rows: Any, session: _Session, folder: str
    ) -> list[str]:
        """The files of a model's results: of its new rows and, where they replace others, of those that stay."""
        month = node["config"]["meta"].get("folders_by")
        if session.macros and node["config"].get("incremental_strategy") == "replace_rows":
            former = files_of_view(connection, f"{node['schema']}.{node['alias']}")
            self._refuse_gone(connection, node["schema"], node["alias"], former, session)
            return replace_rows(rows, former, folder, month, node["config"]["unique_key"], session.read, self.rows)
        if month:
            return write_by_month(rows, folder, month, self.rows)
        rows.write.parquet(folder)
        return self.rows.written(folder, rows, session.spark)

    def _provide(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Mapping[str, Any],
        parents: Collection[str],
        session: _Session,
    ) -> None:
        """Bring to the engine what a model or test reads and the engine does not have."""
        from pipelines.engine.translate import view_of

        for parent in parents:
            node = manifest["nodes"].get(parent) or manifest["sources"][parent]
            schema, name = node["schema"], node.get("alias") or node["name"]
            if (view := view_of(schema, name)) in session.has:
                continue
            files = files_of_view(connection, f"{schema}.{name}")  # rows of dossiers are Parquet already
            if not files:
                files = [f"{session.folder}/read/{view}.parquet"]
                write_parquet(connection, f"select * from {schema}.{name}", files[0], self.rows)
            folder = files[0].rpartition("/")[0]
            reading = tr("read {folder}: it must reach the same folder or storage", folder=folder)
            with translated_errors(self.address, reading):
                session.view(view, files)
                self._refuse_gone(connection, schema, name, files, session)

    def _refuse_gone(
        self, connection: duckdb.DuckDBPyConnection, schema: str, name: str, files: Sequence[str], session: _Session
    ) -> None:
        """The engine reads as many rows as there are: by the books, for rows of landed files; else as DuckDB reads."""
        counted = f"select count(*) from {schema}.{name}"
        if schema == "raw" and f"{self.rows.raw(name)}/" in files[0]:
            counted = f"select coalesce(sum(rows_loaded), 0)::bigint from raw.files where source = '{name}'"
        (here,) = connection.execute(counted).fetchone() or (0,)
        folder = self.rows.raw(name) if schema == "raw" else self.rows.root
        self.rows.refuse_unseen(folder, session.read(files).count(), here, files)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection, session: _Session) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        session.close()
        raise
    connection.commit()


def _wanted(manifest: Mapping[str, Any], front: Front, select: str | None) -> set[str]:
    """The models of the front that are to be built: all, or those that the selected ones are computed from."""
    if select is None:
        return set(front.order)
    names = {part.removeprefix("+") for part in select.split()}
    chosen = [i for i, node in manifest["nodes"].items() if node["resource_type"] == "model" and node["name"] in names]
    return set(front.order) & ancestors(manifest["parent_map"], chosen)


def _descendants(manifest: Mapping[str, Any], nodes: Collection[str]) -> set[str]:
    """The models that are computed from the nodes, however far down."""
    children = {i: [c for c in found if c.startswith("model.")] for i, found in manifest["child_map"].items()}
    return set(ancestors(children, nodes)) - set(nodes)


def _refuse_broken_contract(node: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """What dbt checks of a mart that it builds: columns and types are those of its yml."""
    if not node["config"]["contract"]["enforced"]:
        return
    stated = {name: column["data_type"] for name, column in node["columns"].items()}
    with duckdb.connect() as connection:
        nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in stated.items())
        if types_of(connection, f"select {nulls}") != dict(types):
            raise EngineProblem(f"{node['name']}: its columns or their types are not those of the contract in its yml")
