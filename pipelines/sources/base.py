"""What a source is: who publishes it, under which licence, how often, and how its bytes become typed rows.

A source is one file of this folder that ends in `SOURCE = Source(...)`; nothing else lists it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pipelines.sources import province

if TYPE_CHECKING:
    from pipelines.sources.client import Client, Manner


class Frames(Protocol):
    """A batch of records: parallel Arrow arrays `row_no` and `text`, and rejects as (row_no, reason).

    `elsewhere` counts rows that are right but not of the province: a world-wide file is cut on the way in.
    """

    row_no: Any
    text: Any
    rejects: list[tuple[int, str]]
    elsewhere: int


Framer = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Period:
    """One partition of a source: its name and its days, both ends included."""

    partition: str
    first: date
    last: date


@dataclass(frozen=True)
class Ask:
    """What a connector is given to ask its source with.

    `has_landed(name)` tells whether this period has a file of that name already: an interrupted pull need not ask for
    that page again. Credentials are read from the file that the settings name and never leave the connector.
    """

    http: Client
    address: str
    credentials: Mapping[str, str]
    period: Period
    now: Callable[[], datetime]
    has_landed: Callable[[str], bool]


@dataclass(frozen=True)
class Fetched:
    """One answer as received. `extracted_on` is the day that its content describes; `address` carries no secret."""

    name: str
    content: bytes
    address: str
    status: int
    media_type: str | None
    extracted_on: date


Fetch = Callable[[Ask], Iterator[Fetched]]


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
    free_texts: tuple[str, ...] = ()
    """Columns that people write what they like into: one that looks like personal data rejects its record."""

    @property
    def known_fields(self) -> frozenset[str]:
        return frozenset(self.structure) | self.dropped


_SEP = "[-_. ]"
_YEAR = r"(?P<year>20\d{2})"
_DAY, _MONTH = r"(?P<day>0[1-9]|[12]\d|3[01])", "(?P<month>0[1-9]|1[0-2])"
_BARE_DAY, _BARE_MONTH = r"(?P<day>0?[1-9]|[12]\d|3[01])", "(?P<month>0?[1-9]|1[0-2])"
_THANG, _T = rf"thang{_SEP}?{_BARE_MONTH}", rf"(?:thang|t){_SEP}?{_BARE_MONTH}"
_QUARTER = rf"q(?:u[yi])?{_SEP}?(?P<quarter>0?[1-4]|iv|i{{1,3}})"
_OF_YEAR = rf"{_SEP}?(?:nam{_SEP}?)?{_YEAR}(?!\d)"
_DATES = (
    rf"(?<!\d){_YEAR}(?P<sep>[-_.]?){_MONTH}(?P=sep){_DAY}(?!\d)",  # 2026-06-30
    rf"(?<!\d){_DAY}(?P<sep>{_SEP}?){_MONTH}(?P=sep){_YEAR}(?!\d)",  # 30-06-2026
    rf"(?<!\d){_BARE_DAY}(?P<sep>{_SEP}){_BARE_MONTH}(?P=sep){_YEAR}(?!\d)",  # 5-9-2026
    rf"(?<!\d){_BARE_DAY}{_SEP}?{_THANG}{_OF_YEAR}",  # ngày 5 tháng 9 năm 2026
    rf"(?<![a-z0-9]){_T}{_OF_YEAR}",  # T9-2026, tháng 9 năm 2026
    rf"(?<![a-z0-9]){_QUARTER}{_OF_YEAR}",  # Q3-2026, quý III 2026
    rf"(?<!\d){_YEAR}[-_.]?{_MONTH}(?:[-_.]?{_DAY})?(?!\d)",  # 2026-06
    rf"(?<!\d){_MONTH}{_SEP}?{_YEAR}(?!\d)",  # 06-2026
    rf"(?<!\d){_YEAR}{_SEP}?{_QUARTER}(?![a-z0-9])",  # 2026-Q3
    rf"(?<!\d){_YEAR}{_SEP}?{_T}(?![a-z0-9])",  # 2026-T9
)
"""How a name tells a day, a month or a quarter, the surest first; names in small letters, without marks above them."""
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def _day_in(name: str, *, whole_days_only: bool) -> date | None:
    """The day that a name tells; of a month or a quarter the last one."""
    decomposed = unicodedata.normalize("NFD", name.lower())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    for pattern in _DATES:
        told = found.groupdict() if (found := re.search(pattern, plain)) else {}
        if not told or (whole_days_only and not told.get("day")):
            continue
        year = int(told["year"])
        month = 3 * (_ROMAN.get(told["quarter"]) or int(told["quarter"])) if "quarter" in told else int(told["month"])
        last = date.fromordinal(date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)
        return last.replace(day=min(int(told.get("day") or last.day), last.day))
    return None


@dataclass(frozen=True)
class Source:
    """One source of data, in one place."""

    name: str
    title_vi: str
    title_en: str
    publisher: str
    licence: str
    cadence: str
    cycle: Literal["month", "quarter", "year"]
    first_period: str
    frame: Framer
    table: Table
    fetch: Fetch | None = None
    """How the source's interface is asked for a period; without one, an address is a folder or a plain URL."""
    manner: Manner | None = None
    """Headers and pace that `fetch` asks with, where they are the source's own."""
    rows_stand_alone: bool = False
    """Whether each row is a fact of its own: what is torn off or set aside is not known yet, and makes nothing wrong.
    The gate warns of it, where it would hold back what is counted from rows."""
    known_address: str = "..."
    """Base URL of the interface as last known, for whoever has to set one; nothing is asked unless it is set."""
    frames_by_name: bool = False
    """Whether a file's name says what its content leaves out: `frame` is then given it as `name`."""
    subject: Callable[[str], str] | None = None
    """What a file is about, by its name, where a later file about the same replaces it whole. Without it no file
    replaces another one: each adds rows, or newer versions of rows."""
    dated_by_name: bool = False
    """Whether what a file says is of a day that nothing but its name tells: one whose name tells none is not taken."""
    named_after_period: bool = False
    """Whether a month or a quarter in a name is what the figures are about, and not when they were told: only a whole
    day in it is the day of the file."""
    registries: tuple[str, ...] = ()
    """Registries that people edit and that decide how a file is read: a code is known or not, a heading is."""

    @property
    def has_forms(self) -> bool:
        """Whether senders head its tables as they like: a heading that is not known may hide what is asked for."""
        return "operator_headings" in self.registries

    def reading(self) -> str:
        """Digest of all but a file's own bytes that decides what becomes of its rows: table, box, registries.

        Rows that were read under another one are read anew, so that a mended registry takes effect on files that came
        before it. The code of a framing is no part of it: `hatinh rebuild` when that changes.
        """
        table = self.table
        told = (
            sorted(table.structure.items()),
            table.columns,
            table.rules,
            table.identity,
            sorted(table.dropped),
            table.free_texts,
        )
        digest = hashlib.sha256(repr((told, province.BOX)).encode())
        for registry in self.registries:
            path = province.SEEDS / f"{registry}.csv"
            digest.update(path.read_bytes() if path.exists() else b"")
        return digest.hexdigest()[:16]

    def period(self, partition: str) -> Period:
        """The days of a partition.

        Raises:
            ValueError: the partition is not written as this source's periods are.
        """
        patterns = {"month": r"(20\d{2})-(0[1-9]|1[0-2])", "quarter": r"(20\d{2})-Q([1-4])", "year": r"(20\d{2})"}
        examples = {"month": "2026-10", "quarter": "2026-Q3", "year": "2026"}
        found = re.fullmatch(patterns[self.cycle], partition)
        if not found:
            raise ValueError(f"{partition} is no {self.cycle} of {self.name}: write it like {examples[self.cycle]}.")
        months = {"month": 1, "quarter": 3, "year": 12}[self.cycle]
        year, start = int(found[1]), 1
        if self.cycle != "year":
            start = (int(found[2]) - 1) * months + 1
        end = start + months
        return Period(
            partition,
            date(year, start, 1),
            date.fromordinal(date(year + (end - 1) // 12, (end - 1) % 12 + 1, 1).toordinal() - 1),
        )

    def period_of(self, name: str, landed_on: date) -> tuple[str, date]:
        """Partition of a file, and the day that its content describes: from a date in its name, else the day it came.

        `hoso-2026-03-14.ndjson` and `hoso-14-03-2026.ndjson` describe 14 March; `hoso-2026-03.ndjson` and
        `hoso-T3-2026.ndjson` the last day of March, as `hoso-Q1-2026.ndjson` does. No content is of a day to come.

        Raises:
            ValueError: the name tells no day, and the source needs one.
        """
        told = _day_in(name, whole_days_only=self.named_after_period)
        if told is None and self.dated_by_name:
            stem = re.sub(r"(?:\.[A-Za-z]\w*)+$", "", name)
            raise ValueError(
                "has no date in its name, and nothing else tells what day its rows are of. Name it like "
                f"{stem}-2026-09-30{name[len(stem) :]}; a month (T9-2026) or a quarter (Q3-2026) is its last day."
            )
        day = min(told or landed_on, landed_on)
        return self.partition_of(day), day

    def partition_of(self, day: date) -> str:
        """The partition that a day lies in."""
        if self.cycle == "year":
            return f"{day.year}"
        if self.cycle == "quarter":
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
