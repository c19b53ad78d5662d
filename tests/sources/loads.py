"""Loads bytes as a run does, into a warehouse in memory: what became rows, what went to quarantine and why."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb

from pipelines.settings import load_settings
from pipelines.sources.base import Source
from pipelines.sources.province import Province
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import load

KEY = bytes(range(32))
DAY = date(2026, 11, 20)
PROVINCE = Province.of(load_settings())
FILES: Any = {"min_size": 5, "max_size": 5}
"""Of drawn files: so many in one load, which costs little more than a load of one."""


@dataclass(frozen=True)
class Loaded:
    """`rows` of the raw table by column; `reasons` as (row, reason, field, shape); `unexpected` fields; rows that are
    `elsewhere`; `refusals` of files."""

    rows: list[dict[str, Any]]
    reasons: list[tuple[int, str, str | None, str | None]]
    unexpected: tuple[str, ...]
    elsewhere: int
    refusals: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A landed file in memory."""

    content: bytes
    name: str = "file"
    extracted_on: date = DAY
    landed_at: datetime = datetime(2026, 12, 1, 2, tzinfo=UTC)
    synthetic: bool = False

    @property
    def path(self) -> str:
        return self.name

    @property
    def partition(self) -> str:
        return f"{self.extracted_on:%Y-%m}"

    @property
    def bytes(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@cache
def _kept() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})  # each thread would compile every pattern of the rules


@contextmanager
def empty_warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory that lasts until the next one is asked for: opening a database is a fifth of a load."""
    connection = _kept()
    connection.execute("drop schema if exists raw cascade; drop schema if exists meta cascade")
    connection.execute(SCHEMA)
    try:
        yield connection
    except BaseException:
        connection.close()
        _kept.cache_clear()
        raise


def loaded(source: Source, *files: bytes, day: date = DAY, name: str | None = None) -> Loaded:
    """Load files of one day, in order, under `name` where it matters; every row in is loaded or quarantined."""
    each = loaded_each(source, *files, day=day, name=name)
    return Loaded(
        [row for found in each for row in found.rows],
        [reason for found in each for reason in found.reasons],
        tuple(field for found in each for field in found.unexpected),
        sum(found.elsewhere for found in each),
        tuple(refusal for found in each for refusal in found.refusals),
    )


def loaded_each(source: Source, *files: bytes, day: date = DAY, name: str | None = None) -> list[Loaded]:
    """What `loaded` gives, of each file by itself: one load of a hundred files costs what two loads of one do."""
    receipts = [
        File(content, name or f"file-{number}", day, datetime(2026, 12, 1, 2, tzinfo=UTC) + timedelta(minutes=number))
        for number, content in enumerate(files)
    ]
    with empty_warehouse() as connection:
        report = load(
            connection,
            source if source.province else source.bound(PROVINCE),
            receipts,
            lambda receipt: io.BytesIO(receipt.content),  # type: ignore[attr-defined]
            key=KEY,
            max_record_bytes=1 << 20,
        )
        answer = connection.execute(f"select * from raw.{source.name} order by version")
        names = [column[0] for column in answer.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        reasons = connection.execute(
            "select file_no, row_no, reason, field, shape from raw.quarantine order by file_no, row_no"
        ).fetchall()
    assert report.rows_in == len(rows) + len(reasons)
    return [
        Loaded(
            [row for row in rows if row["file_no"] == number],
            [(row_no, *reason) for file_no, row_no, *reason in reasons if file_no == number],
            file.unexpected_fields,
            file.rows_elsewhere,
            (file.refusal,) if file.refusal else (),
        )
        for number, file in enumerate(report.files, 1)
    ]
