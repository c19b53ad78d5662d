"""What a source is: who publishes it, under which licence, how often, and how its bytes become typed rows.

A source is one file of this folder that ends in `SOURCE = Source(...)`; nothing else lists it. Its fields are declared
with the types of `fields.py`, which bring their checks with them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

from pipelines.language import tr
from pipelines.periods import EXAMPLES, Period, day_in_name
from pipelines.sources.province import Province

if TYPE_CHECKING:
    from pipelines.sources.client import Client, Manner
    from pipelines.sources.fields import Field

__all__ = ["Period"]


class Frames(Protocol):
    """A batch of records: parallel Arrow arrays `row_no` and `text`, and rejects as (row_no, reason).

    `elsewhere` counts rows that are valid but not of the province: a world-wide file is filtered while it is read.
    """

    row_no: Any
    text: Any
    rejects: list[tuple[int, str]]
    elsewhere: int


Framer = Callable[..., Iterator[Any]]


# ------------------------------------------------------------------------------------------------------------- asking
@dataclass(frozen=True)
class Ask:
    """What a connector is given to ask its source with.

    `has_landed(name)` is whether this period has a file of that name already: an interrupted pull need not ask for
    that page again. Credentials are read from the file that the settings name and never leave the connector.
    """

    http: Client
    address: str
    credentials: Mapping[str, str]
    period: Period
    now: Callable[[], datetime]
    has_landed: Callable[[str], bool]
    province: Province | None = None


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


# ------------------------------------------------------------------------------------------------------------ loading
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
    order, the first that is broken is the record's reason. `identity` is the column that distinguishes records.
    `dropped` are fields that are known and deliberately not kept; anything else in a record is reported as unexpected.
    """

    structure: Mapping[str, Any]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    identity: str
    dropped: frozenset[str] = frozenset()
    free_texts: tuple[str, ...] = ()
    """Columns that people write what they like into: one that looks like personal data rejects its record."""
    texts: tuple[str, ...] = ()
    """Columns of words, those among them: one that was decoded wrongly rejects its record."""

    @classmethod
    def of(
        cls,
        *fields: Field,
        identity: str,
        dropped: Iterable[str] = (),
        columns: Sequence[Column] = (),
        rules: Sequence[Rule] = (),
        first_rules: Sequence[Rule] = (),
        structure: Mapping[str, Any] | None = None,
    ) -> Table:
        """The table of typed fields, in their order.

        Args:
            columns, structure: what no type covers: columns behind those of the fields, and how to parse them.
            first_rules, rules: what is judged over several fields, before and after the fields' own rules.
        """
        tree: dict[str, Any] = {}
        for declared in fields:
            *above, leaf = declared.name.split(".")
            node = tree
            for name in above:
                node = node.setdefault(name, {})
            node[leaf] = declared.json_type
        return cls(
            structure={**tree, **(structure or {})},
            columns=(*(column for declared in fields for column in declared.columns), *columns),
            rules=(*first_rules, *(rule for declared in fields for rule in declared.rules), *rules),
            identity=identity,
            dropped=frozenset(dropped),
            free_texts=tuple(declared.column_name for declared in fields if declared.is_free_text),
            texts=tuple(declared.column_name for declared in fields if declared.is_text),
        )

    @property
    def known_fields(self) -> frozenset[str]:
        return frozenset(self.structure) | self.dropped


@dataclass(frozen=True)
class Source:
    """One source of data, in one place. `bound` gives it the province that its files are read for."""

    name: str
    title_vi: str
    title_en: str
    publisher: str
    """Who publishes it; `{province}` stands for the name of the province."""
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
    """Whether each row is a fact of its own: what is truncated or rejected is not known yet, and makes nothing wrong.
    The gate warns of it, where it would hold back what is counted from rows."""
    known_address: str = "..."
    """Base URL of the interface as last known, to be set by the operator; nothing is asked unless it is set."""
    frames_by_name: bool = False
    """Whether a file's name states what its content leaves out: `frame` is then given it as `name`."""
    frames_by_province: bool = False
    """Whether `frame` needs the province, as `province`: its bounding box or its registries."""
    subject: Callable[[str], str] | None = None
    """What a file is about, by its name, where a later file about the same replaces it completely. Without it no file
    replaces another one: each adds rows, or newer versions of rows."""
    dated_by_name: bool = False
    """Whether only a file's name states the day of its content: a file whose name states none is not accepted."""
    named_after_period: bool = False
    """Whether a month or a quarter in a name is what the figures are about, and not when they were reported: only a
    complete date in it is the day of the file."""
    registries: tuple[str, ...] = ()
    """Registries that people edit and that decide how a file is read: a code is known or not, a heading is."""
    known_headings: Callable[[Province], frozenset[str]] | None = None
    """Further fields that a registry of the province knows: loaded under another name, or not loaded."""
    province: Province | None = None

    def bound(self, province: Province) -> Source:
        """The source as it is read for a province."""
        return replace(self, province=province, publisher=self.publisher.replace("{province}", province.name))

    @property
    def has_forms(self) -> bool:
        """Whether senders head its tables as they like: a heading that is not known may hide what is asked for."""
        return "operator_headings" in self.registries

    @property
    def known_fields(self) -> frozenset[str]:
        """Fields that are loaded or deliberately not."""
        if self.known_headings is None:
            return self.table.known_fields
        return self.table.known_fields | self.known_headings(self._province())

    def frames(self, stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Any]:
        """The records of a file in batches: `frame` with what it needs to know."""
        return self.frame(stream, max_record_bytes=max_record_bytes, **self.framing_options(name))

    def framing_options(self, name: str) -> dict[str, Any]:
        """What `frame` needs to know besides the bytes of the file of that name."""
        options: dict[str, Any] = {"name": name} if self.frames_by_name else {}
        return options | ({"province": self._province()} if self.frames_by_province else {})

    def reading(self) -> str:
        """Digest of everything but a file's own bytes that decides what becomes of its rows: table, province,
        registries.

        Rows that were read under another one are read again, so that a corrected registry takes effect on files that
        came before it. The code of a framing is no part of it: `hatinh rebuild` when that changes.
        """
        table, province = self.table, self.province
        described = (
            sorted(table.structure.items()),
            table.columns,
            table.rules,
            table.identity,
            sorted(table.dropped),
            table.free_texts,
            table.texts,
        )
        digest = hashlib.sha256(repr((described, province and province.box)).encode())
        for registry in self.registries if province else ():
            path = self._province().seeds / f"{registry}.csv"
            digest.update(path.read_bytes() if path.exists() else b"")
        return digest.hexdigest()[:16]

    def _province(self) -> Province:
        if self.province is None:
            raise ValueError(tr("{name} is read for a province: use `bound(province)`.", name=self.name))
        return self.province

    def period(self, partition: str) -> Period:
        """The period of a partition.

        Raises:
            ValueError: the partition is not written as this source's periods are.
        """
        try:
            found = Period.parse(partition, (self.cycle,))
        except ValueError:
            found = None
        if found is None or found.label != partition:
            raise ValueError(
                tr(
                    "{partition} is no period of {name}: write it like {value}.",
                    partition=partition,
                    name=self.name,
                    value=EXAMPLES[self.cycle],
                )
            )
        return found

    def period_of(self, name: str, landed_on: date) -> tuple[str, date]:
        """Partition of a file, and the day that its content describes: from a date in its name, else the day it came.

        `hoso-2026-03-14.ndjson` and `hoso-14-03-2026.ndjson` describe 14 March; `hoso-2026-03.ndjson` and
        `hoso-T3-2026.ndjson` the last day of March, as `hoso-Q1-2026.ndjson` does. No content is of a day to come.

        Raises:
            ValueError: the name states no day, and the source needs one.
        """
        stated = day_in_name(name, whole_days_only=self.named_after_period)
        if stated is None and self.dated_by_name:
            stem = re.sub(r"(?:\.[A-Za-z]\w*)+$", "", name)
            raise ValueError(
                tr(
                    "has no date in its name, and nothing else states the day of its rows. Name it like "
                    "{stem}-2026-09-30{suffix}; a month (T9-2026) or a quarter (Q3-2026) is its last day.",
                    stem=stem,
                    suffix=name[len(stem) :],
                )
            )
        day = min(stated or landed_on, landed_on)
        return self.partition_of(day), day

    def partition_of(self, day: date) -> str:
        """The partition that a day lies in."""
        return Period.containing(self.cycle, day).label
