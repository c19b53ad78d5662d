"""Great Expectations run as SQL inside DuckDB, on a warehouse opened read-only: suites in, evidence out.

Nothing leaves this module but counts and class names: no value of a row, neither in results nor in error texts, which
DuckDB likes to quote from the data. Great Expectations is imported inside functions because that costs seconds.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.language import tr
from pipelines.quality.suites import UNEXPECTED_ROWS, Expectation, Suite
from pipelines.quality.verdict import Evidence
from pipelines.warehouse.obstacles import refuse_obstacles
from pipelines.warehouse.storage import ObjectStorage


class GateError(RuntimeError):
    """A file that the gate has to read cannot be opened. The message names it and DuckDB's reason."""


def validate(
    warehouse: Path,
    suites: Mapping[str, Suite],
    relations: Mapping[str, str],
    *,
    last_release: Path | None,
    comparable: Collection[str],
    memory_limit: str,
    threads: int,
    storage: ObjectStorage | None = None,
) -> list[Evidence]:
    """Run every expectation of every suite and return what each found.

    A check that raises is a failed check. A check that needs the last release counts as passed, and reports so, while
    no last release holds its table, or one that cannot be compared. When this returns, or raises, no connection to
    either file is open.

    Args:
        warehouse: DuckDB file with the marts, held open by nobody who writes, nor by this process.
        suites: by table.
        relations: where each table is in the warehouse, as `schema.table`.
        last_release: `marts.duckdb` of the last release; queries see its tables as `last_release.<table>`.
        comparable: its tables whose files are all still active.
        memory_limit: what DuckDB may use, like `4GB`.
        threads: what DuckDB may use.
        storage: where the rows of dossiers lie, if not in the warehouse or beside it.

    Returns:
        One item per expectation, in the order of the suites; `check` is the id of the expectation.

    Raises:
        GateError: a file is not there, is locked by a writer or is no DuckDB file.
    """
    from pipelines.quality.dialect import gate_url

    built = _tables(warehouse)
    released = _tables(last_release) if last_release else frozenset[str]()
    evidence: list[Evidence] = []
    with _gate(gate_url(warehouse, last_release, memory_limit, threads, storage)) as source:
        for suite in suites.values():
            due = list(suite.expectations)
            if f"main.{suite.table}".lower() not in released or suite.table not in comparable:
                due = [e for e in due if e.needs is None]
            relation = relations.get(suite.table, "")
            if relation.lower() in built:
                found = _validate_table(source, relation, suite.table, due)
            else:
                note = "The table is not in the warehouse: build it."
                found = {e.id: _evidence(suite.table, e, passed=False, note=note) for e in due}
            for e in suite.expectations:
                if e in due:
                    evidence.append(found[e.id])
                else:
                    skipped = "Skipped: no last release holds this table, or a file that it was computed from is gone."
                    evidence.append(Evidence(e.id, "expectation", suite.table, e.severity, passed=True, detail=skipped))
    return evidence


def _tables(file: Path) -> frozenset[str]:
    """Tables and views of a DuckDB file, as lower-case `schema.table`."""
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute(
                "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            ).fetchall()
    except duckdb.Error as error:
        raise GateError(
            tr("{file} cannot be read, so nothing can be judged: {error}", file=file, error=error)
        ) from None
    return frozenset(str(name).lower() for (name,) in rows)


@contextmanager
def _gate(url: str) -> Iterator[Any]:
    """A data source of Great Expectations on the warehouse; quiet, without files, closed at the end."""
    from sqlalchemy.dialects import registry

    registry.register("duckdb.gate", "pipelines.quality.dialect", "GateDialect")
    logger = logging.getLogger("great_expectations")
    level = logger.level
    # It logs the text of caught exceptions, with values of rows in them.
    logger.setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import great_expectations as gx
            from great_expectations.data_context.types.base import (
                DataContextConfig,
                InMemoryStoreBackendDefaults,
            )

            # An explicit False rules out telemetry whatever the value of GX_ANALYTICS_ENABLED.
            config = DataContextConfig(
                analytics_enabled=False,
                progress_bars={"globally": False},
                store_backend_defaults=InMemoryStoreBackendDefaults(),
            )
            context = gx.get_context(mode="ephemeral", project_config=config)
            source = context.data_sources.add_sql("warehouse", connection_string=url)
            try:
                yield source
            finally:
                # It holds two: one to look around, one to compute.
                source.get_engine().dispose()
                source.get_execution_engine().engine.dispose()
        finally:
            logger.setLevel(level)


def _validate_table(source: Any, relation: str, table: str, expectations: Sequence[Expectation]) -> dict[str, Evidence]:
    """Validate one table in one go, so that its aggregates share a scan; evidence by id of expectation."""
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    evidence: dict[str, Evidence] = {}
    runnable: list[Any] = []
    for e in expectations:
        try:
            configuration = ExpectationConfiguration(type=e.type, kwargs=_kwargs(e), meta={"id": e.id})
            runnable.append(configuration.to_domain_obj())
        except Exception as error:
            # No data was read yet: the message is about the kwargs.
            note = f"Not usable: {' '.join(str(error).split())}."
            evidence[e.id] = _evidence(table, e, passed=False, note=note)

    results: dict[str, Any] = {}
    failure = "no result"
    schema, _, name = relation.rpartition(".")
    try:
        asset = source.add_table_asset(table, table_name=name, schema_name=schema)
        batch = asset.get_batch(asset.build_batch_request())  # a batch definition would be written into the context
        outcome = batch.validate(
            ExpectationSuite(name=table, expectations=runnable),
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
        results = {result.expectation_config.meta["id"]: result for result in outcome.results}
    except Exception as error:
        # The table itself cannot be read, a view that fails for one.
        refuse_obstacles([str(error)])
        failure = type(error).__name__
    for e in expectations:
        if e.id not in evidence:
            result = results.get(e.id)
            raised = failure if result is None else _raised(result.exception_info)
            note = f"Could not be computed: {raised}." if raised else ""
            observed = None if result is None else _observed(result.result)
            # A check that raised has found nothing, whatever else its result holds.
            passed = result is not None and not raised and bool(result.success)
            found = _evidence(table, e, passed, note, observed)
            evidence[e.id] = replace(found, kind="missing") if raised else found
    return evidence


def _kwargs(expectation: Expectation) -> dict[str, Any]:
    kwargs = dict(expectation.kwargs)
    if expectation.type == UNEXPECTED_ROWS:
        # Left alone, {batch} takes an alias only in queries that join, and a comment at the end swallows what Great
        # Expectations writes after it.
        query = kwargs["unexpected_rows_query"].strip().rstrip(";").replace("{batch}", "(SELECT * FROM {batch})")
        kwargs["unexpected_rows_query"] = f"SELECT * FROM (\n{query}\n) AS unexpected"
    return kwargs


def _evidence(table: str, e: Expectation, passed: bool, note: str = "", observed: str | None = None) -> Evidence:
    detail = "" if passed else f"{e.why.rstrip('.')}. {note}".strip()
    return Evidence(e.id, "expectation", table, e.severity, passed, detail, observed)


def _raised(exception_info: Mapping[str, Any]) -> str | None:
    """Class of the first exception behind a result, None if nothing raised. Its message may quote rows: dropped.

    Raises:
        Obstacle: the warehouse is damaged, or the disk is full.
    """
    # One exception for the check, or one per metric under the metric's name.
    infos = [exception_info, *(info for info in exception_info.values() if isinstance(info, Mapping))]
    raised = [info for info in infos if info.get("raised_exception")]
    if not raised:
        return None
    trace = str(raised[0].get("exception_traceback"))
    refuse_obstacles([trace])
    first = re.search(r"^(?:\w+\.)*(\w+(?:Error|Exception))\b", trace, re.MULTILINE)
    return first[1] if first else "unknown exception"


def _observed(result: Mapping[str, Any]) -> str | None:
    """A figure, never a value of a text or a list of values."""
    unexpected = result.get("unexpected_count")
    if unexpected is not None and "element_count" in result:
        return f"{unexpected} of {result['element_count']} rows"
    value = result.get("observed_value")
    if isinstance(value, float | Decimal):
        return f"{float(value):.6g}"
    if isinstance(value, int):
        return str(value)
    return f"{unexpected} values" if unexpected is not None else None
