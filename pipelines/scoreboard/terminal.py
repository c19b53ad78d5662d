"""The scoreboard in the terminal: what readers get, what is held back and why, what is in quarantine.

It fits 80 columns: a target takes one or two lines, targets without data are counted. The full form names those too,
with documents and every table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.language import ntr, tr
from pipelines.reasons import REASONS, refusal_in_words
from pipelines.release.reader import Row
from pipelines.release.released import Release
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.rows import STATUSES, Place, Rows
from pipelines.scoreboard.statistics import overdue, waiting_for_review
from pipelines.scoreboard.words import (
    GRADE,
    OBS_STATUS,
    STATUS,
    VERDICT,
    goal,
    held_back,
    number,
    quantity,
    said,
    years,
)
from pipelines.scoreboard.words import Text as Pair

_SIGNS = {
    "met": ("✓", "green"),
    "met_provisional": ("≈", "green"),
    "on_track": ("↑", "green"),
    "moderate": ("↗", "yellow"),
    "insufficient": ("→", "red"),
    "away": ("↓", "red"),
    "not_assessed": ("–", "dim"),
    "no_data": ("?", "bold yellow"),
    "no_longer_in_force": ("×", "dim"),
}
"""Sign and colour of each verdict, as on the page: the colour only repeats what sign and word say."""
_LISTED = 8
"""Series held for review that are listed one by one."""
_WIDE = 110
"""From so many columns on, a value and its period stand beside each other."""
_NARROW_VERDICT = 12
"""Below that, a verdict takes two lines, as the value beside it does, and leaves the title more room."""


def scoreboard(
    store: ReleaseStore,
    runs: list[dict[str, Any]],
    place: Place,
    *,
    in_full: bool = False,
    holder: object = None,
    today: date | None = None,
) -> RenderableType:
    """What to print after a run and on `hatinh status`. Reads the current release and the list of runs only.

    Args:
        in_full: also what the short form leaves out: documents, targets without data, every table.
        today: day by which figures are overdue; none are listed without it.
        holder: who holds the warehouse now, if anyone: a run recorded as running that holds nothing is dead.
    """
    release = store.current()
    parts: list[RenderableType] = []
    if release is None:
        parts.append(Text(tr("No release yet: hatinh run"), style="yellow"))
    else:
        if release.synthetic:
            parts.append(
                Panel(
                    tr("Computed from synthetic samples, not from the province's data."),
                    title=tr("SYNTHETIC DATA"),
                    style="yellow",
                )
            )
        rows = Rows(release, place)
        parts.append(_counts(rows))
        parts.append(_Targets(rows.targets, in_full))
        parts.append(_tables(release) if in_full else _tables_counted(release))
    last = runs[-1] if runs else None
    loads: Mapping[str, Any] = next((run["loads"] for run in reversed(runs) if run.get("loads")), {})
    if loads:
        parts.append(_quarantine(loads))
    if release is not None and (waiting := waiting_for_review(release.path)):
        parts.append(_waiting(waiting))
    if release is not None and today is not None and (late := overdue(release.path, today)):
        parts.append(_overdue(late, in_full))
    if release is not None and release.held_back:
        parts.append(_held_back(release))
    if release is not None and in_full:
        parts.append(_warnings(release))
    if holder:
        parts.append(Text(f"{tr('Running')}: {holder}", style="cyan"))
    elif last:
        parts += _end_of(last)
    if release is not None:
        parts.append(Text.assemble(f"\n{tr('Release')}: ", (release.id, "bold"), f"\n{release.path}"))
        if not in_full:
            parts.append(Text(tr("In full: hatinh status --all"), style="dim"))
    return Group(*parts)


def _end_of(last: Mapping[str, Any]) -> list[RenderableType]:
    """How the last run ended, where a reader of the release would not see it."""
    if last["status"] in ("running", "died"):
        return [Text(tr("Last run: killed – hatinh run"), style="red")]
    if last["status"] == "failed":
        return [Text(tr("Last run: failed") + f" – {last.get('error') or ''}", style="red")]
    if last.get("kind") == "rollback" and not last.get("pinned"):  # a pin is named with what needs attention
        text = tr("Rolled back to {release}; the next run with other figures publishes again")
        return [Text(text.format(release=last["release"]), style="yellow")]
    return []


def _counts(rows: Rows) -> RenderableType:
    """How many targets there are, by status."""
    line = Text.assemble((tr("{count} targets", count=sum(rows.counts.values())), "bold"))
    for status in STATUSES:
        if rows.counts[status]:
            line.append(" · ")
            line.append_text(Text.from_markup(f"{_verdict(status)} [bold]{rows.counts[status]}[/bold]"))
    return line


@dataclass(frozen=True)
class _Targets:
    """The targets by pillar; each in as many lines as the width needs."""

    rows: Sequence[Row]
    in_full: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        wide = options.max_width >= _WIDE
        pillars = [list(rows) for _, rows in groupby(self.rows, key=lambda row: row["pillar"])]
        lines = [self._lines([row for row in rows if row["value"] is not None], wide) for rows in pillars]
        names = (tr("Target"), tr("Value"), tr("Goal"), tr("Verdict"))
        target, value, asked, verdict = (f"[bold]{name}[/bold]" for name in names)
        headings = (target, value, asked, verdict)
        every = [headings, *(line for measured in lines for line in measured)]
        widths = [max(_width(line[column]) for line in every) for column in (1, 2, 3)]
        if not wide:
            widths[2] = min(widths[2], _NARROW_VERDICT)
        yield ""
        yield _grid([headings], widths)
        space = "\n"
        for rows, measured in zip(pillars, lines, strict=True):
            silent = [row for row in rows if row["value"] is None]
            counted = f" · {_verdict('no_data')}: {len(silent)}" if silent else ""
            space = "\n" if measured else space
            yield Text.from_markup(f"{space}[bold]{escape(_of(rows[0], 'pillar'))}[/bold]{counted}")
            space = "\n" if measured or self.in_full else ""
            if measured:
                yield _grid(measured, widths)
            if self.in_full and silent:
                unknown = "; ".join(dict.fromkeys(_named(row) for row in silent))
                yield Padding(Text.from_markup(f"{_verdict('no_data')}: {escape(unknown)}", style="dim"), (0, 0, 0, 2))

    def _lines(self, rows: Sequence[Row], wide: bool) -> list[tuple[str, str, str, str]]:
        """The cells of each row. In the short form those that would read alike, by documents that ask the same, are
        one."""
        cells = [self._cells(row, wide) for row in rows]
        if self.in_full:
            return cells
        alike: dict[tuple[str, str, str, str], int] = {}
        for line in cells:
            alike[line] = alike.get(line, 0) + 1
        return [
            (
                line[0] + (f" [dim]· {ntr('{count} document', '{count} documents', count)}[/dim]" if count > 1 else ""),
                *line[1:],
            )
            for line, count in alike.items()
        ]

    def _cells(self, row: Row, wide: bool) -> tuple[str, str, str, str]:
        beside = "  " if wide else "\n"
        title = escape(_of(row, "title"))
        if row["area_code"] == "VN":
            title += f" [dim]({tr('the nation')})[/dim]"
        verdict = _verdict(row["status"])
        if self.in_full:
            basis = row["note"] or ""
            if row["document"]:
                basis = f"{row['document']}; {tr('grade')} {row['grade']}: {said(GRADE, row['grade'])}"
            title += f"\n[dim]{escape(basis)}[/dim]"
            if row["expected_year"]:
                expected = years(row["expected_year"], row["expected_year_low"], row["expected_year_high"])
                verdict += f"\n[dim]{tr('expected')} {expected}[/dim]"
        asked = "–"
        if row["target_value"] is not None:
            when = f"{beside}[dim]{row['target_year']}[/dim]" if row["target_year"] else ""
            asked = escape(str(goal(row["target_value"], row["unit"], row["direction"], row["is_strict"]))) + when
        return (
            title,
            f"{escape(str(quantity(row['value'], row['unit'])))}{beside}[dim]{_when(row)}[/dim]",
            asked,
            verdict,
        )


def _of(row: Row, name: str) -> str:
    """The title of a target or a pillar in the current language."""
    vi = row[f"{name}_vi"] or row["target_id"]
    return str(Pair(vi, row[f"{name}_en"] or vi))


def _named(row: Row) -> str:
    """A target of which the province has no value, with the nation's where there is one."""
    nation = ""
    if row["nation_value"] is not None:
        nation = f" ({tr('the nation')} {quantity(row['nation_value'], row['unit'])}, {row['nation_year']})"
    return f"{_of(row, 'title')}{nation}"


def _when(row: Row) -> str:
    """The period of a value, short: `2025`, or up to which month; what it is when it is not final, and a sample."""
    last = row["last_month"]
    running = last is not None and (row["period_type"] != "year" or last.month < 12)
    final = row["obs_status"] in (None, "observed")
    marks = ([] if final else [str(said(OBS_STATUS, row["obs_status"]))]) + ([tr("sample")] if row["is_sample"] else [])
    when = f"{last:%m/%Y}" if running else f"{row['year'] or ''}"
    return f"{when} {', '.join(marks)}".rstrip()


def _verdict(status: str) -> str:
    sign, style = _SIGNS[status]
    return f"[{style}]{sign} {STATUS[status]}[/{style}]"


def _width(cell: str) -> int:
    return max(cell_len(line) for line in Text.from_markup(cell).plain.split("\n"))


def _grid(lines: Sequence[tuple[str, str, str, str]], widths: Sequence[int]) -> Table:
    """Lines in columns of the same widths in every pillar; what is left is the title's."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(ratio=1, overflow="fold")
    for width, justify in zip(widths, ("right", "right", "left"), strict=True):
        table.add_column(width=width, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for line in lines:
        table.add_row(Padding(Text.from_markup(line[0]), (0, 0, 0, 2)), *line[1:])
    return table


def _tables_counted(release: Release) -> RenderableType:
    every = release.package["resources"]
    held = sum(1 for resource in every if resource.get("held_back"))
    kept = f", [yellow]{held} {VERDICT['held_back']}[/yellow]" if held else ""
    passed = f"[green]{len(every) - held} {VERDICT['passed']}[/green]"
    return Text.from_markup(f"\n[bold]{tr('{count} published tables', count=len(every))}[/bold]: {passed}{kept}")


def _tables(release: Release) -> RenderableType:
    table = Table(title="\n" + tr("Published tables"), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(tr("Table"), no_wrap=True)
    for name in (tr("Title"), tr("State")):
        table.add_column(name, overflow="fold")
    table.add_column(tr("Rows"), justify="right", no_wrap=True)
    for resource in release.package["resources"]:
        held = resource.get("held_back")
        state = (
            f"[yellow]{tr('held back since')} {held['since']}[/yellow]"
            if held
            else f"[green]{VERDICT['passed']}[/green]"
        )
        title = str(Pair(resource.get("title", ""), resource.get("title_en") or resource.get("title", "")))
        table.add_row(resource["name"], escape(title), state, str(number(resource["rows"])))
    return table


def _held_back(release: Release) -> RenderableType:
    """Why, once for all the targets that it holds back."""
    targets: dict[tuple[str, str], list[str]] = {}
    for held in release.held_back:
        targets.setdefault((str(held.since), str(held_back(release, held))), []).append(held.target)
    parts: list[RenderableType] = [Text("\n" + tr("Held back"), style="bold yellow")]
    for (since, reason), names in targets.items():
        parts.append(Padding(Text(f"{', '.join(names)} · {tr('since')} {since}", style="yellow"), (0, 0, 0, 2)))
        parts.append(Padding(Text(reason), (0, 0, 0, 4)))
    return Group(*parts)


def _waiting(lines: Sequence[str]) -> RenderableType:
    """Figures that wait for a decision; readers get the previous ones."""
    head = "\n" + tr("Statistics held for review; the old ones stay")
    shown = list(lines[:_LISTED])
    if len(lines) > _LISTED:
        more = len(lines) - _LISTED
        shown.append(tr("and {count} more series: table statistics_review", count=more))
    shown.append(tr("Accept or refuse") + ": docs/methods/statistics.md#held-for-review")
    return Group(Text(head, style="bold yellow"), *(Padding(Text(line), (0, 0, 0, 2)) for line in shown))


def _overdue(lines: Sequence[str], in_full: bool) -> RenderableType:
    """Publishers whose next figures were expected by now; in full with every series."""
    head = "\n" + tr("Overdue publications: table publication_calendar")
    shown = [line if in_full else line.partition(" (")[0] for line in lines]
    return Group(Text(head, style="yellow"), *(Padding(Text(line), (0, 0, 0, 2)) for line in shown))


def _warnings(release: Release) -> RenderableType:
    """Warnings, which hold nothing back, each once with all the targets that it concerns."""
    evidence = (item for checks in release.evidence.values() for item in checks)
    warnings = {
        (item["table"], item["detail"]): item["observed"]
        for item in evidence
        if not item["passed"] and item["severity"] == "warn"
    }
    parts: list[RenderableType] = [Text("\n" + tr("Warnings"), style="bold")] if warnings else []
    for (table, detail), observed in warnings.items():
        parts.append(Padding(Text(f"{table}: {observed or ''}".rstrip(": "), style="yellow"), (0, 0, 0, 2)))
        parts.append(Padding(Text(detail), (0, 0, 0, 4)))
    return Group(*parts)


def _quarantine(loads: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """Sources with something wrong, each with its reasons; the others in one line."""
    parts: list[RenderableType] = [Text("\n" + tr("Loaded and quarantined"), style="bold")]
    clean = []
    for source, load in loads.items():
        rows, aside, refused = load["total_in"], load["total_quarantined"], load.get("refused", [])
        stale = load.get("not_fetched", [])
        if not aside and not refused and not stale:
            if rows:
                clean.append(f"{source} {number(rows)}")
            continue
        counts = tr(
            "{rows} rows = {loaded} loaded + {aside} quarantined",
            rows=number(rows),
            loaded=number(rows - aside),
            aside=number(aside),
        )
        parts.append(Padding(Text(f"{source}: {counts}"), (0, 0, 0, 2)))
        for reason, count in load.get("reasons", {}).items():
            meaning = REASONS.get(reason.split(":")[0])
            described = f"{Pair(meaning.vi, meaning.en)} ({reason})" if meaning else reason
            parts.append(Padding(Text(f"{number(count)} × {described}"), (0, 0, 0, 4)))
        for file in refused:
            name, _, why = file.partition(": ")
            line = f"{tr('File refused')}: {name}: {refusal_in_words(why)}"
            parts.append(Padding(Text(line, style="yellow"), (0, 0, 0, 4)))
        if refused:
            parts.append(
                Padding(Text(f"hatinh withdraw {source} {tr('FILE --reason WHY')}", style="dim"), (0, 0, 0, 6))
            )
        for note in stale:
            failed = tr("Last pull failed, earlier files are used") + f": {note}"
            parts.append(Padding(Text(failed, style="yellow"), (0, 0, 0, 4)))
    if clean:
        parts.append(Padding(Text(f"{tr('All loaded')}: {', '.join(clean)}"), (0, 0, 0, 2)))
    return Group(*parts)
