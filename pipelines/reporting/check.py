"""Judges a workbook as the load will: the same source, the same framing, the same rules, in a warehouse in memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import SimpleNamespace

import duckdb

from pipelines.sources import all_sources
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import load

UNREADABLE = "unreadable_file"
"""The finding of a file of which no row could be read."""
MAX_RECORD_BYTES = 1 << 20
"""A row of a form is a thousandth of it."""


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong with one row: the sheet's row, why, and in which field; None where the row itself is wrong."""

    row_no: int
    reason: str
    field: str | None


@dataclass(frozen=True)
class Check:
    """What a load would make of a workbook. Every row is answered, blank or among the findings. `refusal` is why a
    file was not read at all; it is then one finding."""

    name: str
    answered: int
    blank: int
    findings: tuple[Finding, ...]
    refusal: str | None = None

    @property
    def rows(self) -> int:
        return self.answered + self.blank + len(self.findings)


@dataclass(frozen=True)
class Sent:
    """A workbook as it came, and the day; a day in its name counts instead, as when it is landed."""

    content: bytes
    name: str
    day: date


def check(content: bytes, name: str, day: date) -> Check:
    """Judge one workbook."""
    return check_all([Sent(content, name, day)])[0]


def check_all(workbooks: Sequence[Sent]) -> list[Check]:
    """Judge workbooks, each by itself, in one load: planning it costs more than any of them."""
    source = all_sources()["reported_indicators"]
    files = [
        SimpleNamespace(
            name=sent.name,
            path=sent.name,
            partition=f"{sent.day:%Y-%m}",
            sha256=hashlib.sha256(sent.content).hexdigest(),
            bytes=len(sent.content),
            extracted_on=source.period_of(sent.name, sent.day)[1],
            landed_at=datetime.combine(sent.day, time(), UTC),
            synthetic=False,
            content=sent.content,
        )
        for number, sent in enumerate(workbooks)
    ]
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
        report = load(
            connection,
            source,
            files,
            lambda file: io.BytesIO(file.content),  # type: ignore[attr-defined]
            key=bytes(32),  # no field of this source becomes a pseudonym
            max_record_bytes=MAX_RECORD_BYTES,
        )
        rows = connection.execute(
            "select f.file_no, count(r.version) filter (value_status is not null), "
            "count(r.version) filter (value_status is null) "
            f"from raw.files as f left join raw.{source.name} as r using (file_no) "
            "group by f.file_no order by f.file_no"
        ).fetchall()
        refused: dict[int, list[Finding]] = {}
        for file_no, row_no, reason, field in connection.execute(
            "select file_no, row_no, reason, field from raw.quarantine order by all"
        ).fetchall():
            refused.setdefault(file_no, []).append(Finding(row_no, reason, field))
    unread = Finding(1, UNREADABLE, None)
    return [
        Check(
            sent.name,
            answered,
            blank,
            tuple(refused.get(file_no, (unread,) if result.refusal else ())),
            result.refusal,
        )
        for sent, (file_no, answered, blank), result in zip(workbooks, rows, report.files, strict=True)
    ]
