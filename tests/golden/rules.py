"""Unit tests of models in parts: rows of their inputs and the rows that follow, in `rules/<model>.yml`.

A unit test of dbt gives what its model reads directly, and an ephemeral model has no rows to be given. So these run the
SQL that dbt compiles, with all parts inlined, on tables of their own that have the columns of the real ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

RULES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
Rows = list[tuple[Any, ...]]


def relation_of(manifest: dict[str, Any], reference: str) -> str:
    """Schema and table of `ref('name')` or `source('schema', 'name')`."""
    if reference.startswith("source("):
        return ".".join(part.strip(" '") for part in reference[len("source(") : -1].split(","))
    name = reference[len("ref('") : -len("')")]
    (node,) = (node for node in manifest["nodes"].values() if node["name"] == name)
    return f"{node['schema']}.{node['name']}"


def found_and_expected(
    rule: dict[str, Any], *, sql: str, built: duckdb.DuckDBPyConnection, manifest: dict[str, Any]
) -> tuple[Rows, Rows]:
    """Rows of the model in this rule, and those that it states, by the columns that it states."""
    inputs = {relation_of(manifest, given["input"]): given["rows"] for given in rule["given"]}
    types = {relation: built.execute(f"describe {relation}").fetchall() for relation in inputs}
    (name,) = built.execute("select current_database()").fetchone() or ()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"attach ':memory:' as {name}; use {name}")
        for relation, rows in inputs.items():
            connection.execute(f"create schema if not exists {relation.split('.')[0]}")
            columns = ", ".join(f'"{name}" {type_}' for name, type_, *_ in types[relation])
            connection.execute(f"create table {relation} ({columns})")
            if isinstance(rows, str):  # format: sql
                connection.execute(f"insert into {relation} by name {rows}")
            else:
                _insert(connection, relation, rows)
        stated = ", ".join(rule["expect"]["rows"][0])
        connection.execute(f"create table found as select {stated} from ({sql})")
        connection.execute("create table expected as from found limit 0")
        _insert(connection, "expected", rule["expect"]["rows"])
        found, expected = (connection.execute(f"from {name} order by all").fetchall() for name in ("found", "expected"))
    return found, expected


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))


def rules_of(path: Path) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return rules
