"""What comes in: sources, pulls and samples, landed files, rows in quarantine."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.common import (
    IN,
    WRONG_USE,
    AsJson,
    app,
    err,
    landing_of,
    now,
    out,
    print_json,
    read_settings,
    refuse_if_held,
    refuse_unknown_source,
    stop,
    unbroken,
)
from pipelines.language import day, tr

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse.load import FileOutcome


@app.command(rich_help_panel=IN)
def sources(as_json: AsJson = False) -> None:
    """The sources: publisher, licence, cadence, files landed, whether a delivery is late."""
    settings = read_settings()
    from pipelines.scoreboard.words import Text
    from pipelines.sources import all_sources
    from pipelines.state import read_state

    state = read_state(settings, now())
    late = {delivery.source: delivery for delivery in state.deliveries}
    if as_json:
        known = {item["source"]: item for item in state.to_json()["deliveries"]}
        print_json(
            [
                {
                    "name": source.name,
                    "title_vi": source.title_vi,
                    "title_en": source.title_en,
                    "publisher": source.publisher,
                    "licence": source.licence,
                    "cadence": source.cadence,
                    "active_files": len(landing_of(settings).active(source.name)),
                    "delivery": known.get(source.name),
                }
                for source in all_sources().values()
            ]
        )
        return

    table = unbroken(tr("Source"), tr("Title, publisher"), tr("Cadence, licence"), tr("Files"), whole=tr("Source"))
    for source in all_sources().values():
        files = len(landing_of(settings).active(source.name))
        title = f"{Text(source.title_vi, source.title_en)}\n{tr(source.publisher)}"
        rhythm = f"{tr(source.cadence)}\n[dim]{tr(source.licence)}[/dim]"
        if (delivery := late.get(source.name)) is not None and delivery.is_late:
            rhythm += f"\n[yellow]{str(delivery).partition(': ')[2]}[/yellow]"
        table.add_row(source.name, title, rhythm, str(files))
        table.add_section()
    out.print(table)


@app.command(rich_help_panel=IN)
def pull(
    source: Annotated[str, typer.Argument(help="Name of the source; `hatinh sources` lists them.")],
    partition: Annotated[
        str | None, typer.Option(help="Period, like 2026-10; without it the running one.", show_default=False)
    ] = None,
) -> None:
    """Fetch one period of a source into data/raw. Interrupted pulls are repeated; what landed stays.

    The address comes from HATINH_ADDRESSES. Files that people bring go into data/drop/SOURCE/ instead.
    """
    settings = read_settings()
    from pipelines.landing.pull import pull as pull_source
    from pipelines.landing.pull import read_credentials
    from pipelines.periods import local_date
    from pipelines.scoreboard.words import number
    from pipelines.sources import all_sources
    from pipelines.sources.client import HttpError, PullError

    refuse_unknown_source(source)
    chosen = all_sources()[source]
    period = partition or chosen.partition_of(local_date(now()))
    try:
        chosen.period(period)
    except ValueError as error:
        stop(str(error), WRONG_USE)
    try:
        with err.status(f"{source} {period} …"):
            results = pull_source(
                landing_of(settings),
                chosen,
                period,
                settings.addresses.get(source),
                credentials=read_credentials(settings.credentials, source),
                now=now,
                progress=lambda receipt, is_new: err.print(
                    f"{tr('landed') if is_new else tr('known')} {receipt.path} ({number(receipt.bytes)} {tr('bytes')})",
                    highlight=False,
                ),
            )
    except PullError as error:
        stop(str(error), WRONG_USE)
    except HttpError as error:
        stop(str(error))
    text = tr("{source} {period}: {new} new of {all} files. Load: hatinh run")
    out.print(text.format(source=source, period=period, new=sum(new for _, new in results), all=len(results)))


@app.command(rich_help_panel=IN)
def sample(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder to write to; data/drop/dossiers feeds the next run.")],
    rows: Annotated[int, typer.Option(min=1, help="Dossiers.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 42,
    first: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day of receipt.")] = datetime(2025, 1, 1),
    last: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, state as of then.")] = datetime(
        2026, 10, 10
    ),
    form: Annotated[str, typer.Option(help='ndjson, array or data ({"data": [...]}).')] = "ndjson",
    dirt: Annotated[float, typer.Option(min=0, max=1, help="Share of rows with the dirt of real feeds.")] = 0.004,
    compress: Annotated[bool, typer.Option(help="Write gzip.")] = True,
    defect: Annotated[
        str | None, typer.Option(help="Poison the files; `--defect list` names the ways.", show_default=False)
    ] = None,
) -> None:
    """Write synthetic dossiers in the real wire format, calibrated to the published figures. Nobody in them exists."""
    settings = read_settings()
    from pipelines.scoreboard.words import number
    from samples.catalogue import SeedsError
    from samples.dirt import DEFECTS
    from samples.dossiers import write_dossiers

    if defect is not None and defect not in DEFECTS:
        table = Table("--defect", tr("What it does"))
        for name, known in DEFECTS.items():
            table.add_row(name, tr(known.description))
        out.print(table)
        raise typer.Exit(0 if defect == "list" else WRONG_USE)
    if form not in ("ndjson", "array", "data"):
        stop(
            tr("{option} {value}: one of {known}.", option="--form", value=form, known="ndjson, array, data"), WRONG_USE
        )
    try:
        with err.status(tr("writing") + " …") as shown:
            report = write_dossiers(
                out_dir,
                settings.seeds,
                rows=rows,
                seed=seed,
                first=first.date(),
                last=last.date(),
                dirt=dirt,
                form=form,  # type: ignore[arg-type]
                compress=compress,
                defect=defect,
                progress=lambda done: shown.update(f"{number(done)} / {number(rows)} …"),
            )
    except SeedsError as problem:
        stop(tr("Samples need more than {folder} has", folder=settings.seeds) + f": {problem}", WRONG_USE)
    size = sum(path.stat().st_size for path in report.paths)
    text = tr("{records} records of {dossiers} dossiers: {files} files in {folder}, {bytes} bytes")
    out.print(
        text.format(
            records=number(report.records),
            dossiers=number(report.dossiers),
            files=len(report.paths),
            folder=out_dir,
            bytes=number(size),
        )
    )
    if report.dirt:
        kinds = ", ".join(f"{kind} {number(count)}" for kind, count in sorted(report.dirt.items()))
        out.print(tr("Of them with a fault: {kinds}", kinds=kinds), highlight=False)


@app.command(rich_help_panel=IN)
def files(
    source: Annotated[str, typer.Argument()],
    as_json: AsJson = False,
) -> None:
    """Landed files of a source: active or not, refused, replaced by which; since when, how many bytes."""
    settings = read_settings()
    from pipelines.reasons import refusal_in_words
    from pipelines.scoreboard.words import number
    from pipelines.warehouse.load import FileOutcome

    refuse_unknown_source(source)
    landing = landing_of(settings)
    in_force = {receipt.sha256 for receipt in landing.active(source)}
    known = _outcomes(settings, source)
    table = unbroken("sha256", tr("Period"), tr("File"), tr("Status"), whole="sha256")
    listed = []
    for receipt in landing.receipts(source):
        state = tr("withdrawn") if receipt.withdrawn else tr("sample, superseded")
        if receipt.sha256 in in_force:
            fate = known.get((receipt.sha256, receipt.name), FileOutcome("loaded"))
            refused = tr("refused: {reason}", reason=refusal_in_words(fate.reason)) if fate.reason else ""
            replaced = tr("replaced by {sha256}", sha256=fate.replaced_by[:12]) if fate.replaced_by else ""
            state = "; ".join(filter(None, (refused, replaced))) or tr("active")
        if as_json:
            listed.append({**json.loads(receipt.to_json()), "state": state})
            continue
        about = tr(
            "figures of {day}, received {time} UTC, {bytes} bytes",
            day=day(receipt.extracted_on),
            time=f"{day(receipt.landed_at)} {receipt.landed_at:%H:%M}",
            bytes=number(receipt.bytes),
        )
        name = f"{escape(receipt.name)}\n[dim]{about}[/dim]"
        table.add_row(receipt.sha256[:12], receipt.partition, name, escape(state))
    if as_json:
        print_json(listed)
    else:
        out.print(table)


def _outcomes(settings: Settings, source: str) -> dict[tuple[str, str], FileOutcome]:
    """What the warehouse knows of the files; nothing while a run holds it, which is said."""
    from duckdb import BinderException

    from pipelines.warehouse.connection import Warehouse
    from pipelines.warehouse.load import file_outcomes

    warehouse = Warehouse(settings.warehouse)
    if holder := warehouse.holder():
        text = tr("The warehouse is held by {holder}: which files were refused or replaced is not shown.")
        err.print(text.format(holder=holder))
    elif settings.warehouse.exists():
        with warehouse.connect(read_only=True) as connection, suppress(BinderException):
            # one that was loaded before files had a fate has it from its next run on
            return file_outcomes(connection, source)
    return {}


@app.command(rich_help_panel=IN)
def withdraw(
    source: Annotated[str, typer.Argument()],
    file: Annotated[
        str, typer.Argument(help="First digits of its sha256, its name or its path; `hatinh files SOURCE` lists them.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept in the receipt.")],
) -> None:
    """Withdraw a landed file: a wrong delivery. Its bytes stay; the next run rebuilds without it."""
    settings = read_settings()
    from pipelines.landing.store import LandingError

    try:
        receipt = landing_of(settings).withdraw(source, file, reason, now())
    except LandingError as error:
        stop(str(error), WRONG_USE)
    text = tr("Withdrawn: {path}. The next run rebuilds without it: hatinh run", path=receipt.path)
    out.print(text, markup=False, highlight=False)


@app.command(rich_help_panel=IN)
def quarantine(
    source: Annotated[str, typer.Argument()],
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Rejected rows of active files: file, line, reason; of a value its shape, 9 for a digit and a for a letter."""
    settings = read_settings()
    refuse_unknown_source(source)
    refuse_if_held(settings)
    from pipelines.reasons import REASONS
    from pipelines.scoreboard.words import Text, number
    from pipelines.warehouse.connection import Warehouse

    if not settings.warehouse.exists():
        stop(tr("Nothing is loaded yet: hatinh run"), WRONG_USE)
    with Warehouse(settings.warehouse).connect(read_only=True) as connection:
        rows = connection.execute(
            "select f.path, q.row_no, q.reason, coalesce(q.field, ''), coalesce(q.shape, ''), count(*) over () "
            "from raw.quarantine as q join raw.files as f using (file_no) where f.source = ? and f.replaced_by is null "
            "order by f.file_no, q.row_no limit ?",
            [source, limit],
        ).fetchall()
    if as_json:
        names = ("file", "row", "reason", "field", "shape")
        print_json([dict(zip(names, row[:-1], strict=True)) for row in rows])
        return
    table = unbroken(tr("File"), tr("Row"), tr("Reason"), tr("Field"), tr("Shape of the value"), whole=tr("Row"))
    for path, row_no, code, field, shape, _ in rows:
        reason = REASONS.get(code)
        meaning = f"{Text(reason.vi, reason.en)}\n[dim]{code}[/dim]" if reason else code
        table.add_row(escape(path), str(row_no), meaning, escape(field), escape(shape))
    out.print(table)
    every = rows[0][-1] if rows else 0
    if every > len(rows):
        text = tr("{shown} of {every} rows; all: --limit {limit}")
        out.print(text.format(shown=number(len(rows)), every=number(every), limit=every), highlight=False)
