"""Loads bytes as a run does, into a warehouse in memory: what became rows, what went to quarantine and why."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
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


def loaded(source: Source, *files: bytes, day: date = DAY, name: str | None = None) -> Loaded:
    """Load files of one day, in order, under `name` where it matters; every row in is loaded or quarantined."""
    receipts = [
        File(content, name or f"file-{number}", day, datetime(2026, 12, 1, 2, number, tzinfo=UTC))
        for number, content in enumerate(files)
    ]
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
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
            "select row_no, reason, field, shape from raw.quarantine order by file_no, row_no"
        ).fetchall()
    assert report.rows_in == len(rows) + len(reasons)
    return Loaded(
        rows,
        reasons,
        tuple(field for file in report.files for field in file.unexpected_fields),
        sum(file.rows_elsewhere for file in report.files),
        tuple(file.refusal for file in report.files if file.refusal),
    )
