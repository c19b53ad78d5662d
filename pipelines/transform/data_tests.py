"""dbt's data tests as plain SQL on one read-only connection: dbt defines and compiles them, DuckDB alone runs them.

dbt spends about 35 ms on each test beside its query (contexts, materialisation, events), DuckDB about one. What a
result means is reported as by dbt, in status, count and message; `tests/transform` holds the two against each other.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.transform.column_rules import TEST, columns_by_rule
from pipelines.transform.dbt_results import NodeResult, Status
from pipelines.warehouse.obstacles import refuse_obstacles
from pipelines.warehouse.storage import ObjectStorage


@dataclass(frozen=True)
class DataTest:
    """One data test as dbt compiled it; `sql` is None where dbt could not."""

    unique_id: str
    name: str
    sql: str | None
    severity: str
    fail_calc: str
    warn_if: str
    error_if: str
    limit: int | None
    rules: tuple[str, ...] = ()
    """Of a test of column rules: the columns of its one row, each the count of failures of a rule."""

    @classmethod
    def of_node(cls, node: Any) -> DataTest:
        """From a node of dbt's own, after `dbt compile`."""
        config, kind = node.config, node.test_metadata
        rules = columns_by_rule(kind.kwargs) if kind and kind.name == TEST else {}
        return cls(
            node.unique_id,
            node.name,
            node.compiled_code,
            config.severity.upper(),
            config.fail_calc,
            config.warn_if,
            config.error_if,
            config.limit,
            tuple(rules),
        )


def write_tests(path: Path, stamp: str, tests: Sequence[DataTest]) -> None:
    """Keep compiled tests under a stamp of what they were compiled from; written atomically."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(json.dumps({"stamp": stamp, "tests": [asdict(test) for test in tests]}), encoding="utf-8")
    part.replace(path)


def read_tests(path: Path, stamp: str) -> list[DataTest] | None:
    """The tests kept under this stamp; None when there are none, or others."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if kept["stamp"] != stamp:
        return None
    return [DataTest(**{**test, "rules": tuple(test["rules"])}) for test in kept["tests"]]


def run_tests(
    warehouse: Path,
    tests: Sequence[DataTest],
    *,
    memory_limit: str,
    threads: int,
    storage: ObjectStorage | None = None,
) -> Iterator[NodeResult]:
    """Run each test, in order. One that raises is an error of its own and stops no other.

    Args:
        storage: where the rows of dossiers lie, if not in the warehouse or beside it.
    """
    config: dict[str, Any] = {"memory_limit": memory_limit, "threads": threads}
    with duckdb.connect(str(warehouse), read_only=True, config=config) as connection:
        if storage:
            storage.attach(connection)
        for test in tests:
            yield _run(connection, test)


def _run(connection: duckdb.DuckDBPyConnection, test: DataTest) -> NodeResult:
    def counted(sql: str) -> tuple[Any, ...] | None:
        return connection.execute(sql).fetchone()

    return judged(test, counted, duckdb.Error)


def judged(test: DataTest, counted: Callable[[str], tuple[Any, ...] | None], errors: type[Exception]) -> NodeResult:
    """The result of one test. `counted` runs a query and gives its one row; what it raises of `errors` is an error of
    the test, by its class only: the message may quote a row.

    Raises:
        Obstacle: the warehouse is damaged, or the disk is full.
    """
    started = time.perf_counter()

    def result(
        status: Status, message: str, failures: int | None, rules: tuple[tuple[str, int], ...] = ()
    ) -> NodeResult:
        seconds = time.perf_counter() - started
        return NodeResult(test.unique_id, "test", test.name, status, message, failures, seconds, rules)

    if test.sql is None:
        return result("error", "dbt could not compile this test", None)
    by_rule = "".join(f", sum({rule}) as {rule}" for rule in test.rules)
    limit = "" if test.limit is None else f"limit {test.limit}"
    try:
        row = counted(
            f"select {test.fail_calc} as failures, {test.fail_calc} {test.warn_if} as should_warn, "
            f"{test.fail_calc} {test.error_if} as should_error{by_rule} "
            f"from (\n{test.sql}\n{limit}\n) as dbt_internal_test"
        )
    except errors as error:
        refuse_obstacles([str(error)])  # the table is not to blame
        return result("error", type(error).__name__, None)
    if row is None or row[0] is None:
        return result("error", "the test gave no count of failures", None)
    failures, should_warn, should_error = int(row[0]), bool(row[1]), bool(row[2])
    got = f"Got {failures} result{'' if failures == 1 else 's'}, configured to"
    rules = tuple((rule, int(found)) for rule, found in zip(test.rules, row[3:], strict=True))
    broken = ", ".join(f"{rule} {found}" for rule, found in rules if found)
    of_rules = f": {broken}" if broken else ""
    if test.severity == "ERROR" and should_error:
        return result("fail", f"{got} fail if {test.error_if}{of_rules}", failures, rules)
    if should_warn:
        return result("warn", f"{got} warn if {test.warn_if}{of_rules}", failures, rules)
    return result("pass", "", 0, rules)
