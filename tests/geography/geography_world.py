"""What the tests of the geography share: the macros as plain SQL, and the models over the seeds, without dbt."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Callable
from typing import Any

import duckdb
import jinja2
import yaml

from pipelines.settings import PROJECT_ROOT

DBT = PROJECT_ROOT / "dbt_project"
SHARED = PROJECT_ROOT.parent / "shared" / "data"
"""Recorded lists and polygons, for tests only and never part of the project."""
MODELS = ("int_area_weights", "int_area_names")
Render = Callable[[str], str]
Stated = tuple[str | None, str | None, str]
"""Code, name and day of a record."""


def seed(name: str) -> list[dict[str, str]]:
    with (DBT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def renderer() -> Render:
    """Makes SQL of a template that uses the macros of names and areas; a ref is a table of that name."""
    macros = "".join(
        (DBT / "macros" / f"{name}.sql").read_text(encoding="utf-8") for name in ("names", "areas", "telecom")
    )
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - SQL, not HTML

    @functools.cache  # a world is built many times of the same models
    def sql(template: str) -> str:
        return environment.from_string(macros + template).render(
            ref=lambda name: name,
            source=lambda schema, name: f"{schema}.{name}",
            var=lambda name: {"province_code": "42"}[name],
            config=lambda **_: "",
        )

    return sql


def seeded(render: Render) -> duckdb.DuckDBPyConnection:
    """The seeds of units and the two models over them, in memory."""
    connection = duckdb.connect(config={"threads": 1})  # each thread would compile every pattern
    types: dict[str, Any] = {}
    for path in ("_seeds.yml", "_geography.yml"):
        described = yaml.load((DBT / "seeds" / path).read_text(encoding="utf-8"), yaml.CSafeLoader)["seeds"]
        types |= {entry["name"]: entry["config"]["column_types"] for entry in described}
    for name in ("areas", "area_crosswalk", "area_aliases"):
        source = f"read_csv('{DBT / 'seeds' / name}.csv', header = true, columns = {json.dumps(types[name])})"
        connection.execute(f"create table {name} as from {source}")
    build(connection, render)
    return connection


def build(connection: duckdb.DuckDBPyConnection, render: Render, *models: str) -> None:
    """Build the models, both without a name, of what the tables of the seeds hold now."""
    for model in models or MODELS:
        (path,) = (DBT / "models").rglob(f"{model}.sql")
        connection.execute(f"create or replace table {model} as {render(path.read_text(encoding='utf-8'))}")


def reviewed(connection: duckdb.DuckDBPyConnection, render: Render, *stated: Stated) -> None:
    """Make the review of villages' communes, as a run does; no other source names any."""
    connection.execute("create or replace table stg_agencies (agency_name varchar, seen_to date)")
    for feed in ("bts_inventory", "village_coverage", "ispeed"):
        columns = "commune_code varchar, commune_name varchar, extracted_on date, month date, file_no integer"
        connection.execute(f"create or replace table stg_{feed} ({columns})")
    connection.execute("create schema if not exists raw")
    connection.execute("create or replace table raw.files as select 1 as file_no, 'viettel-thon.csv' as name")
    connection.executemany("insert into stg_village_coverage values (?, ?, ?, null, 1)", stated)
    build(connection, render, "int_unplaced_names", "int_area_name_review")
