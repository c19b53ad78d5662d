"""Judges a workbook as the load will: the same source, the same framing, the same rules, in a warehouse in memory."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date, datetime, time
from types import SimpleNamespace

import duckdb

from pipelines.sources.reported_indicators import SOURCE
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import load


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong with one row: the sheet's row, why, and in which field; None where the row itself is wrong."""

    row_no: int
    reason: str
    field: str | None


@dataclass(frozen=True)
class Check:
    """What a load would make of a workbook. Every row is answered, blank or among the findings."""

    name: str
    answered: int
    blank: int
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> int:
        return self.answered + self.blank + len(self.findings)


def check(content: bytes, name: str, day: date, *, max_record_bytes: int = 1 << 20) -> Check:
    """Judge the bytes of a workbook as if it came on a day; a day in its name counts instead, as when it is landed."""
    partition, extracted_on = SOURCE.period_of(name, day)
    file = SimpleNamespace(
        name=name,
        path=name,
        partition=partition,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        extracted_on=extracted_on,
        landed_at=datetime.combine(day, time()).astimezone(),
        synthetic=False,
    )
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
        load(
            connection,
            SOURCE,
            [file],
            lambda _: io.BytesIO(content),
            key=bytes(32),  # no field of this source becomes a pseudonym
            max_record_bytes=max_record_bytes,
        )
        counts = connection.execute(
            "select count(*) filter (where value_status is not null), count(*) filter (where value_status is null) "
            f"from raw.{SOURCE.name}"
        ).fetchone()
        findings = connection.execute(
            "select row_no, reason, field from raw.quarantine order by row_no, reason"
        ).fetchall()
    assert counts is not None  # noqa: S101  an aggregate always has a row
    return Check(name, int(counts[0]), int(counts[1]), tuple(Finding(int(n), str(r), f) for n, r, f in findings))
