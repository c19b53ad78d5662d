"""Published statistics as they were known on a day, from a release: a revision never overwrites, so it is a query."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

AS_OF = """
    select * from statistics
    where vintage_on <= $day
    qualify row_number() over (
        partition by indicator, area_code, period_type, period_start, source order by vintage_on desc
    ) = 1
"""
"""Of each figure of each source its newest publication up to a day; docs/methods/statistics.md shows it to readers."""
_AREAS = {"VN": "cả nước / nation", "42": "Hà Tĩnh"}
_PERIODS = {"year": "%Y", "month": "%m/%Y", "day": "%d/%m/%Y"}


class NotPublished(ValueError):
    """The release has no table of statistics, or nothing in it that was asked for. The message says what to do."""


def statistics_as_of(release: Path, day: date, indicator: str | None = None) -> list[dict[str, Any]]:
    """The figures known on a day, each with its vintage, sorted; of one indicator, or of all.

    Raises:
        NotPublished: the release has no statistics, or knows no such indicator.
    """
    path = release / "statistics.parquet"
    if not path.exists():
        raise NotPublished("The release has no table `statistics`: hatinh status says what was held back and why.")
    with duckdb.connect() as connection:
        statistics = connection.read_parquet(str(path))
        connection.register("statistics", statistics)
        if indicator is not None:
            known = [name for (name,) in connection.execute("select distinct indicator from statistics").fetchall()]
            if indicator not in known:
                raise NotPublished(f"No figure of {indicator} is published. Published are: {', '.join(sorted(known))}.")
        answer = connection.execute(
            f"select * from ({AS_OF}) where $indicator is null or indicator = $indicator "
            "order by indicator, area_code, period_start, period_type, source",
            {"day": day, "indicator": indicator},
        )
        names = [column[0] for column in answer.description or []]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def statistics_table(rows: list[dict[str, Any]], day: date) -> RenderableType:
    """The figures as a table for the terminal; what moved shows by how much, and when it was published."""
    table = Table(title=f"Số liệu đã công bố đến / as of {day:%d/%m/%Y}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Chỉ số", ratio=3, overflow="fold")
    table.add_column("Nơi", overflow="fold")
    table.add_column("Kỳ", no_wrap=True)
    for name in ("Giá trị", "Điều chỉnh"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("Công bố", no_wrap=True)
    table.add_column("Nguồn", ratio=2, overflow="fold")
    said = None
    for row in rows:
        title = f"{row['title_vi']}\n[dim]{row['indicator']}[/dim]" if row["indicator"] != said else ""
        said = row["indicator"]
        status = "" if row["obs_status"] == "observed" else f"\n[dim]{row['obs_status']}[/dim]"
        value = "–" if row["value"] is None else f"{row['value']:,.10g} {row['unit']}"
        moved = "" if row["revision"] is None else f"{row['revision']:+,.6g}"
        table.add_row(
            title,
            _AREAS.get(row["area_code"], row["area_code"]),
            _period(row["period_type"], row["period_start"]),
            value + status,
            moved,
            f"{row['vintage_on']:%d/%m/%Y}",
            f"{escape(row['source'])} [dim]({row['grade']})[/dim]",
        )
    return table


def _period(kind: str, start: date) -> str:
    if kind == "half":
        return f"6T{1 if start.month == 1 else 2}/{start.year}"
    if kind == "quarter":
        return f"Q{(start.month + 2) // 3}/{start.year}"
    return f"{start:{_PERIODS[kind]}}"
