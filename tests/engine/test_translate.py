"""The translator: what is outside of its list is refused, and what it writes means the same on the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from translated_cases import CASES, ONLY_ON_SPARK, REFUSED, TABLE

pytest.importorskip("sqlglot")

from pipelines.engine import translate
from pipelines.engine.relations import write_parquet
from pipelines.engine.session import connect


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLE)
    return connection


@pytest.fixture(scope="module")
def spark(sail: str, connection: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    session = connect(sail)
    file: Path = tmp_path_factory.mktemp("cases") / "t.parquet"
    write_parquet(connection, "select * from cases.t", file)
    session.read.parquet(str(file)).createOrReplaceTempView("cases__t")
    yield session
    session.stop()


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_list_lacks_is_refused_by_name(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(translate.NotTranslated, match="the_model: "):
        translate.translated(REFUSED[name], connection, "the_model")


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _ in CASES.values()} - {""} == {rule.__name__ for rule in translate.RULES} - {"name_views"}


@pytest.mark.engine
@pytest.mark.parametrize("name", CASES)
def test_the_engine_gives_what_duckdb_gives(name: str, connection: duckdb.DuckDBPyConnection, spark: Any) -> None:
    _, sql = CASES[name]
    assert _on_engine(spark, translate.translated(sql, connection, name)) == _in_duckdb(connection, sql)


@pytest.mark.engine
@pytest.mark.parametrize(
    "rule", [rule for rule in translate.RULES if rule.__name__ not in ONLY_ON_SPARK | {"name_views"}]
)
def test_no_rule_can_go(
    rule: Any, connection: duckdb.DuckDBPyConnection, spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a case of its own fails on the engine or gives other rows."""
    monkeypatch.setattr(translate, "RULES", tuple(kept for kept in translate.RULES if kept is not rule))

    def is_equal(sql: str) -> bool:
        try:
            return _on_engine(spark, translate.translated(sql, connection, "")) == _in_duckdb(connection, sql)
        except Exception:  # whatever the engine answers to what it does not know
            return False

    assert not all(is_equal(sql) for of, sql in CASES.values() if of == rule.__name__)


@pytest.mark.parametrize("rule", sorted(ONLY_ON_SPARK))
def test_a_rule_of_spark_changes_the_text(
    rule: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [sql for of, sql in CASES.values() if of == rule]
    with_it = [translate.translated(sql, connection, "") for sql in cases]
    monkeypatch.setattr(translate, "RULES", tuple(kept for kept in translate.RULES if kept.__name__ != rule))
    assert all(text != translate.translated(sql, connection, "") for text, sql in zip(with_it, cases, strict=True))
    assert all("POWER(10" in text for text in with_it)


def _on_engine(spark: Any, sql: str) -> list[tuple[Any, ...]]:
    return _sorted(tuple(row.values()) for row in spark.sql(sql).toArrow().to_pylist())


def _in_duckdb(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return _sorted(connection.execute(sql).fetchall())


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)
