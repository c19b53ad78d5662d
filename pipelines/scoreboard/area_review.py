"""Names and codes of communes that figures could not be placed by, for the person who answers for them.

A release does not hold them, since they are questions and not figures: they are read from the private warehouse.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.scoreboard.words import number
from pipelines.warehouse.connection import Warehouse

WAITING = """
    select source, name_given, problem, placed_in, row_count, first_on, last_on, candidates
    from intermediate.int_area_name_review
    order by placed_in is not null, source, row_count desc, name_given
"""
PROBLEMS = {
    "unknown_name": "tên chưa có trong danh mục vào ngày đó / no commune has this name on its day",
    "several_meanings": "tên chỉ nhiều xã / the name means several communes",
    "code_not_in_force": "mã không có hiệu lực vào ngày đó / the code is no commune's on its day",
    "code_and_name_differ": "mã và tên chỉ hai xã khác nhau / code and name are of two communes",
}
"""What each problem of int_area_name_review means."""
HOW = (
    "alias: đúng như dòng đậm, cả mã nếu có / as in the bold line, with its code if there is one",
    "area_code, valid_from: mã và ngày bắt đầu của đơn vị, có hiệu lực vào các ngày trên / code and begin of the unit, "
    "in force on the days above: hatinh area MÃ",
    "source: ai xác nhận / who says so. Rồi chạy / then: hatinh run",
    "Xã bị tách mà không rõ phần nào thì để chờ / where nobody knows which part of a split one is meant, let it wait",
)
WRONG_CODES = (
    "Mã sai: báo nguồn gửi lại với mã của ngày số liệu / a wrong code: ask the source for the codes of its day; "
    "docs/methods/geography.md#names"
)


class NotReadable(RuntimeError):
    """The warehouse has no such table yet, or is held. The message says what to do."""


@dataclass(frozen=True)
class Named:
    """A spelling of one source: how often, from when to when, why it waits, and what it may mean."""

    source: str
    given: str
    problem: str
    placed_in: str | None
    rows: int
    first_on: date
    last_on: date
    candidates: str


def names_to_review(warehouse: Warehouse) -> list[Named]:
    """Those that lead to no commune first, each source's by rows; then those placed in spite of their code.

    Raises:
        NotReadable: there is no warehouse that has them, or it is in use.
    """
    if not warehouse.path.exists():
        raise NotReadable("Nothing is loaded yet: hatinh run")
    try:
        with warehouse.connect(read_only=True) as connection:
            return [Named(*row) for row in connection.execute(WAITING).fetchall()]
    except (duckdb.CatalogException, duckdb.BinderException):
        raise NotReadable(
            "The warehouse is of another version of the program; the next run builds it: hatinh run"
        ) from None
    except duckdb.IOException:
        raise NotReadable("The warehouse is in use. Wait until the run ends.") from None


def review_list(names: Sequence[Named], aliases: Path) -> RenderableType:
    """Each name with its candidates, and how to answer.

    Args:
        aliases: the seed that takes the answers.
    """
    if not names:
        return Text("Không có tên nào chờ / no name waits: every commune is known.")
    parts: list[RenderableType] = []
    for name in names:
        parts += [Text(f"{name.source} · {name.given}", style="bold"), _card(name), Text()]
    if waiting := [name for name in names if name.placed_in is None]:
        parts.append(Text(f"Trả lời / answer: thêm dòng vào / add a row to {aliases}", style="bold"))
        parts.append(Padding(Text(f"alias,area_code,valid_from,source\n{_answer(waiting[0].given)}"), (0, 0, 0, 2)))
        parts += [Text(line) for line in HOW]
    if any(name.problem in ("code_not_in_force", "code_and_name_differ") for name in names):
        parts.append(Text(WRONG_CODES))
    return Group(*parts)


def _card(name: Named) -> Table:
    card = Table.grid(padding=(0, 2))
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    days = f"{name.first_on:%d/%m/%Y}"
    if name.last_on != name.first_on:
        days += f" – {name.last_on:%d/%m/%Y}"
    card.add_row("  Số dòng / rows", f"{number(name.rows).vi} · {days}")
    card.add_row("  Vì sao / why", PROBLEMS[name.problem])
    if name.placed_in:
        card.add_row("  Đã tính vào / placed in", Text(f"{name.placed_in}, theo tên / by its name"))
    for position, candidate in enumerate(name.candidates.split("; ") if name.candidates else ["chưa rõ / none"]):
        card.add_row("  Có thể là / candidates" if position == 0 else "", Text(candidate))
    return card


def _answer(given: str) -> str:
    """The row that answers for a spelling, to be completed; quoted where it has a comma."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([given, "…", "…", "…"])
    return line.getvalue()
