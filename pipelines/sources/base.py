"""What a source is: who publishes it, under which licence, how often, and how its bytes become typed rows.

A source is one file of this folder that ends in `SOURCE = Source(...)`; nothing else lists it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Literal, Protocol


class Frames(Protocol):
    """A batch of records: parallel Arrow arrays `row_no` and `text`, and rejects as (row_no, reason)."""

    row_no: Any
    text: Any
    rejects: list[tuple[int, str]]


Framer = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Column:
    """A typed column of the raw table: its SQL type, and the SQL that makes it from the parsed record `j`."""

    name: str
    type: str
    sql: str


@dataclass(frozen=True)
class Rule:
    """A reason to quarantine a record. `broken` is SQL over the parsed record `j` and the typed columns; `field` names
    what is wrong, and `value` is SQL whose outcome is kept as a shape only (digits as 9, letters as a)."""

    reason: str
    field: str
    broken: str
    value: str = "null"


@dataclass(frozen=True)
class Table:
    """How JSON records become rows of `raw.<source>`.

    `structure` is what `from_json` reads: text first, so that nothing is lost before it is judged. `rules` are tried in
    order, the first that is broken is the record's reason. `identity` is the column that tells two records apart.
    `dropped` are fields that are known and deliberately not kept; anything else in a record is reported as unexpected.
    """

    structure: Mapping[str, Any]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    identity: str
    dropped: frozenset[str] = frozenset()

    @property
    def known_fields(self) -> frozenset[str]:
        return frozenset(self.structure) | self.dropped


@dataclass(frozen=True)
class Source:
    """One source of data, in one place."""

    name: str
    title_vi: str
    title_en: str
    publisher: str
    licence: str
    cadence: str
    period: Literal["month", "quarter", "year"]
    first_period: str
    frame: Framer
    table: Table

    def period_of(self, name: str, landed_on: date) -> tuple[str, date]:
        """Partition of a file, and the day that its content describes: from a date in its name, else the day it came.

        `hoso-2026-03-14.ndjson` describes 14 March; `hoso-2026-03.ndjson` the last day of March.
        """
        found = re.search(r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)", name)
        day = landed_on
        if found:
            year, month = int(found[1]), int(found[2])
            first_of_next = date(year + month // 12, month % 12 + 1, 1)
            day = date.fromordinal(first_of_next.toordinal() - 1)
            if found[3] and int(found[3]) <= day.day:
                day = day.replace(day=int(found[3]))
            day = min(day, landed_on)
        return self._partition(day), day

    def _partition(self, day: date) -> str:
        if self.period == "year":
            return f"{day.year}"
        if self.period == "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        return f"{day.year}-{day.month:02d}"


def timestamp(field: str) -> str:
    """SQL of a Vietnamese wall-clock time: `yyyyMMddHHmmss`, `yyyy-MM-dd HH:mm:ss` or ISO; blank is null."""
    return (
        f"try_strptime(nullif(trim({field}), ''), "
        "['%Y%m%d%H%M%S', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M:%S.%f', '%Y%m%d', '%Y-%m-%d'])"
    )


def is_true(field: str) -> str:
    """SQL of a flag that feeds write as "1" or "True"; anything else that is allowed is false."""
    return f"lower(trim(coalesce({field}, ''))) in ('1', 'true')"
