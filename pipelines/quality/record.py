"""Verdicts as rows of the private warehouse: what the gate found outlives its process, and the release reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

from pipelines.quality.verdict import Evidence, Verdict

if TYPE_CHECKING:
    import duckdb

_COLUMNS = [field.name for field in fields(Evidence)]


def write_verdicts(connection: duckdb.DuckDBPyConnection, verdicts: Mapping[str, Verdict]) -> None:
    """Replace what is on record by these verdicts, in one transaction."""
    items = [
        (target, ordinal, item) for target, verdict in verdicts.items() for ordinal, item in enumerate(verdict.evidence)
    ]
    # all columns in one statement: one statement per row costs a millisecond each, and there are hundreds
    columns = [
        [target for target, _, _ in items],
        [ordinal for _, ordinal, _ in items],
        *([getattr(item, name) for _, _, item in items] for name in _COLUMNS),
    ]
    kinds = ["varchar", "integer", *("boolean" if name == "passed" else "varchar" for name in _COLUMNS)]
    names = ["target", "ordinal", *(f'"{name}"' for name in _COLUMNS)]
    connection.begin()
    connection.execute(
        "create or replace table meta.evidence as select "
        + ", ".join(f"unnest(?::{kind}[]) as {name}" for name, kind in zip(names, kinds, strict=True)),
        columns,
    )
    connection.commit()


def read_verdicts(connection: duckdb.DuckDBPyConnection) -> dict[str, Verdict]:
    """The verdicts on record, by target."""
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    rows = connection.execute(f"select target, {names} from meta.evidence order by target, ordinal").fetchall()
    evidence: dict[str, list[Evidence]] = {}
    for target, *values in rows:
        evidence.setdefault(target, []).append(Evidence(**dict(zip(_COLUMNS, values, strict=True))))
    return {target: Verdict(target, tuple(items)) for target, items in evidence.items()}
