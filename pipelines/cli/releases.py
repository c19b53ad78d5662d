"""What goes out: the scoreboard in the terminal and as a page, releases and the way back to an earlier one."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.common import (
    FAILED,
    OUT,
    WRONG_USE,
    AsJson,
    app,
    err,
    now,
    out,
    print_json,
    read_settings,
    refuse_if_held,
    releases_app,
    show_scoreboard,
    stop,
    store_of,
    unbroken,
    write_file,
)
from pipelines.language import LANGUAGES, current, later, tr

if TYPE_CHECKING:
    from pipelines.release.released import Release
    from pipelines.release.store import ReleaseStore
    from pipelines.reproduce import Reproduction


@app.command(rich_help_panel=OUT)
def status(
    whole: Annotated[bool, typer.Option("--all", help="Documents, targets without data and every table too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The scoreboard: targets, published tables, what is held back, what lies in quarantine, what waits for you."""
    settings = read_settings()
    from pipelines.state import read_state

    state = read_state(settings, now())
    if as_json:
        from pipelines.platform import Platform
        from pipelines.walk import overdue_publications

        print_json(state.to_json() | {"overdue_publications": overdue_publications(Platform(settings))})
        return
    show_scoreboard(settings, whole)
    elsewhere = ("held_back", "refused", "pull_failed", "run_failed")  # the scoreboard has them
    if problems := [problem for problem in state.problems if problem.kind not in elsewhere]:
        out.print("\n" + tr("Needs attention"), style="bold yellow")
        for problem in problems:
            out.print(f"  {problem.key}\n    {problem.text}", style="yellow", markup=False, highlight=False)


@app.command(rich_help_panel=OUT)
def page(
    context: typer.Context,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Draw it again, with the present code, into this file.", show_default=False),
    ] = None,
    release_id: Annotated[
        str | None, typer.Option("--release", help="One of `hatinh releases`; else the current.", show_default=False)
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="The brief of half a sheet instead of the page.")] = False,
) -> None:
    """The scoreboard page: where it lies in the current release. With --out, draw that of any release into a file.

    A file whose name ends in .xlsx becomes the workbook.
    """
    settings = read_settings()
    from pipelines.release.files import ReleaseError
    from pipelines.scoreboard.pages import BRIEF, PAGE, WORKBOOK, pages, place_of

    try:
        release = store_of(settings).get(release_id) if release_id else store_of(settings).current()
    except ReleaseError as error:
        stop(str(error), _code(error))
    if release is None:
        stop(tr("No release yet: hatinh run"), WRONG_USE)
    name = BRIEF if brief else PAGE
    if to is not None:
        wanted = WORKBOOK if to.suffix == ".xlsx" else name
        place = place_of(settings)
        if asked := context.find_root().params.get("lang"):
            place = replace(place, language=asked)
        write_file(to, next(page for page in pages(place) if page.path == wanted).draw(release))
    shown = to or release.path / name
    if not shown.exists():
        why = release.undrawn.get(name, tr("it was written before there was one"))
        text = tr("Release {release} has no page ({why}). Draw it into a file: hatinh page --out scoreboard.html")
        stop(text.format(release=release.id, why=why))
    out.print(str(shown.resolve()), soft_wrap=True, highlight=False, markup=False)
    if open_it:
        typer.launch(shown.resolve().as_uri())


@releases_app.callback()
def releases(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """The releases on disk, newest first."""
    if context.invoked_subcommand:
        return
    settings = read_settings()
    from pipelines.scoreboard.words import number

    store = store_of(settings)
    current = store.current()
    if as_json:
        print_json(
            [
                {
                    "id": release.id,
                    "is_current": current is not None and release.id == current.id,
                    "created": release.package["created"],
                    "path": str(release.path),
                    "tables": list(release.tables),
                    "rows": release.rows,
                    "bytes": release.bytes,
                    "synthetic": release.synthetic,
                    "held_back": [held.target for held in release.held_back],
                }
                for release in store.list()
            ]
        )
        return
    table = unbroken(
        "", tr("Release"), tr("Tables"), tr("Rows"), tr("Bytes"), tr("Held back"), tr("Synthetic"), whole=tr("Release")
    )
    for release in store.list():
        table.add_row(
            "→" if current and release.id == current.id else "",
            release.id,
            str(len(release.tables)),
            str(number(release.rows)),
            str(number(release.bytes)),
            ", ".join(held.target for held in release.held_back),
            tr("yes") if release.synthetic else "",
        )
    out.print(table)


@releases_app.command("verify")
def releases_verify(
    release_id: Annotated[str, typer.Argument(help="One of `hatinh releases`.")],
    as_json: AsJson = False,
) -> None:
    """Read a release back: sums, rows, schemas."""
    settings = read_settings()
    from pipelines.release.files import ReleaseError

    try:
        release = store_of(settings).verify(release_id)
    except ReleaseError as error:
        if as_json:
            print_json({"id": release_id, "ok": False, "error": str(error)})
        stop(str(error), _code(error))
    if as_json:
        print_json({"id": release.id, "ok": True, "tables": len(release.tables), "rows": release.rows})
        return
    from pipelines.scoreboard.words import number

    text = tr("{release}: {tables} tables, {rows} rows, as described")
    out.print(text.format(release=release.id, tables=len(release.tables), rows=number(release.rows)), highlight=False)


@releases_app.command("reproduce")
def releases_reproduce(
    release_id: Annotated[str, typer.Argument(help="One of `hatinh releases`.")],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--in", help="Empty folder to compute in, kept afterwards; else a temporary one.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute a release again from the very files that it names, and compare every table. Nothing else is touched."""
    settings = read_settings()
    import tempfile
    from contextlib import nullcontext

    from pipelines.cli.progress import RunProgress
    from pipelines.landing.store import LandingError
    from pipelines.release.files import ReleaseError

    try:
        release = store_of(settings).verify(release_id)
    except ReleaseError as error:
        stop(str(error), _code(error))
    if folder is not None and folder.exists() and any(folder.iterdir()):
        stop(tr("{folder} is not empty. Name a folder that is, or none.", folder=folder), WRONG_USE)
    with (
        nullcontext(folder) if folder else tempfile.TemporaryDirectory(prefix="hatinh-") as place,
        RunProgress(err) as progress,
    ):
        from pipelines.reproduce import NotReproducible, reproduce

        try:
            found = reproduce(settings, release, Path(place), progress)
        except (NotReproducible, LandingError) as problem:
            stop(str(problem))
    if as_json:
        print_json({"id": release.id, "ok": found.is_same, **asdict(found)})
    else:
        _show_reproduction(found)
    if not found.is_same:
        raise typer.Exit(FAILED)
    if not as_json:
        out.print(f"{release.id}: {tr('comes out as published')}", style="bold", highlight=False)


def _show_reproduction(found: Reproduction) -> None:
    """Each table with its outcome, and by which code."""
    from pipelines.scoreboard.words import number

    table = unbroken(tr("Table"), tr("Rows then"), tr("Rows now"), tr("Outcome"), whole=tr("Table"))
    for item in found.tables:
        said, style = _REPRODUCED[item.outcome]
        rows_now = "" if item.rows_now is None else str(number(item.rows_now))
        outcome = tr(said).format(of=item.of)
        table.add_row(item.name, str(number(item.rows_then)), rows_now, f"[{style}]{outcome}[/{style}]")
    out.print(table)
    if found.code_then != found.code_now:
        project = {
            True: tr("models and registries are those of then"),
            False: tr("models or registries have changed since"),
            None: tr("the release does not state its models and registries"),
        }[found.is_same_project]
        out.print(
            tr(
                "Then: {then}; now: {now}; {project}. With the code of then: a checkout of that commit, "
                "`make install`, and the same command there with HATINH_DATA_DIR and the key of here.",
                then=found.code_then,
                now=found.code_now,
                project=project,
            ),
            highlight=False,
        )


_REPRODUCED = {
    "same": (later("same bytes"), "green"),
    "same_rows": (later("same rows"), "green"),
    "differs": (later("differs"), "red"),
    "missing": (later("could not be computed"), "red"),
    "held_back": (later("held from {of}"), "yellow"),
}


@releases_app.command("diff")
def releases_diff(
    before: Annotated[
        str | None,
        typer.Argument(help="One of `hatinh releases`; else the one before the current.", show_default=False),
    ] = None,
    now_id: Annotated[
        str | None, typer.Argument(metavar="NOW", help="A later one; else the current.", show_default=False)
    ] = None,
    table: Annotated[str | None, typer.Option(help="List what moved in this table.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """What differs between two releases: schemas first, then the figures that moved, by how much and why.

    Without arguments: the current release and the one before it.
    """
    settings = read_settings()
    import duckdb

    from pipelines.release.changes import reasons_in_words, to_json
    from pipelines.release.compare import compare
    from pipelines.release.files import ReleaseError
    from pipelines.scoreboard.words import number

    limits = {"memory_limit": settings.memory_limit, "threads": str(settings.threads)}
    try:
        old, new = _two(store_of(settings), before, now_id)
        found = compare(old, new, limits)
    except ReleaseError as error:
        stop(str(error), _code(error))
    except duckdb.Error as error:
        stop(
            tr(
                "A table cannot be read ({error}). Find it: hatinh releases verify {before} and {now}",
                error=type(error).__name__,
                before=old.id,
                now=new.id,
            )
        )
    if as_json:
        print_json(to_json(found))
        return
    if found.is_same:
        out.print(tr("Nothing differs"), highlight=False)
        return
    for change in found.schema:
        out.print(f"{change.table}: {change}", style="yellow", markup=False, highlight=False)
    shown = unbroken(tr("Table"), tr("Cells"), tr("Rows added"), tr("Rows removed"), tr("Why"), whole=tr("Table"))
    for item in found.tables:
        counts = [str(number(count)) for count in (item.cells, item.rows_added, item.rows_removed)]
        why = item.not_compared or reasons_in_words(item, LANGUAGES.index(current()))
        shown.add_row(item.table, *(["–"] * 3 if item.not_compared else counts), escape(why))
    out.print(shown)
    if table is not None:
        listed = unbroken(tr("Row"), tr("Column"), tr("Before"), tr("Now"), tr("Difference"), whole=tr("Column"))
        for row in found.moved.to_pylist():
            if row["table_name"] == table:
                cells = (row["row_key"], row["column_name"] or row["change"], row["old_value"], row["new_value"])
                difference = "" if row["difference"] is None else f"{row['difference']:+g}"
                listed.add_row(*(escape(cell or "") for cell in cells), difference)
        out.print(listed)


def _two(store: ReleaseStore, before: str | None, now_id: str | None) -> tuple[Release, Release]:
    """The releases that are compared: those named, else the current one and the one before it."""
    from pipelines.release.store import previous_release

    new = store.get(now_id) if now_id else store.current()
    if new is None:
        stop(tr("No release yet: hatinh run"), WRONG_USE)
    old = store.get(before) if before else previous_release(new)
    if old is None:
        stop(tr("Only {release} is kept: there is no release before it to compare with", release=new.id), WRONG_USE)
    return old, new


@releases_app.command("revise")
def releases_revise(
    quarter: Annotated[str, typer.Argument(help="A published quarter of the open edition, like 2026-Q1.")],
    reason: Annotated[str, typer.Option(help="Why its figures change; readers of the open edition see it.")],
) -> None:
    """Have the next run compute a published quarter of the open edition, and its year, again."""
    settings = read_settings()
    from pipelines.release.disclosure_vault import request_revision
    from pipelines.release.files import ReleaseError

    refuse_if_held(settings)
    try:
        request_revision(settings.vault, quarter, reason, now())
    except ReleaseError as error:
        stop(str(error), WRONG_USE)
    out.print(f"{quarter}: {tr('computed again by the next run: hatinh run')}", highlight=False)


@releases_app.command("publish")
def releases_publish(
    to: Annotated[
        str | None,
        typer.Option("--to", help="A folder or s3://bucket/prefix; else HATINH_PUBLISH.", show_default=False),
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="The internal edition: the place must be closed to the public.")
    ] = False,
) -> None:
    """Copy the current release to a place of publication now; a run does so by itself where HATINH_PUBLISH is set."""
    settings = read_settings()
    address = to or settings.publish
    if address is None:
        stop(tr("Where to? --to FOLDER or s3://bucket/prefix, or set HATINH_PUBLISH."), WRONG_USE)
    from pipelines.landing.pull import PullError, read_credentials
    from pipelines.release.files import ReleaseError
    from pipelines.release.places import Place

    refuse_if_held(settings)
    try:
        release = store_of(settings).current()
        if release is None:
            stop(tr("No release yet: hatinh run"), WRONG_USE)
        place = Place(address, read_credentials(settings.credentials, "publish"))
        done = place.publish(release, now(), "internal" if internal else settings.publish_edition)
    except (ReleaseError, PullError) as error:
        stop(str(error))
    out.print(f"{done.place}: {done.status} {done.release} ({done.edition})", highlight=False, soft_wrap=True)


@releases_app.command("prune")
def releases_prune(
    keep: Annotated[int | None, typer.Option(min=1, help="How many to keep; else HATINH_KEEP_RELEASES.")] = None,
) -> None:
    """Delete old releases but the newest ones, the current one and those that keep a former schema of a table.

    Without this command every release is kept.
    """
    settings = read_settings()
    number = keep or settings.keep_releases
    if number is None:
        stop(tr("How many are to be kept? --keep N, or set HATINH_KEEP_RELEASES."), WRONG_USE)
    gone = store_of(settings).prune(number, now().date())
    out.print(tr("Deleted {count}: {names}", count=len(gone), names=", ".join(gone) or "-"), highlight=False)


def _code(error: Exception) -> int:
    """A release that was misnamed is wrong use; one that cannot be read has failed."""
    from pipelines.release.files import UnknownRelease

    return WRONG_USE if isinstance(error, UnknownRelease) else FAILED


@app.command(rich_help_panel=OUT)
def rollback(
    release_id: Annotated[str, typer.Argument(help="One of `hatinh releases`.")],
    pin: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Keep readers there: runs release nothing until `hatinh releases unpin`."),
    ] = None,
) -> None:
    """Lead readers back to an earlier release, once it has been verified. Without --pin the next run leads them on."""
    settings = read_settings()
    refuse_if_held(settings)
    from pipelines.release.files import ReleaseError

    try:
        release = store_of(settings).rollback(release_id, now(), pin=pin)
    except ReleaseError as error:
        stop(str(error), _code(error))
    pinned = store_of(settings).pinned()
    text = tr("Current is {release}", release=release.id)
    out.print(f"{text}; {pinned}" if pinned else text, markup=False, highlight=False)


@releases_app.command("unpin")
def releases_unpin() -> None:
    """Let runs lead readers on again, after `hatinh rollback --pin`."""
    settings = read_settings()
    if not store_of(settings).unpin():
        stop(tr("There is no pin."), WRONG_USE)
    out.print(tr("Unpinned: the next run releases what passed: hatinh run"), highlight=False)
