"""Whether two sets of marts hold the same figures: every row, every column, every type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

Keys = Mapping[str, tuple[str, ...]]
"""By table the columns that identify a row."""

KEYS: Keys = {
    "dossier_timeliness": ("month", "agency_code", "procedure_field_code"),
    "online_submission": ("month", "agency_code", "procedure_field_code"),
}
"""Of the tables that the bare script computes."""
ADDED = frozenset({"has_samples", "obs_status"})
"""Columns about the rows, which the bare script does not have."""


def differences(left: Path, right: Path, keys: Keys = KEYS, ignored: Collection[str] = ADDED) -> list[str]:
    """Compare `<mart>.parquet` of two folders: one sentence per difference, with table, column and count.

    Numbers are compared as they are: the marts are rounded already.
    """
    with duckdb.connect() as connection:
        return [text for mart, key in keys.items() for text in _compare(connection, mart, key, left, right, ignored)]


def _compare(
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    key: tuple[str, ...],
    left: Path,
    right: Path,
    ignored: Collection[str],
) -> list[str]:
    columns: list[dict[str, str]] = []
    for side, folder in (("l", left), ("r", right)):
        connection.read_parquet(str(folder / f"{mart}.parquet")).create_view(side, replace=True)
        described = connection.execute(f"describe {side}").fetchall()
        columns.append({name: kind for name, kind, *_ in described if name not in ignored})
    ours, theirs = columns
    found = [
        f"{mart}.{name}: {ours.get(name, 'missing')} in {left}, {theirs.get(name, 'missing')} in {right}"
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]
    if any(name not in ours or name not in theirs for name in key):
        return found
    for side, folder in (("l", left), ("r", right)):
        (repeated,) = _row(connection, f"select count(*) - count(distinct ({', '.join(key)})) from {side}")
        found += [f"{mart}: {repeated} rows repeat a key in {folder}"] if repeated else []
    same_key = " and ".join(f"l.{name} is not distinct from r.{name}" for name in key)
    for here, there, folder in (("l", "r", left), ("r", "l", right)):
        (alone,) = _row(connection, f"select count(*) from {here} anti join {there} on {same_key}")
        found += [f"{mart}: {alone} rows only in {folder}"] if alone else []
    shared = [name for name in ours if name in theirs and name not in key]
    counts = _row(
        connection,
        f"select count(*), {', '.join(f'count(*) filter (l.{name} is distinct from r.{name})' for name in shared)} "
        f"from l join r on {same_key}",
    )
    return found + [
        f"{mart}.{name}: {count} of {counts[0]} rows differ"
        for name, count in zip(shared, counts[1:], strict=True)
        if count
    ]


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None, sql  # noqa: S101 - an aggregate always has a row
    return row
