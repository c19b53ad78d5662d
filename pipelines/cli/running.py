"""Starting and keeping up the platform: the run itself, its page, what it needs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pipelines.cli.common import (
    BUSY,
    FAILED,
    HELD_BACK,
    OWN_ERRORS,
    RUN,
    WRONG_USE,
    app,
    err,
    key_app,
    now,
    out,
    read_settings,
    refuse_if_held,
    show_scoreboard,
    stop,
    store_of,
)
from pipelines.settings import Settings, unknown_settings

if TYPE_CHECKING:
    from pipelines.platform import Platform


@app.command(rich_help_panel=RUN)
def run(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the outcome, no progress.")] = False,
) -> None:
    """Take the drop folder in, load, build and check the models, release what passed.

    This is the Dagster job of the daily schedule, in this process; the Dagster page (hatinh ui) shows it too.
    """
    settings = read_settings()
    refuse_if_held(settings)
    from pipelines.warehouse.pseudonyms import KeyProblem, read_key

    try:
        read_key(settings.pseudonym_key)
    except KeyProblem as problem:
        stop(str(problem), WRONG_USE)
    _refuse_unknown(settings)
    from pipelines.cli.progress import RunProgress

    started = now()
    with RunProgress(err, is_quiet=quiet) as progress:
        from pipelines.platform import Platform
        from pipelines.quality.suites import SuiteError
        from pipelines.transform.dbt import DbtFailed

        platform = Platform(settings, listeners=[progress])
        if _found_nothing_new(platform):
            _end_of_run(settings, started)
            return
        _refuse_faulty_registries(settings)
        from pipelines.orchestration.execute import execute

        try:
            result = execute(platform)
        except (SuiteError, DbtFailed) as problem:  # before the job began: what people edit cannot be read
            stop(f"Nothing was run. {problem}", WRONG_USE)
    if not result.success:
        refuse_if_held(settings)
        message = f": {result.error_message}" if result.error_class in OWN_ERRORS else ""
        stop(
            f"The run failed at {result.step or 'its start'} ({result.error_class or 'unknown error'}{message}). "
            f"Readers keep the last release. The log: hatinh ui, run {result.run_id}.",
            BUSY if result.error_class == "WarehouseBusy" else FAILED,
        )
    _end_of_run(settings, started)


def _found_nothing_new(platform: Platform) -> bool:
    """Whether a run has nothing to do; it is then recorded, in versions.json and in Dagster, without being made."""
    from uuid import uuid4

    from pipelines import walk

    run_id = str(uuid4())
    if not walk.record_if_unchanged(platform, run_id):
        return False
    from pipelines.orchestration.execute import record_unchanged

    record_unchanged(platform.settings, run_id)
    return True


def _end_of_run(settings: Settings, started: datetime) -> None:
    """The scoreboard and the outcome of the last run; exit code 3 when something waits for a person."""
    last = _last_run(settings)
    show_scoreboard(settings)
    _tell_unplaced(settings)
    took = (now() - started).total_seconds()
    outcome = {
        "released": "đã công bố / released",
        "unchanged": "không có gì thay đổi / unchanged",
        "nothing": "không có bảng nào đạt / nothing could be released",
    }[last["status"]]
    out.print(f"{outcome} · {took:.0f} s", style="bold", highlight=False)
    undrawn = _tell_undrawn(settings)
    if undrawn or waits_for_somebody(last):
        raise typer.Exit(HELD_BACK)


def waits_for_somebody(run: Mapping[str, Any]) -> bool:
    """Whether a run held a target back, or a file in force was refused whole; it is told until it is withdrawn."""
    return "held_back" in run["targets"].values() or any(load["refused"] for load in run["loads"].values())


def _refuse_unknown(settings: Settings) -> None:
    """A mistyped setting or address would change nothing: it is refused by its name."""
    from pipelines.doctor import unknown_addresses

    if unknown := [*unknown_settings(), *unknown_addresses(settings)]:
        stop("\n".join(unknown), WRONG_USE)


def _refuse_faulty_registries(settings: Settings) -> None:
    """A person who edited a registry sees each faulty cell now; a scheduled run holds back what rests on it."""
    from pipelines.quality.registries import faults

    if wrong := faults(settings.seeds, settings.methods, settings.province_code):
        lines = "\n".join(f"  {fault}" for fault in wrong)
        stop(f"{settings.seeds} has faults; nothing was run:\n{lines}", WRONG_USE)


def _tell_unplaced(settings: Settings) -> None:
    """How many names of communes and villages wait for an answer; nothing where another run holds the warehouse."""
    from pipelines.scoreboard.area_review import NotReadable, names_to_review
    from pipelines.warehouse.connection import Warehouse

    with suppress(NotReadable):
        names = names_to_review(Warehouse(settings.warehouse))
        waiting = {
            "xã / of communes": sum(name.placed_in is None for name in names.communes),
            "thôn / of villages": len(names.villages),
        }
        if any(waiting.values()):
            told = ", ".join(f"{count} tên {of}" for of, count in waiting.items() if count)
            out.print(
                f"{told}: chờ xác nhận / wait for an answer: hatinh area --review", style="yellow", highlight=False
            )


def _tell_undrawn(settings: Settings) -> bool:
    """Say loudly which page the current release lacks, and why. True when one is missing."""
    current = store_of(settings).current()
    undrawn = current.undrawn if current else {}
    for path, reason in undrawn.items():
        err.print(
            f"{path} could not be drawn ({reason}). The tables are out; the next run tries again.",
            style="red",
            markup=False,
            highlight=False,
        )
    return bool(undrawn)


def _last_run(settings: Settings) -> dict[str, Any]:
    from pipelines.release.runs import RunLog

    return RunLog(settings.marts).runs()[-1]


@app.command(rich_help_panel=RUN)
def ui() -> None:
    """Open Dagster on loopback: the graph, the runs, the checks; with its daemon, so that schedule and sensor work."""
    settings = read_settings()
    import os
    import signal
    import socket

    with socket.socket() as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just left may be taken at once
        try:
            port.bind(("127.0.0.1", settings.ui_port))
        except OSError:
            stop(
                f"Port {settings.ui_port} is taken, by another `hatinh ui` perhaps: two would start every run twice. "
                "Stop that one, or set HATINH_UI_PORT.",
                BUSY,
            )

    from pipelines.orchestration.execute import prepare_page

    prepare_page(settings)
    # a script that starts us with & lets us ignore SIGINT, and Dagster then ignores SIGTERM as well
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = [
        str(Path(sys.executable).with_name("dagster")),
        "dev",
        "--host",
        "127.0.0.1",
        "--port",
        str(settings.ui_port),
        "--workspace",
        str(settings.home / "workspace.yaml"),
    ]
    os.chdir(settings.home)
    os.execv(command[0], command)  # noqa: S606 - our own program, by its full path


@app.command(rich_help_panel=RUN)
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Throw the private warehouse away and load everything anew from data/raw. Releases stay."""
    settings = read_settings()
    refuse_if_held(settings)
    if not yes:
        typer.confirm(f"Delete {settings.warehouse} and load all landed files again?", abort=True)
    for path in (settings.warehouse, settings.warehouse.with_suffix(".duckdb.wal")):
        path.unlink(missing_ok=True)
    run()


@app.command(rich_help_panel=RUN)
def doctor() -> None:
    """Look at what runs need: versions, key, folders, disk, lock, settings. Exit code 1 when something is wrong."""
    settings = read_settings()
    from pipelines.doctor import examine

    findings = examine(settings, date.today())
    table = Table("", "Gì", "Thế nào")
    for finding in findings:
        table.add_row("[green]✓[/green]" if finding.good else "[red]✗[/red]", finding.what, finding.how)
    out.print(table)
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


@key_app.command("make")
def key_make(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Say nothing when there is one.")] = False,
) -> None:
    """Make the key. Keep a copy in a safe place: without it the same dossier gets another pseudonym."""
    settings = read_settings()
    from pipelines.warehouse.pseudonyms import make_key

    if settings.pseudonym_key.exists():
        if not if_missing:
            stop(f"{settings.pseudonym_key} is there already; it is never overwritten.", WRONG_USE)
        return
    make_key(settings.pseudonym_key)
    out.print(f"made {settings.pseudonym_key} – keep a copy in a safe place, never in git", highlight=False)
