"""Why the score of the 766 index is what it is, and what wins points most cheaply: for the terminal.

Read from a release: the points recomputed from dossiers (`qd766_points_lost`) and, where the release has them, the
portal's own (`qd766_scores`). The dossiers behind a lost point are shown by their pseudonyms, from the private
warehouse, if no other process holds it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.language import current, later, tr
from pipelines.periods import Period, PeriodType
from pipelines.qd766.rules import GROUPS, Rules, Share, load_rules
from pipelines.scoreboard import words
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.storage import ObjectStorage, StorageProblem

DOSSIERS_SHOWN = 3

_COUNTED_IN = {"dossier": later("dossiers"), "procedure": later("procedures"), "petition": later("petitions")}


class ExplainError(ValueError):
    """There is nothing to explain for what was asked. The message lists what there is."""


@dataclass(frozen=True)
class Win:
    """Points of one component that can be won back.

    `needed` dossiers or procedures (`counted_in`) win all `points_lost`; the field that holds most of it carries
    `field_points_lost`.
    """

    component_code: str
    counted_in: str
    points: float
    points_lost: float | None
    needed: int
    needed_for_tenth: int
    field_code: str
    field_name: str
    field_points_lost: float | None
    field_short: int
    how_vi: str
    how_en: str

    @property
    def cost(self) -> float:
        """Dossiers or procedures a point; infinite where nothing can be won."""
        return self.needed / self.points_lost if self.points_lost else float("inf")


@dataclass(frozen=True)
class _Scope:
    """One agency and period, as they were found in the release. `is_total`: the whole province."""

    agency: str
    name: str
    is_total: bool
    period_type: PeriodType
    period_start: dt.date

    @property
    def period(self) -> str:
        """As people type it: 2026, 2026-Q3, 2026-10."""
        return Period(self.period_start, self.period_type).label


def explain(
    release_dir: Path,
    warehouse: Path | None,
    *,
    agency: str | None,
    period: str | None,
    top: int = 10,
    storage: ObjectStorage | None = None,
) -> RenderableType:
    """What to print on `hatinh explain qd766`.

    Args:
        release_dir: one release; a link to it is followed once, so that all tables are of the same one.
        warehouse: the private DuckDB file, or None to leave out the dossiers.
        agency: an agency's code as in the tables; None is the province.
        period: like 2026, 2026-Q3 or 2026-10; None is the latest year.
        top: how many of the cheapest components to list.
        storage: where the rows of dossiers lie, if not in the warehouse or beside it.

    Raises:
        ExplainError: the release has no recomputed index, or not for this agency or period.
        RulesError: the seed of the rules cannot be used.
    """
    release_dir = release_dir.resolve()
    table = _table_of(release_dir)
    with duckdb.connect(config={"threads": 1}) as connection:
        scope = _scope(connection, table, agency, period)
        found = {win.component_code: win for win in _wins(connection, table, scope)}
        published = _published(connection, release_dir / "qd766_scores.parquet", scope)
    rules = load_rules(on=scope.period_start)
    private = Warehouse(warehouse, storage=storage) if warehouse else None
    cheapest = sorted((win for win in found.values() if win.points_lost), key=lambda win: (win.cost, win.needed))[:top]
    parts: list[RenderableType] = []
    if _is_synthetic(release_dir):
        parts.append(
            Panel(
                tr("Computed from synthetic samples, not from the province's data."),
                title=tr("SYNTHETIC DATA"),
                style="yellow",
            )
        )
    parts += [
        _scores(rules, scope, found, published),
        _cheapest(rules, cheapest),
        _dossiers(private, scope, rules, [win for win in cheapest if win.counted_in == "dossier"]),
    ]
    return Group(*parts)


def facts(release_dir: Path, *, agency: str | None, period: str | None) -> dict[str, Any]:
    """The same as plain values, for programs: the components with what is lost, and what the portal published.

    Raises:
        ExplainError: as `explain`.
    """
    release_dir = release_dir.resolve()
    table = _table_of(release_dir)
    with duckdb.connect(config={"threads": 1}) as connection:
        scope = _scope(connection, table, agency, period)
        return {
            "agency_code": scope.agency,
            "agency_name": scope.name,
            "period": scope.period,
            "published_points": _published(connection, release_dir / "qd766_scores.parquet", scope),
            "components": [asdict(win) for win in _wins(connection, table, scope)],
        }


# ------------------------------------------------------------------------------------------------- what the tables say
def _table_of(release_dir: Path) -> Path:
    table = release_dir / "qd766_points_lost.parquet"
    if not table.exists():
        raise ExplainError(tr("This release has no table qd766_points_lost: run `hatinh run` first."))
    return table


def period_of(text: str) -> tuple[PeriodType, dt.date]:
    """Kind and first day of a period as people type it: 2026, 2026-Q3 or 2026-10.

    Raises:
        ExplainError: it is none of these.
    """
    try:
        found = Period.parse(text, ("year", "quarter", "month"))
    except ValueError:
        raise ExplainError(
            tr("{text!r} is no period: write a year (2026), a quarter (2026-Q3) or a month (2026-10).", text=text)
        ) from None
    return found.type, found.first


def _scope(connection: duckdb.DuckDBPyConnection, table: Path, agency: str | None, period: str | None) -> _Scope:
    kind, start = period_of(period) if period else ("year", None)
    row = connection.execute(
        """
        select agency_code, agency_name, agency_level = 'total', period_type, period_start from read_parquet($table)
        where if($agency is null, agency_level = 'total', agency_code = $agency)
        and period_type = $kind and ($start is null or period_start = $start)
        order by period_start desc limit 1
        """,
        {"table": str(table), "agency": agency, "kind": kind, "start": start},
    ).fetchone()
    if row is not None:
        return _Scope(*row)
    first, last, agencies = connection.execute(
        "select min(period_start), max(period_start), list_sort(list(distinct agency_code)) from read_parquet($table)",
        {"table": str(table)},
    ).fetchall()[0]
    if not agencies:
        raise ExplainError(
            tr("The table qd766_points_lost of this release is empty: there are no dossiers of 2026 or later.")
        )
    shown = ", ".join(agencies[:5]) + (", …" if len(agencies) > len(agencies[:5]) else "")
    asked = " and ".join(part for part in (agency and f"agency {agency}", period and f"period {period}") if part)
    raise ExplainError(
        tr(
            "Nothing is known of {asked}. The release has periods that begin from {first:%Y-%m} to "
            "{last:%Y-%m}, and {agencies} agencies: {shown}",
            asked=asked or tr("a full year"),
            first=first,
            last=last,
            agencies=len(agencies),
            shown=shown,
        )
    )


def _wins(connection: duckdb.DuckDBPyConnection, table: Path, scope: _Scope) -> list[Win]:
    rows = connection.execute(
        """
        select
            component_code, any_value(counted_in), any_value(points), sum(points_lost),
            any_value(needed_for_all), any_value(needed_for_tenth),
            -- a field before the small ones that were merged
            arg_max(procedure_field_code, (procedure_field_code <> 'other', points_lost, procedure_field_code)),
            arg_max(procedure_field_name, (procedure_field_code <> 'other', points_lost, procedure_field_code)),
            arg_max(points_lost, (procedure_field_code <> 'other', points_lost, procedure_field_code)),
            arg_max(short, (procedure_field_code <> 'other', points_lost, procedure_field_code)),
            coalesce(any_value(how_to_win_vi), ''), coalesce(any_value(how_to_win_en), '')
        from read_parquet($table)
        where agency_code = $agency and period_type = $kind and period_start = $start
        group by component_code
        """,
        {"table": str(table), "agency": scope.agency, "kind": scope.period_type, "start": scope.period_start},
    ).fetchall()
    return [Win(*row) for row in rows]


def _published(connection: duckdb.DuckDBPyConnection, table: Path, scope: _Scope) -> dict[str, float]:
    """Published points by component, group or TOTAL; empty where the release has none for the scope."""
    if not table.exists():
        return {}
    rows = connection.execute(
        """
        select item_code, published_points from read_parquet($table)
        where agency_code = $agency and period_type = $kind and period_start = $start
        and published_points is not null
        """,
        {"table": str(table), "agency": scope.agency, "kind": scope.period_type, "start": scope.period_start},
    ).fetchall()
    return dict(rows)


def _is_synthetic(release_dir: Path) -> bool:
    package = release_dir / "datapackage.json"
    return package.exists() and bool(json.loads(package.read_bytes()).get("synthetic"))


# ------------------------------------------------------------------------------------------------------ what is shown
def _scores(rules: Rules, scope: _Scope, found: Mapping[str, Win], published: Mapping[str, float]) -> RenderableType:
    place = scope.name if scope.name else tr("the province") if scope.is_total else tr("unknown")
    table = Table(
        title=f"{tr('Index 766')} · {place} ({scope.agency}) · {scope.period}",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    table.add_column(tr("Component"), ratio=3)
    table.add_column(tr("Recomputed"), justify="right")
    if published:
        table.add_column(tr("Published"), justify="right")
    table.add_column(tr("Maximum"), justify="right")

    def row(title: str, ours: float | None, code: str, most: float, style: str = "") -> None:
        cells = [title, _points(ours), *([_points(published.get(code))] if published else []), f"{most:g}"]
        table.add_row(*cells, style=style)

    # a component without counts (4.6) has its points from the rules alone
    constant = rules.points([[Share(code, None, None)] for code in rules.components])
    points = {
        code: found[code].points if code in found else None if given is None else float(given)
        for code, given in zip(rules.components, constant, strict=True)
    }
    for group, (title_vi, title_en) in GROUPS.items():
        own = [c for c in rules.components.values() if c.group_code == group]
        row(
            str(words.Text(title_vi, title_en)),
            _sum(points[c.component_code] for c in own),
            group,
            rules.group_max[group],
            "bold",
        )
        for c in own:
            row(
                f"  {c.item} {words.Text(c.title_vi, c.title_en)}",
                points[c.component_code],
                c.component_code,
                c.max_points,
            )
    row(tr("Total"), _sum(points.values()), "TOTAL", sum(rules.group_max.values()), "bold")
    known = sum(c.max_points for c in rules.components.values() if points[c.component_code] is not None)
    note = tr(
        "–: only the portal knows, or nothing to count. The recomputed total is out of {points} points.", points=known
    )
    return Group(table, Text(note, style="dim"))


def _cheapest(rules: Rules, wins: Sequence[Win]) -> RenderableType:
    table = Table(title=tr("Cheapest points"), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(tr("Component"))
    table.add_column(tr("Lost"), justify="right")
    table.add_column(tr("Needed for 0.1 point"), justify="right")
    table.add_column(tr("Needed for all"), justify="right")
    table.add_column(tr("Where most is lost"))
    table.add_column(tr("How"))
    for win in wins:
        component = rules.components[win.component_code]
        table.add_row(
            f"{component.item} {words.Text(component.title_vi, component.title_en)}",
            _points(win.points_lost),
            str(words.number(win.needed_for_tenth)),
            f"{words.number(win.needed)}\n{tr(_COUNTED_IN[win.counted_in])}",
            f"{win.field_name or win.field_code}\n{_points(win.field_points_lost)} ({words.number(win.field_short)})",
            str(words.Text(win.how_vi, win.how_en)),
        )
    if not wins:
        return Text(tr("No points are lost."), style="green")
    return table


def _dossiers(warehouse: Warehouse | None, scope: _Scope, rules: Rules, wins: Sequence[Win]) -> RenderableType:
    """Some dossiers behind each loss, the open ones first. Lateness is as at the last day of data."""
    if warehouse is None or not wins:
        return Text("")
    hidden = tr("Dossiers are not shown") + ": "
    if not warehouse.path.exists():
        return Text(hidden + tr("there is no warehouse here. `hatinh run` builds it."), style="yellow")
    if holder := warehouse.holder():
        return Text(
            hidden + tr("the warehouse is held by {holder}. Ask again when it has ended.", holder=holder),
            style="yellow",
        )
    table = Table(title=tr("Dossiers behind"), box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(tr("Component"))
    table.add_column(tr("Pseudonym"), no_wrap=True)
    table.add_column(tr("Received"), no_wrap=True)
    table.add_column(tr("Agency"), no_wrap=True)
    try:
        with warehouse.connect(read_only=True) as connection:
            for win in wins:
                rows = connection.execute(
                    """
                    select cast(dossier_id as varchar), strftime(received_month, '%Y-%m'), agency_code
                    from intermediate.int_qd766_flags
                    where list_contains(falls_short_in, $component) and procedure_field_code = $field
                    and ($agency is null or agency_code = $agency)
                    and date_trunc($kind, received_month) = $start
                    order by is_resolved, received_month desc, dossier_id limit $shown
                    """,
                    {
                        "component": win.component_code,
                        "field": win.field_code,
                        "agency": None if scope.is_total else scope.agency,
                        "kind": scope.period_type,
                        "start": scope.period_start,
                        "shown": DOSSIERS_SHOWN,
                    },
                ).fetchall()
                for number, row in enumerate(rows):
                    component = rules.components[win.component_code]
                    table.add_row(
                        "" if number else f"{component.item} {words.Text(component.title_vi, component.title_en)}", *row
                    )
    except StorageProblem as problem:
        return Text(hidden + str(problem), style="yellow")
    except duckdb.Error as error:  # taken by another between the look and the opening, or built by an older project
        return Text(
            hidden + tr("the warehouse cannot be read ({error}). Run `hatinh run`.", error=type(error).__name__),
            style="yellow",
        )
    return table


def _points(value: float | None) -> str:
    text = "–" if value is None else f"{value:.2f}"
    return text.replace(".", ",") if current() == "vi" else text


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
