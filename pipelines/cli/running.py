"""Starting and keeping up the platform: the run itself, its page, what it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from pipelines.cli.common import (
    BUSY,
    FAILED,
    HELD_BACK,
    OWN_ERRORS,
    RUN,
    WRONG_USE,
    AsJson,
    app,
    err,
    key_app,
    now,
    out,
    outcome_in_words,
    print_json,
    read_settings,
    refuse_if_held,
    show_scoreboard,
    stop,
    store_of,
)
from pipelines.language import tr
from pipelines.settings import Settings, unknown_settings

if TYPE_CHECKING:
    from pipelines.doctor import Finding
    from pipelines.platform import Platform

_SHOWN_PROBLEMS = 5


@app.command(rich_help_panel=RUN)
def run(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress; nothing at all when nothing waits for a person.")
    ] = False,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Only what this target is computed from; the other tables stay. May be repeated."),
    ] = None,
) -> None:
    """Take the drop folder in, load, build and check the models, release what passed.

    This is the Dagster job of the daily schedule, in this process; the Dagster page (hatinh ui) shows it too.
    """
    settings = read_settings()
    with _obstacles(settings):
        refuse_if_held(settings)
    with _stopped_by_signals():
        try:
            with _obstacles(settings):
                _run(settings, quiet, tuple(target or ()))
        finally:
            _report(settings)


@contextmanager
def _obstacles(settings: Settings) -> Iterator[None]:
    """A full disk, a place that may not be written or a damaged file ends the command with what to do."""
    from pipelines.warehouse.obstacles import obstacle

    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if words := obstacle(str(error), str(settings.dagster_home)):
            stop(words)
        raise


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGINT end the run with exit code 1 and its record written, whatever library is at work."""
    import os
    import signal
    import threading

    def stopped(number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    def send_again(lost: sys.UnraisableHookArgs) -> None:
        # an interrupt that was raised in a callback of the garbage collector, where Python drops what is raised
        if issubclass(lost.exc_type, Exception):
            sys.__unraisablehook__(lost)
            return
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signal.signal(signal.SIGINT, stopped)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGTERM, signal.SIGINT)}
    sys.unraisablehook = send_again
    try:
        yield
    except KeyboardInterrupt as stop_signal:
        text = tr("Stopped by {signal}. Readers keep the last release; run again: hatinh run")
        err.print(text.format(signal=stop_signal), style="red")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(FAILED)  # threads of DuckDB and gRPC may hold the interpreter, or abort it
    finally:
        sys.unraisablehook = sys.__unraisablehook__
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(settings: Settings) -> None:
    """Metrics and alerts, after every run, however it ended."""
    from pipelines.alerts import report
    from pipelines.state import read_state

    try:
        not_sent = report(settings, read_state(settings, now()))
    except OSError as error:
        not_sent = [tr("Alerts and metrics were not written ({error})", error=error.strerror or type(error).__name__)]
    for problem in not_sent:
        err.print(problem, style="red", markup=False, highlight=False)


def _run(settings: Settings, quiet: bool, targets: Sequence[str]) -> None:
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

        platform = Platform.with_processes(settings, [progress])
        if targets:
            _refuse_unknown_targets(platform, targets)
        elif _found_nothing_new(platform):
            _end_of_run(settings, started, quiet)
            return
        platform.dbt.start()
        _refuse_faulty_registries(settings)
        from pipelines.orchestration.execute import execute

        try:
            result = execute(platform, targets)
        except (SuiteError, DbtFailed) as problem:  # before the job began: what people edit cannot be read
            stop(tr("Nothing was run.") + f" {problem}", WRONG_USE)
    if not result.success:
        refuse_if_held(settings)
        from pipelines.warehouse.obstacles import obstacle

        words = obstacle(result.error_message or "", str(settings.dagster_home))
        message = words or (result.error_message if result.error_class in OWN_ERRORS else None)
        stop(
            tr(
                "The run failed at {step} ({error}). Readers keep the last release. The log: hatinh ui, run {run}.",
                step=result.step or tr("its start"),
                error=f"{result.error_class or tr('unknown error')}" + (f": {message}" if message else ""),
                run=result.run_id,
            ),
            BUSY if result.error_class == "WarehouseBusy" else FAILED,
        )
    _end_of_run(settings, started, quiet)


def _refuse_unknown_targets(platform: Platform, targets: Sequence[str]) -> None:
    known = sorted({mart.target for mart in platform.project.marts})
    if unknown := [target for target in targets if target not in known]:
        text = tr("No target is called {names}. Known: {known}.")
        stop(text.format(names=", ".join(unknown), known=", ".join(known)), WRONG_USE)


def _found_nothing_new(platform: Platform) -> bool:
    """Whether a run has nothing to do; it is then recorded, in versions.json and in Dagster, without being made."""
    from uuid import uuid4

    from pipelines.unchanged import record_if_unchanged
    from pipelines.warehouse.connection import WarehouseBusy, WarehouseDamaged

    run_id = str(uuid4())
    try:
        if not record_if_unchanged(platform, run_id):
            return False
    except WarehouseBusy as problem:  # another run began at the same moment
        stop(str(problem), BUSY)
    except WarehouseDamaged as problem:
        stop(str(problem))
    from pipelines.orchestration.instance import record_unchanged

    record_unchanged(platform, run_id)
    return True


def _end_of_run(settings: Settings, started: datetime, quiet: bool) -> None:
    """The scoreboard and the outcome of the last run; exit code 3 when something waits for a person."""
    from pipelines.state import read_state

    last = _last_run(settings)
    problems = read_state(settings, now()).problems
    if quiet and not problems:
        return
    show_scoreboard(settings)
    _tell_unplaced(settings)
    took = (now() - started).total_seconds()
    out.print(f"{outcome_in_words(last['status'])} · {took:.0f} s", style="bold", highlight=False)
    _tell_undrawn(settings)
    if problems or waits_for_somebody(last):
        raise typer.Exit(HELD_BACK)


def waits_for_somebody(run: Mapping[str, Any]) -> bool:
    """Whether a run held a target back, or an active file was refused, which counts until it is withdrawn."""
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
        stop(tr("{folder} has faults; nothing was run:", folder=settings.seeds) + f"\n{lines}", WRONG_USE)


def _tell_unplaced(settings: Settings) -> None:
    """How many names of communes and villages wait for an answer; nothing where another run holds the warehouse."""
    from pipelines.scoreboard.area_review import NotReadable, names_to_review
    from pipelines.warehouse.connection import Warehouse

    with suppress(NotReadable):
        names = names_to_review(Warehouse(settings.warehouse))
        communes, villages = sum(name.placed_in is None for name in names.communes), len(names.villages)
        waiting = [
            *([tr("{count} names of communes", count=communes)] if communes else ()),
            *([tr("{count} names of villages", count=villages)] if villages else ()),
        ]
        if waiting:
            text = tr("Waiting for an answer: {names}: hatinh area --review", names=", ".join(waiting))
            out.print(text, style="yellow", highlight=False)


def _tell_undrawn(settings: Settings) -> None:
    """Say loudly which page the current release lacks, and why."""
    current = store_of(settings).current()
    undrawn = current.undrawn if current else {}
    for path, reason in undrawn.items():
        err.print(
            tr(
                "{path} could not be drawn ({reason}). The tables are out; the next run tries again.",
                path=path,
                reason=reason,
            ),
            style="red",
            markup=False,
            highlight=False,
        )


def _last_run(settings: Settings) -> dict[str, Any]:
    from pipelines.release.runs import RunLog

    return RunLog(settings.marts).runs()[-1]


@app.command(rich_help_panel=RUN)
def ui() -> None:
    """Serve the Dagster page on loopback, with its daemon, so that schedules and sensors work. Ctrl-C stops it."""
    settings = read_settings()
    _refuse_taken_port(settings)
    from pipelines.orchestration.services import run_all

    raise typer.Exit(run_all(settings))


@app.command(rich_help_panel=RUN)
def serve(
    part: Annotated[Literal["code", "web", "daemon"], typer.Argument()],
) -> None:
    """Be one process of the page: code server, web server or daemon. For service managers; `hatinh ui` is all three."""
    settings = read_settings()
    from pipelines.orchestration.services import serve_part

    if part == "web":
        _refuse_taken_port(settings)
    serve_part(settings, part)


def _refuse_taken_port(settings: Settings) -> None:
    import socket

    with socket.socket() as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was just left may be taken at once
        try:
            port.bind((settings.ui_bind, settings.ui_port))
        except OSError:
            stop(
                tr(
                    "Port {port} is taken, by another `hatinh ui` perhaps: two would start every run twice. "
                    "Stop that one, or set HATINH_UI_PORT.",
                    port=settings.ui_port,
                ),
                BUSY,
            )


@app.command(rich_help_panel=RUN)
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the private warehouse and load everything again from data/raw. Releases stay."""
    settings = read_settings()
    refuse_if_held(settings)
    if not yes:
        typer.confirm(tr("Delete {path} and load all landed files again?", path=settings.warehouse), abort=True)
    for path in (settings.warehouse, settings.warehouse.with_suffix(".duckdb.wal")):
        if path.is_dir():  # as a container makes of a file that is to be mounted and is not there: nothing of ours
            path.rename(path.with_name(f"{path.name}.moved-{now():%Y%m%dT%H%M%S}"))
        else:
            path.unlink(missing_ok=True)
    run(quiet=False, target=None)


@app.command(rich_help_panel=RUN)
def check() -> None:
    """One line for monitors (Nagios, Icinga, Zabbix), with their exit codes.

    0: all is well. 1: something waits for a person, or nothing ever ran. 2: readers get no news: the last run failed,
    none was good for HATINH_MAX_AGE_HOURS, or the disk is full. 3: the settings cannot be read.
    """
    try:
        settings = read_settings()
    except typer.Exit:
        raise typer.Exit(3) from None
    from pipelines.alerts import report
    from pipelines.state import read_state

    state = read_state(settings, now())
    not_sent = report(settings, state)
    critical = [problem for problem in state.problems if problem.is_critical]
    never_ran = state.last_run is None and state.release is None  # or the monitor looks at another folder
    level = 2 if critical else 1 if state.problems or not_sent or never_ran else 0
    words = [problem.key for problem in (*critical, *(p for p in state.problems if not p.is_critical))]
    shown = [*words[:_SHOWN_PROBLEMS], *([f"+{len(words) - _SHOWN_PROBLEMS}"] if len(words) > _SHOWN_PROBLEMS else [])]
    age = (state.at - state.last_success_at).total_seconds() if state.last_success_at else -1
    shown_text = ", ".join([*shown, *not_sent]) or f"release {state.release.id if state.release else 'none yet'}"
    data = f"problems={len(state.problems)} age={age:.0f}s free={state.free_bytes}B"
    out.print(
        f"HATINH {('OK', 'WARNING', 'CRITICAL')[level]} - {shown_text} | {data}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
    if level:
        raise typer.Exit(level)


@app.command(rich_help_panel=RUN)
def doctor(
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is wrong.")] = False,
) -> None:
    """Look at what runs need: versions, key, folders, disk, warehouse, Dagster, settings. Exit code 1 when something
    is wrong."""
    settings = read_settings()
    from pipelines.doctor import examine

    findings = examine(settings, now())
    if as_json:
        print_json([{"what": f.key, "ok": f.good, "text": f.how} for f in findings])
    elif shown := [finding for finding in findings if not (quiet and finding.good)]:
        _show(shown)
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


def _show(findings: Sequence[Finding]) -> None:
    table = Table("", tr("What"), tr("State"))
    for finding in findings:
        table.add_row("[green]✓[/green]" if finding.good else "[red]✗[/red]", finding.title, finding.how)
    out.print(table)


@app.command(rich_help_panel=RUN)
def prune(
    days: Annotated[int | None, typer.Option(min=1, help="Keep what is younger; else HATINH_KEEP_DAYS.")] = None,
) -> None:
    """Delete releases and Dagster's records of runs by age. The current release, landed files and the key stay."""
    settings = read_settings()
    kept = days or settings.keep_days
    if kept is None:
        stop(tr("Of how many days is everything to be kept? --days N, or set HATINH_KEEP_DAYS."), WRONG_USE)
    refuse_if_held(settings)
    from pipelines.orchestration.prune import prune_runs
    from pipelines.scoreboard.words import number

    before = now() - timedelta(days=kept)
    used = _bytes_of(settings)
    store = store_of(settings)
    young = sum(release.created_at >= before for release in store.list())
    releases = store.prune(max(young, 1), now().date())
    runs = prune_runs(settings, before)
    freed = used - _bytes_of(settings)
    out.print(
        tr(
            "Deleted: {releases} releases, {runs} runs of Dagster, {bytes} bytes",
            releases=len(releases),
            runs=runs,
            bytes=number(freed),
        ),
        highlight=False,
    )


def _bytes_of(settings: Settings) -> int:
    """Bytes on disk of releases and Dagster's records; a file with several names, as held-back tables have, counts
    once."""
    found = {}
    for folder in (settings.marts, settings.dagster_home):
        for path in folder.rglob("*"):
            with suppress(OSError):
                status = path.lstat()
                found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


@key_app.command("make")
def key_make(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Say nothing when there is one.")] = False,
) -> None:
    """Make the key. Keep a copy in a safe place: without it the same dossier gets another pseudonym."""
    settings = read_settings()
    from pipelines.warehouse.pseudonyms import make_key

    if settings.pseudonym_key.exists():
        if not if_missing:
            stop(tr("{path} is there already; it is never overwritten.", path=settings.pseudonym_key), WRONG_USE)
        return
    make_key(settings.pseudonym_key)
    text = tr("Made {path} – keep a copy in a safe place, never in git", path=settings.pseudonym_key)
    out.print(text, highlight=False)
