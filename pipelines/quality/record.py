"""Verdicts as rows of the private warehouse: what the gate found outlives its process, and the release reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from pipelines.quality.verdict import Evidence, Verdict

if TYPE_CHECKING:
    import duckdb

_COLUMNS = [field.name for field in fields(Evidence)]


def write_verdicts(connection: duckdb.DuckDBPyConnection, verdicts: Mapping[str, Verdict]) -> None:
    """Replace what is on record by these verdicts, in one transaction."""
    connection.begin()
    connection.execute(
        "create or replace table meta.evidence (target varchar, ordinal integer, "
        + ", ".join(f'"{name}" {"boolean" if name == "passed" else "varchar"}' for name in _COLUMNS)
        + ")"
    )
    rows = [
        (target, ordinal, *astuple(item))
        for target, verdict in verdicts.items()
        for ordinal, item in enumerate(verdict.evidence)
    ]
    if rows:
        connection.executemany(f"insert into meta.evidence values ({', '.join('?' * len(rows[0]))})", rows)
    connection.commit()


def read_verdicts(connection: duckdb.DuckDBPyConnection) -> dict[str, Verdict]:
    """The verdicts on record, by target."""
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    rows = connection.execute(f"select target, {names} from meta.evidence order by target, ordinal").fetchall()
    evidence: dict[str, list[Evidence]] = {}
    for target, *values in rows:
        evidence.setdefault(target, []).append(Evidence(**dict(zip(_COLUMNS, values, strict=True))))
    return {target: Verdict(target, tuple(items)) for target, items in evidence.items()}
