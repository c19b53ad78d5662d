"""Published statistics as they were known on a day, and what changed between publications, from a release.

A revision never overwrites, so both are queries: of the marts `statistics` and `revisions`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from pipelines import language
from pipelines.language import later, tr
from pipelines.release.reader import ReleaseReader, Row
from pipelines.scoreboard import words

AS_OF = """
    select * from statistics
    where vintage_on <= $day
    qualify row_number() over (
        partition by indicator, area_code, period_type, period_start, source order by vintage_on desc
    ) = 1
"""
"""Of each figure of each source its newest publication that was certainly out by a day; docs/methods/statistics.md
shows it to readers."""
LATER = "select * from statistics where vintage_on > $day and period_start <= $day"
"""Publications known to be out by a later day, of periods that had begun: some may have been out already."""
REVISED = "select * from revisions where vintage_on <= $day"
"""Every revision that had been published by a day."""
HELD = {
    "jump": later("jumps beyond its history"),
    "unit_changed": later("another unit"),
    "out_of_range": later("out of range"),
    "value_gone": later("its value is gone"),
    "other_value": later("another value for one publication"),
    "unknown_indicator": later("not in the registry"),
}
"""What each reason means for which a figure waits; one that an accepted one replaced does not wait."""
WAITING = """
    select *, count(*) over series as figures from statistics_review
    where held_reason <> 'replaced'
    window
        series as (partition by held_reason, indicator, area_code, source),
        newest as (partition by held_reason, indicator, area_code, source order by period_start desc, vintage_on desc)
    qualify row_number() over newest = 1
    order by held_reason, indicator, area_code, source
"""
"""Of each series that waits its newest figure, and how many there are: a unit that changed holds every year of it."""
OVERDUE = """
    select publisher, count(*) as series, min(expected_on) as since, max(expected_on) as newest,
        string_agg(indicator, ', ' order by expected_on desc, indicator) as indicators
    from publication_calendar
    where expected_on < $day
    group by publisher
    order by newest desc, publisher
"""
"""Publishers whose next figures were expected before a day, who is newly overdue first."""
_DECIMALS = 6
"""Figures stay as printed: an index has four decimals, a revision of one no more than six."""


class NotPublished(ValueError):
    """The release has no such table, or nothing in it that was asked for. The message has the fix."""


def statistics_as_of(release: Path, day: date, indicator: str | None = None) -> list[Row]:
    """The figures known on a day, each with its vintage, sorted; of one indicator, or of all.

    Raises:
        NotPublished: the release has no statistics, or knows no such indicator.
    """
    return _read(release, "statistics", AS_OF, day, indicator)


def possibly_known(release: Path, day: date, indicator: str | None = None) -> int:
    """How many publications may have been out on a day, though it is only known that they were out by a later one."""
    rows = _read(release, "statistics", LATER, day, indicator)
    return sum(row.get("vintage_precision") == "not_after" for row in rows)


def revisions_until(release: Path, day: date, indicator: str | None = None) -> list[Row]:
    """What had been revised by a day: each revision with both publications, sorted; of one indicator, or of all.

    Raises:
        NotPublished: the release has no revisions, or nothing of the indicator was ever revised.
    """
    return _read(release, "revisions", REVISED, day, indicator)


def waiting_for_review(release: Path) -> list[str]:
    """One line per series that waits: its new figure beside the active one. No line where none waits."""
    reader = ReleaseReader(release)
    return [_waiting(row) for row in reader.query(WAITING)] if "statistics_review" in reader.tables else []


def overdue_publishers(release: Path, today: date) -> list[Row]:
    """Publishers with figures that were expected before `today`. Empty where the release has no calendar."""
    reader = ReleaseReader(release)
    if "publication_calendar" not in reader.tables:
        return []
    # DuckDB imports pandas, 0.5 s, to bind a value
    return reader.query(OVERDUE.replace("$day", f"date '{today:%Y-%m-%d}'"))


def overdue(release: Path, today: date) -> list[str]:
    """A line per publisher with figures that were expected before `today`."""
    return [
        f"{row['publisher']}: {tr('{count} series', count=row['series'])}, {_days(row)} ({row['indicators']})"
        for row in overdue_publishers(release, today)
    ]


def _days(row: Row) -> str:
    first, last = language.day(row["since"]), language.day(row["newest"])
    return first if first == last else f"{first} – {last}"


def _waiting(row: Row) -> str:
    before = "–"
    if row["previous_value"] is not None:
        published = language.day(row["previous_vintage_on"])
        if row["held_reason"] == "jump":
            published += f", ±{words.number(row['revision_limit'], 2)}"
        before = f"{_quantity(row['previous_value'], row['registered_unit'])} ({published})"
    more = " · " + tr("{count} figures", count=row["figures"]) if row["figures"] > 1 else ""
    return (
        f"{tr(HELD.get(row['held_reason']) or row['held_reason'])} ({row['held_reason']}): {row['indicator']}, "
        f"{_area(row)}, "
        f"{words.period(row['period_type'], row['period_start'])}, {row['source']}: "
        f"{_quantity(row['value'], row['unit'])} ({language.day(row['vintage_on'])}), {tr('active')} {before}{more}"
    )


def _read(release: Path, name: str, query: str, day: date, indicator: str | None) -> list[Row]:
    reader = ReleaseReader(release)
    if name not in reader.tables:
        raise NotPublished(
            tr("The release has no table {table}: hatinh status shows what was held back and why.", table=name)
        )
    if indicator is not None:
        known = [row["indicator"] for row in reader.query(f"select distinct indicator from {name}")]
        if indicator not in known:
            raise NotPublished(_unknown(name, indicator, known))
    return reader.query(
        f"select * from ({query}) where $indicator is null or indicator = $indicator "
        "order by indicator, area_code, period_start, period_type, source, vintage_on",
        {"day": day, "indicator": indicator},
    )


def _unknown(name: str, indicator: str, known: Sequence[str]) -> str:
    """That there is nothing of an indicator, with the few that are spelled like it and how to see all."""
    missing, command = (
        (tr("No figure is published"), "hatinh statistics")
        if name == "statistics"
        else (tr("Never published again"), "hatinh statistics --revisions")
    )
    near = get_close_matches(indicator, sorted(known), n=3, cutoff=0.4)
    hint = f" {tr('Near')}: {', '.join(near)}." if near else ""
    return f"{missing}: {indicator}.{hint} {tr('All of them')}: {command}"


def statistics_table(rows: Sequence[Row], day: date, possibly: int = 0) -> RenderableType:
    """The figures for the terminal, one table per indicator: how much each moved, and when it was published.

    `possibly` is how many more publications may have been out by then.
    """

    def cells(row: Row) -> tuple[str, ...]:
        status = (
            "" if row["obs_status"] == "observed" else f" [dim]{words.said(words.OBS_STATUS, row['obs_status'])}[/dim]"
        )
        moved = "" if row["revision"] is None else _moved(row)
        return (_quantity(row["value"], row["unit"]) + status, moved, _published(row))

    headings = (tr("Value"), tr("Revision"), tr("Published"))
    title = tr("Figures as of") + f" {language.day(day)}"
    if possibly:
        title += " · " + tr("possibly {count} more, day of publication not known", count=possibly)
    return _tables(rows, title, headings, cells)


def revisions_table(rows: Sequence[Row], day: date) -> RenderableType:
    """The revisions for the terminal, one table per indicator: from what to what, published when, by how much."""

    def cells(row: Row) -> tuple[str, ...]:
        return (
            f"{_quantity(row['previous_value'], row['unit'])}\n[dim]{language.day(row['previous_vintage_on'])}[/dim]",
            f"{_quantity(row['value'], row['unit'])}\n[dim]{_published(row)}[/dim]",
            _moved(row),
            "–" if row["revision_pct"] is None else f"{words.number(row['revision_pct'], 2, sign=True)} %",
        )

    moved = sum(row["revision"] != 0 for row in rows)
    title = tr(
        "Published again by {day}: {times} times, {moved} of them moved",
        day=language.day(day),
        times=len(rows),
        moved=moved,
    )
    headings = (tr("From"), tr("To"), tr("Change"), tr("Relative"))
    return _tables(rows, title, headings, cells)


def _tables(
    rows: Sequence[Row], title: str, headings: Sequence[str], cells: Callable[[Row], tuple[str, ...]]
) -> RenderableType:
    """One table per indicator, under its title: in a column the title would leave no room for the figures."""
    parts: list[RenderableType] = [f"[bold]{title}[/bold]"]
    for indicator, of_one in groupby(rows, key=lambda row: row["indicator"]):
        shown = list(of_one)
        table = Table(
            title=f"{escape(_title(shown[0]))} [dim]{indicator}[/dim]", box=box.SIMPLE_HEAD, title_justify="left"
        )
        table.add_column(tr("Place"), overflow="fold")
        table.add_column(tr("Period"), no_wrap=True)
        for heading in headings:
            table.add_column(heading, justify="right", no_wrap=True, overflow="fold")
        table.add_column(tr("Source"), overflow="fold")
        for row in shown:
            grade = f" [dim]({row['grade']})[/dim]" if row.get("grade") else ""
            table.add_row(
                escape(_area(row)),
                str(words.short_period(row["period_type"], row["period_start"])),
                *cells(row),
                escape(row["source"]) + grade,
            )
        parts.append(table)
    if not rows:
        parts.append(tr("Nothing had been published by that day"))
    return Group(*parts)


def _published(row: Row) -> str:
    """The day of publication; "≤" before one by which the figure was public, the day itself not being known."""
    mark = "≤ " if row.get("vintage_precision") == "not_after" else ""
    return f"{mark}{language.day(row['vintage_on'])}"


def _title(row: Row) -> str:
    return str(words.Text(row["title_vi"], row.get("title_en") or row["title_vi"]))


def _area(row: Row) -> str:
    """The name of the area; its code where no registry knows it, or where the table is older than the names."""
    return str(row.get("area_name") or row["area_code"])


def _quantity(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{words.number(value, _DECIMALS)} {words.unit(unit)}"


def _moved(row: Row) -> str:
    """By how much, in the unit of the row: a share moves by points."""
    steps = f" {words.unit('điểm %')}" if row["unit"] == "%" else ""
    return f"{words.number(row['revision'], _DECIMALS, sign=True)}{steps}"
