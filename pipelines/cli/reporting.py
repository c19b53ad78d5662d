"""What no system delivers: the workbooks by which agencies report."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipelines.cli.common import (
    FAILED,
    REPORTED,
    WRONG_USE,
    AsJson,
    app,
    landing_of,
    now,
    out,
    print_json,
    read_settings,
    stop,
    store_of,
    unbroken,
    write_file,
)
from pipelines.language import day, ntr, tr


@app.command(rich_help_panel=REPORTED)
def template(
    wanted: Annotated[str, typer.Argument(metavar="INDICATOR|PILLAR", help="A reported indicator, or a whole pillar.")],
    period: Annotated[str, typer.Option(help="2026, 2026-H1, 2026-Q3 or 2026-09.")],
    agency: Annotated[str | None, typer.Option(help="Code of the agency; without it, all that report.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; else named by what it asks.")] = None,
    each_agency: Annotated[
        bool, typer.Option("--each-agency", help="A workbook for each agency that reports, into the folder of --out.")
    ] = False,
) -> None:
    """Write the workbook by which agencies report what no system delivers. Filled, it goes into the drop folder."""
    settings = read_settings()
    from pipelines.periods import local_date
    from pipelines.reporting.forms import form
    from pipelines.reporting.overview import previous_values
    from pipelines.reporting.registry import ReportingError, load_registry, parse_period
    from pipelines.reporting.workbook import workbook_bytes

    if agency and each_agency:
        stop(tr("--agency names one, --each-agency takes all: give one of the two."), WRONG_USE)
    place = {"province_code": settings.province_code, "province_name": settings.province_name}
    try:
        registry, chosen = load_registry(settings.seeds), parse_period(period)
        forms = [form(registry, wanted, chosen, agency=agency, **place)]
        if each_agency:
            answering = {row.agency for row in forms[0].rows if row.agency} | set(forms[0].choices)
            codes = sorted(body.code for body in answering)
            forms = [form(registry, wanted, chosen, agency=code, **place) for code in codes]
    except ReportingError as error:
        stop(str(error), WRONG_USE)
    today, current = local_date(now()), store_of(settings).current()
    previous = previous_values(current.path, chosen) if current else {}
    for asked in forms:
        path = (to or Path()) / f"{asked.name}.xlsx" if each_agency else to or Path(f"{asked.name}.xlsx")
        content = workbook_bytes(asked, made_on=today, send_to=settings.report_recipient, previous=previous)
        write_file(path, content)
        rows, due = len(asked.rows), day(asked.due_on)
        text = ntr("{path}: {count} row, due {due}", "{path}: {count} rows, due {due}", rows, path=path, due=due)
        out.print(text, highlight=False, soft_wrap=True)
    out.print(
        tr(
            "When filled: hatinh check-report FILE, then put it into {folder}",
            folder=settings.drop / "reported_indicators",
        ),
        highlight=False,
    )


@app.command("check-report", rich_help_panel=REPORTED)
def check_report(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A filled workbook.")],
    as_json: AsJson = False,
) -> None:
    """Judge a filled workbook as the load will. What is wrong is marked in a copy beside it, NAME-marked.xlsx.

    Exit code 0: every row is good or blank. 1: something is wrong, each cell is named.
    """
    settings = read_settings()
    from pipelines.periods import local_date
    from pipelines.reporting.check import check
    from pipelines.reporting.marked import described_lines, marked_copy
    from pipelines.reporting.registry import ReportingError, load_registry

    today = local_date(now())
    content = path.read_bytes()
    checked = check(content, path.name, today)
    if as_json:
        print_json({"file": path.name, **asdict(checked)})
        raise typer.Exit(FAILED if checked.findings else 0)
    out.print(
        tr(
            "{file}: {rows} rows = {answered} with figures + {blank} blank + {wrong} wrong",
            file=path.name,
            rows=checked.rows,
            answered=checked.answered,
            blank=checked.blank,
            wrong=len(checked.findings),
        ),
        highlight=False,
    )
    if checked.refusal:
        out.print(checked.refusal, markup=False, highlight=False)
    if not checked.findings:
        return
    try:
        indicators = load_registry(settings.seeds).indicators
    except ReportingError as error:
        stop(str(error), WRONG_USE)
    table = Table(tr("Row"), tr("Cell"), tr("To correct"))
    for line in described_lines(content, checked, indicators):
        table.add_row(*line)
    out.print(table)
    copy = path.with_name(f"{path.stem}-marked.xlsx")
    write_file(copy, marked_copy(content, checked, indicators, today))
    out.print(tr("Marked copy") + f": {copy}", highlight=False)
    raise typer.Exit(FAILED)


@app.command(rich_help_panel=REPORTED)
def reports(
    period: Annotated[str | None, typer.Option(help="2026, 2026-H1, 2026-Q3 or 2026-09; else every period.")] = None,
    agency: Annotated[str | None, typer.Option(help="Only what this agency reports.")] = None,
    each: Annotated[bool, typer.Option("--each", help="A line a figure, not a line an indicator and period.")] = False,
    returned: Annotated[
        bool, typer.Option("--returned", help="Write marked copies of landed workbooks with wrong cells.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Who reported what, in time or late, and what is missing, by the current release."""
    settings = read_settings()
    from pipelines.periods import local_date
    from pipelines.reporting.overview import each_report, facts, summary, write_returned
    from pipelines.reporting.registry import ReportingError, load_registry, parse_period

    try:
        chosen = parse_period(period) if period else None
        if returned:
            indicators = load_registry(settings.seeds).indicators
            today = local_date(now())
            written = write_returned(landing_of(settings), settings.returned, indicators, today)
            for copy, wrong in written:
                out.print(f"{copy}: {ntr('{count} row to correct', '{count} rows to correct', wrong)}", highlight=False)
            out.print(tr("{count} workbooks to send back", count=len(written)), highlight=False)
            return
        current = store_of(settings).current()
        if current is None:
            stop(tr("No release yet: hatinh run"), WRONG_USE)
        if as_json:
            print_json(facts(current.path, chosen, agency, each=each))
            return
        headings, rows = (each_report if each else summary)(current.path, chosen, agency)
    except ReportingError as error:
        stop(str(error), WRONG_USE)
    first, _, due, *others = headings
    table = unbroken(first, *others, whole=first)
    for indicator, kind, due_on, *row in rows:
        table.add_row(f"{indicator}\n[dim]{kind}, {due.lower()} {due_on}[/dim]", *row)
    out.print(table)
    for held in current.held_back:
        if held.target == "reported":
            line = tr("Held back, the table is older, since") + f" {held.since}: {held.reason}"
            out.print(line, style="yellow", markup=False, highlight=False)
