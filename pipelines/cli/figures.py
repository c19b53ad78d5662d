"""Questions to the figures: units and their past, statistics as of a day, QĐ 766 explained and checked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import (
    FIGURES,
    WRONG_USE,
    AsJson,
    app,
    explain_app,
    now,
    out,
    print_json,
    qd766_app,
    read_settings,
    refuse_if_held,
    stop,
    store_of,
)
from pipelines.language import tr
from pipelines.settings import Settings


@app.command(rich_help_panel=FIGURES)
def area(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="A name, with or without its kind and marks (X. Kỳ Lợi), or a code."),
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="A day; without it every life of it.", show_default=False),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Instead: names of communes and villages that wait for an answer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a commune, district or code was on a day, and what it became. Codes and names were used again in 2025.

    hatinh area --review: what sources name that leads to no commune, and villages that operators may call by different
    names, with candidates and how to answer.
    """
    settings, name = read_settings(), " ".join(words or ())
    if review:
        if words or on:
            stop(tr("--review lists all that wait: without NAME and --on."), WRONG_USE)
        _review_names(settings, as_json)
        return
    if words is None:
        stop(tr("NAME is missing: hatinh area NAME, or hatinh area --review."), WRONG_USE)
    from pipelines.scoreboard.area_card import area_cards
    from pipelines.scoreboard.areas import read_registry

    try:
        registry = read_registry(settings.seeds)
    except (OSError, KeyError, ValueError):
        from pipelines.quality.registries import faults

        stop("\n".join(map(str, faults(settings.seeds))), WRONG_USE)
    day = on.date() if on else None
    units = registry.find(name, day)
    if not units:
        if lives := registry.find(name):
            known = "; ".join(f"{u.code} {u.title} ({u.valid_from} – {u.valid_to or tr('now')})" for u in lives)
            begin = (
                " " + tr("The registry begins on {day}.", day=registry.begins())
                if day and day < registry.begins()
                else ""
            )
            stop(tr("No such unit on {day}: {known}.", day=day, known=known) + begin, WRONG_USE)
        near = registry.near(name)
        hint = f" {tr('Near')}: {', '.join(near)}." if near else ""
        stop(tr("No unit has this name or code: {name}.", name=name) + hint, WRONG_USE)
    if as_json:
        print_json([registry.described(unit) for unit in units])
        return
    out.print(area_cards(registry, units), highlight=False)


def _review_names(settings: Settings, as_json: bool) -> None:
    refuse_if_held(settings)
    from pipelines.scoreboard.area_review import NotReadable, names_to_review, review_list
    from pipelines.warehouse.connection import Warehouse

    try:
        waiting = names_to_review(Warehouse(settings.warehouse))
    except NotReadable as error:
        stop(str(error), WRONG_USE)
    if as_json:
        print_json(asdict(waiting))
        return
    out.print(review_list(waiting, settings.seeds), highlight=False)


@app.command(rich_help_panel=FIGURES)
def statistics(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="As known on this day; else today.", show_default=False),
    ] = None,
    indicator: Annotated[str | None, typer.Option(help="One indicator; without it all.", show_default=False)] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="What moved instead: from which publication to which, by how much.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Published statistics as they were known on a day, each with its day of publication.

    A revised figure is a new row and never overwrites the old one, so both can be asked for:

    hatinh statistics --as-of 2024-06-30: what was known on that day.

    hatinh statistics --revisions --indicator digital_economy_share_pct: how a series was revised, every time.

    hatinh statistics --revisions --as-of 2024-06-30: what had been revised by that day.

    The change is in the unit of the figure, of a share in percentage points; the relative change is that over the
    old value, in per cent. A figure that is held for review is in neither: see statistics_review in the release.
    """
    settings = read_settings()
    from pipelines.scoreboard import statistics as published

    current = store_of(settings).current()
    if current is None:
        stop(tr("No release yet: hatinh run"), WRONG_USE)
    day = as_of.date() if as_of else now().date()
    try:
        if as_json:
            read = published.revisions_until if revisions else published.statistics_as_of
            print_json(read(current.path, day, indicator))
        elif revisions:
            out.print(published.revisions_table(published.revisions_until(current.path, day, indicator), day))
        else:
            rows = published.statistics_as_of(current.path, day, indicator)
            out.print(published.statistics_table(rows, day, published.possibly_known(current.path, day, indicator)))
    except published.NotPublished as error:
        stop(str(error), WRONG_USE)


@explain_app.command("qd766")
def explain_qd766(
    agency: Annotated[str | None, typer.Option(help="An agency's code; without it the province.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q3 or 2026-10; without it the latest year.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the cheapest points to list.")] = 10,
    as_json: AsJson = False,
) -> None:
    """The index QĐ 766: score, decomposition, the cheapest points to win, and the dossiers behind them (pseudonyms)."""
    settings = read_settings()
    from pipelines.qd766.rules import RulesError
    from pipelines.scoreboard.qd766_explain import ExplainError, explain, facts
    from pipelines.warehouse.storage import storage_of

    current = store_of(settings).current()
    if current is None:
        stop(tr("No release yet: hatinh run"), WRONG_USE)
    warehouse = settings.warehouse if settings.warehouse.exists() else None
    try:
        if as_json:
            print_json(facts(current.path, agency=agency, period=period))
            return
        out.print(explain(current.path, warehouse, agency=agency, period=period, top=top, storage=storage_of(settings)))
    except (ExplainError, RulesError) as error:
        stop(str(error), WRONG_USE)


@qd766_app.command("check")
def qd766_check(
    paths: Annotated[list[Path], typer.Argument(help="Recorded answers of the portal (JSON), or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Apply our rules to every observation in recorded answers of the portal, and say which disagree.

    Exit code 0: all agree within 0.01. 1: some do not, each is named. 2: a file is no answer, or nothing to check.
    """
    settings = read_settings()
    from pipelines.qd766.check import check_files, render
    from pipelines.qd766.rules import RulesError, load_rules

    try:
        report = check_files(paths, load_rules(settings.dbt_project, seeds=settings.seeds))
    except RulesError as error:
        stop(str(error), WRONG_USE)
    if as_json:
        parts = ("tallies", "findings", "problems")
        print_json({"files": report.files, **{part: list(map(asdict, getattr(report, part))) for part in parts}})
    else:
        out.print(render(report))
    if report.exit_code:
        raise typer.Exit(report.exit_code)
