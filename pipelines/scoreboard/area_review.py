"""Names that wait for the person who answers for them: communes that figures could not be placed by, and villages that
operators may call by different names.

A release does not hold them, since they are questions and not figures: they are read from the private warehouse.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.language import day, later, tr
from pipelines.scoreboard.words import number
from pipelines.warehouse.connection import Warehouse

WAITING = """
    select source, name_given, problem, placed_in, row_count, first_on, last_on, candidates, files
    from intermediate.int_area_name_review
    order by placed_in is not null, source, row_count desc, name_given
"""
VILLAGES = """
    select area_code, area_name, village_name, technologies, operators, candidates
    from intermediate.int_village_name_review
    order by area_code, area_name, village_name
"""
PROBLEMS = {
    "unknown_name": later("no commune has this name on its day"),
    "several_meanings": later("the name means several communes"),
    "code_not_in_force": later("the code is no commune's on its day"),
    "code_and_name_differ": later("code and name are of two communes"),
}
"""What each problem of int_area_name_review means."""
HOW = (
    later("alias: as in the bold line, with its code if there is one"),
    later("area_code, valid_from: code and begin of the unit, valid on the days above: hatinh area CODE"),
    later("source: who confirms it. Then: hatinh run"),
    later("Where the part of a split commune is not known, let it wait"),
)
HOW_VILLAGES = (
    later("area_code: the commune's code, of the bold line"),
    later("alias: one of the two names; village: the name that counts"),
    later("If they are two villages, write the alias as village too"),
    later("source: who confirms it. Then: hatinh run"),
)
WRONG_CODES = later("A wrong code: ask the source for the codes of its day; docs/methods/geography.md#names")


class NotReadable(RuntimeError):
    """The warehouse has no such table yet, or is held. The message has the fix."""


@dataclass(frozen=True)
class Named:
    """A spelling of one source: how often, from when to when, in which files, why it waits, and what it may mean."""

    source: str
    given: str
    problem: str
    placed_in: str | None
    rows: int
    first_on: date
    last_on: date
    candidates: str
    files: str | None


@dataclass(frozen=True)
class Village:
    """A village that is unknown though an operator denies it, and others of its commune that may be the same."""

    area_code: str
    area_name: str
    name: str
    technologies: str
    operators: str
    candidates: str


@dataclass(frozen=True)
class Waiting:
    """What waits for an answer."""

    communes: Sequence[Named]
    """Those that lead to no commune first, each source's by rows; then those placed in spite of their code."""
    villages: Sequence[Village]


def names_to_review(warehouse: Warehouse) -> Waiting:
    """What the last build found.

    Raises:
        NotReadable: there is no warehouse that has them, or it is in use.
    """
    if not warehouse.path.exists():
        raise NotReadable(tr("Nothing is loaded yet: hatinh run"))
    try:
        with warehouse.connect(read_only=True) as connection:
            return Waiting(
                [Named(*row) for row in connection.execute(WAITING).fetchall()],
                [Village(*row) for row in connection.execute(VILLAGES).fetchall()],
            )
    except (duckdb.CatalogException, duckdb.BinderException):
        raise NotReadable(
            tr("The warehouse is of another version of the program; the next run builds it: hatinh run")
        ) from None
    except duckdb.IOException:
        raise NotReadable(tr("The warehouse is in use. Wait until the run ends.")) from None


def review_list(waiting: Waiting, seeds: Path) -> RenderableType:
    """Each name with its candidates, and how to answer.

    Args:
        seeds: the folder of the registries that take the answers.
    """
    parts = [*_communes(waiting.communes, seeds / "area_aliases.csv")]
    parts += _villages(waiting.villages, seeds / "village_aliases.csv")
    return Group(*parts) if parts else Text(tr("No name waits: every commune and village is known."))


def _communes(names: Sequence[Named], aliases: Path) -> Iterator[RenderableType]:
    for name in names:
        yield from (Text(f"{name.source} · {name.given}", style="bold"), _card(name), Text())
    if waiting := [name for name in names if name.placed_in is None]:
        yield from _how(aliases, "alias,area_code,valid_from,source", (waiting[0].given, "…", "…", "…"), HOW)
    if any(name.problem in ("code_not_in_force", "code_and_name_differ") for name in names):
        yield Text(tr(WRONG_CODES))


def _villages(villages: Sequence[Village], aliases: Path) -> Iterator[RenderableType]:
    """By commune: its villages, each with what it may be."""
    for (code, area), of in groupby(villages, key=lambda village: (village.area_code, village.area_name)):
        yield Text(f"{code} {area}", style="bold")
        for village in of:
            card = _grid()
            card.add_row(f"  {tr('Village')}", Text(f"{village.name} ({village.operators})"))
            card.add_row(f"  {tr('Unknown')}", Text(village.technologies))
            _add_candidates(card, f"  {tr('May be')}", village.candidates)
            yield from (card, Text())
    if villages:
        first = villages[0]
        answer = (first.area_code, first.name, "…", "…")
        yield from _how(aliases, "area_code,alias,village,source", answer, HOW_VILLAGES)


def _how(aliases: Path, columns: str, answer: Sequence[str], words: Sequence[str]) -> Iterator[RenderableType]:
    """The row that answers for a name, to be completed."""
    yield Text(tr("Answer: add a row to {file}", file=aliases), style="bold")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(answer)
    yield Padding(Text(f"{columns}\n{line.getvalue()}"), (0, 0, 0, 2))
    yield from (Text(tr(word)) for word in words)


def _card(name: Named) -> Table:
    card = _grid()
    days = day(name.first_on)
    if name.last_on != name.first_on:
        days += f" – {day(name.last_on)}"
    card.add_row(f"  {tr('Rows')}", f"{number(name.rows)} · {days}")
    card.add_row(f"  {tr('Why')}", tr(PROBLEMS[name.problem]))
    if name.files:
        card.add_row(f"  {tr('Files')}", Text(name.files))
    if name.placed_in:
        card.add_row(f"  {tr('Placed in')}", Text(f"{name.placed_in}, {tr('by its name')}"))
    _add_candidates(card, f"  {tr('Candidates')}", name.candidates or tr("none"))
    return card


def _grid() -> Table:
    card = Table.grid(padding=(0, 2))
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    return card


_MARKS = (later("parts of"), later("near:"), later("(until"), later("(from"))
"""What the review writes around the units that a name may mean."""


def _add_candidates(card: Table, label: str, candidates: str) -> None:
    for mark in _MARKS:
        candidates = candidates.replace(mark, tr(mark))
    for position, candidate in enumerate(candidates.split("; ")):
        card.add_row(label if position == 0 else "", Text(candidate))
