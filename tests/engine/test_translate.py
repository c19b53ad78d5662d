"""The translator: what is outside of its list is refused, and what it writes means the same on the engine."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from translated_cases import CASES, ONLY_ON_SPARK, REFUSED, TABLE, give_cases, in_duckdb, on_engine

pytest.importorskip("sqlglot")

from pipelines.engine import translate
from pipelines.engine.session import connect


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLE)
    return connection


@pytest.fixture(scope="module")
def spark(sail: str, connection: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    session = connect(sail)
    give_cases(connection, session, tmp_path_factory.mktemp("cases") / "t.parquet")
    yield session
    session.stop()


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_list_lacks_is_refused_by_name(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(translate.NotTranslated, match="the_model: "):
        translate.translated(REFUSED[name], connection, "the_model")


def test_every_refusal_of_the_translator_is_reached(connection: duckdb.DuckDBPyConnection) -> None:
    tree = ast.parse(Path(translate.__file__).read_text(encoding="utf-8"))
    raises = {
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Raise) and "NotTranslated(" in ast.unparse(node)
    }
    reached = set()
    for sql in REFUSED.values():
        with pytest.raises(translate.NotTranslated) as refused:
            translate.translated(sql, connection, "the_model")
        for error in (refused.value, refused.value.__context__):
            reached.add([line for _, line in traceback.walk_tb(error.__traceback__ if error else None)][-1])
    assert raises - reached == set(), "lines of translate.py that no case of REFUSED reaches"


@pytest.fixture(scope="module")
def held() -> dict[str, set[str]]:
    """By case: the classes of its expressions, which are the entries that it is likely to need."""
    return {name: {type(node).__name__ for node in translate.parsed(sql).walk()} for name, (_, sql) in CASES.items()}


@pytest.mark.parametrize("entry", sorted(translate.KNOWN | translate.BY_NAME | {kind.name for kind in translate.CASTS}))
def test_no_entry_of_the_list_can_go(
    entry: str, held: dict[str, set[str]], connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a case is refused: what no case uses has no place in the list."""
    for name in ("KNOWN", "BY_NAME"):
        monkeypatch.setattr(translate, name, getattr(translate, name) - {entry})
    monkeypatch.setattr(translate, "CASTS", {kind for kind in translate.CASTS if kind.name != entry})

    def is_refused(name: str) -> bool:
        try:
            translate.translated(CASES[name][1], connection, "")
        except translate.NotTranslated:
            return True
        return False

    likely_first = sorted(CASES, key=lambda name: entry not in held[name] and entry.lower() not in CASES[name][1])
    assert any(map(is_refused, likely_first))


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _ in CASES.values()} - {""} == {rule.__name__ for rule in translate.RULES} - {"name_views"}


@pytest.mark.engine
@pytest.mark.parametrize("name", CASES)
def test_the_engine_gives_what_duckdb_gives(name: str, connection: duckdb.DuckDBPyConnection, spark: Any) -> None:
    _, sql = CASES[name]
    assert on_engine(spark, translate.translated(sql, connection, name)) == in_duckdb(connection, sql)


PARTS = ["write_out_names", "write_out_stars", "write_out_columns", *translate.BY_MEANING]
PARTS += [rule.__name__ for rule in translate.RULES if rule.__name__ not in ONLY_ON_SPARK]


@pytest.mark.engine
@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_the_translator_can_go(
    part: str, connection: duckdb.DuckDBPyConnection, spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a case fails on the engine or gives other rows."""
    if part in translate.BY_MEANING:
        monkeypatch.delitem(translate.BY_MEANING, part)
    else:
        monkeypatch.setattr(translate, part, lambda *_: None)
        monkeypatch.setattr(translate, "RULES", tuple(rule for rule in translate.RULES if rule.__name__ != part))

    def is_equal(sql: str) -> bool:
        try:
            return on_engine(spark, translate.translated(sql, connection, "")) == in_duckdb(connection, sql)
        except Exception:  # whatever the engine answers to what it does not know
            return False

    assert not all(is_equal(sql) for _, sql in sorted(CASES.values(), key=lambda case: case[0] != part))


@pytest.mark.parametrize("refusal", ["refuse_unknown", "refuse_other_than_integers"])
def test_no_refusal_can_go(
    refusal: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate, refusal, lambda *_: None)
    accepted = 0
    for sql in REFUSED.values():
        with suppress(translate.NotTranslated, duckdb.Error):
            translate.translated(sql, connection, "")
            accepted += 1
    assert accepted


@pytest.mark.parametrize("rule", sorted(ONLY_ON_SPARK))
def test_a_rule_of_spark_changes_the_text(
    rule: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [sql for of, sql in CASES.values() if of == rule]
    with_it = [translate.translated(sql, connection, "") for sql in cases]
    monkeypatch.setattr(translate, "RULES", tuple(kept for kept in translate.RULES if kept.__name__ != rule))
    assert all(text != translate.translated(sql, connection, "") for text, sql in zip(with_it, cases, strict=True))
    assert all("POWER(10" in text for text in with_it)
