"""The command people type: `hatinh`. It says what happens, what to do when something is wrong, and nothing personal.

Exit codes: 0 well; 1 the run failed, readers keep what they had; 2 wrong use or setting; 3 the run is done, but
something is held back; 4 the warehouse is held by another process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from pipelines.landing.store import Landing
    from pipelines.release.store import ReleaseStore

FAILED, WRONG_USE, HELD_BACK, BUSY = 1, 2, 3, 4

# Errors whose messages are our own and name no data; of any other only the class is shown.
OWN_ERRORS = ("KeyProblem", "ReleaseError", "GateError", "DbtFailed", "SuiteError", "Failure", "WarehouseBusy")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Số liệu chuyển đổi số tỉnh Hà Tĩnh: from raw bytes to a gated release.\n\n"
    "Begin with [bold]hatinh run[/bold], then [bold]hatinh status[/bold]. Settings are environment variables HATINH_* "
    "or lines of .env; [bold]hatinh doctor[/bold] lists them.",
)
key_app = typer.Typer(no_args_is_help=True, help="The key of the pseudonyms.")
releases_app = typer.Typer(help="The releases on disk: list, verify, prune.")
qd766_app = typer.Typer(no_args_is_help=True, help="QĐ 766: the national index of service quality.")
explain_app = typer.Typer(no_args_is_help=True, help="Why a figure is what it is, and what would move it.")
app.add_typer(explain_app, name="explain")
app.add_typer(qd766_app, name="qd766")
app.add_typer(key_app, name="key")
app.add_typer(releases_app, name="releases", invoke_without_command=True)

out = Console()
err = Console(stderr=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _stop(message: str, code: int = FAILED) -> NoReturn:
    err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _stop(str(error), WRONG_USE)


def _table(*headings: str, whole: str) -> Table:
    """A table for any width: the column `whole` holds what people type into other commands and is never broken; the
    others break where they must, but lose nothing."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, no_wrap=heading == whole, overflow="ignore" if heading == whole else "fold")
    return table


def _known_source(name: str) -> None:
    from pipelines.sources import all_sources

    if name not in all_sources():
        _stop(f"No source is called {name}. Known: {', '.join(all_sources())}.", WRONG_USE)


def _store(settings: Settings) -> ReleaseStore:
    from pipelines.release.store import ReleaseStore

    return ReleaseStore(settings.marts)


def _landing(settings: Settings) -> Landing:
    from pipelines.landing.store import Landing

    return Landing(settings.raw)


def _show_scoreboard(settings: Settings, whole: bool = False) -> None:
    from pipelines.release.runs import RunLog
    from pipelines.scoreboard.pages import place_of
    from pipelines.scoreboard.terminal import scoreboard

    shown = scoreboard(_store(settings), RunLog(settings.marts).runs(), place_of(settings), whole=whole)
    out.print(shown, highlight=False)


@app.command()
def run(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the outcome, no line a step.")] = False,
) -> None:
    """Take the drop folder in, load, build and check the models, release what passed.

    The same Dagster job as the daily schedule, in this process; the Dagster page (hatinh ui) shows it too.
    """
    settings = _settings()
    _refuse_if_held(settings)
    from pipelines.warehouse.pseudonyms import KeyProblem, read_key

    try:
        read_key(settings.pseudonym_key)
    except KeyProblem as problem:
        _stop(str(problem), WRONG_USE)
    _refuse_if_wrong(settings)
    with err.status("khởi động / starting …"):
        from pipelines.orchestration.execute import execute
        from pipelines.orchestration.platform import Platform

    started = _now()

    def tell(line: str) -> None:
        if not quiet:
            err.print(f"[dim]{(_now() - started).total_seconds():6.1f} s[/dim]  {line}", highlight=False)

    result = execute(Platform(settings, tell=tell))
    if not result.success:
        _refuse_if_held(settings)
        said = f": {result.error_message}" if result.error_class in OWN_ERRORS else ""
        _stop(
            f"The run failed at {result.step or 'its start'} ({result.error_class or 'unknown error'}{said}). "
            f"Readers keep the last release. The whole story: hatinh ui, run {result.run_id}.",
            BUSY if result.error_class == "WarehouseBusy" else FAILED,
        )
    last = _last_run(settings)
    _show_scoreboard(settings)
    took = (_now() - started).total_seconds()
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


def _refuse_if_wrong(settings: Settings) -> None:
    """A person who edited a registry hears it now, cell by cell; a run by schedule holds back what rests on it."""
    from pipelines.quality.registries import faults

    if wrong := faults(settings.seeds, settings.methods):
        lines = "\n".join(f"  {fault}" for fault in wrong)
        _stop(f"{settings.seeds} does not hold together; nothing was run:\n{lines}", WRONG_USE)


def _tell_undrawn(settings: Settings) -> bool:
    """Say loudly which page the current release lacks, and why. True when one is missing."""
    current = _store(settings).current()
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


def _refuse_if_held(settings: Settings) -> None:
    from pipelines.warehouse.connection import Warehouse

    holder = Warehouse(settings.warehouse).holder()
    if holder:
        _stop(f"The warehouse is held by {holder}. Wait until it ends; releases can be read meanwhile.", BUSY)


@app.command()
def status(
    whole: Annotated[
        bool, typer.Option("--all", help="English titles, documents, targets without data and every table too.")
    ] = False,
) -> None:
    """The scoreboard: targets, published tables, what is held back, what lies in quarantine."""
    settings = _settings()
    _show_scoreboard(settings, whole)
    from pipelines.warehouse.connection import Warehouse

    holder = Warehouse(settings.warehouse).holder()
    if holder:
        out.print(f"Đang chạy / running: {holder}", style="cyan", highlight=False)


@app.command()
def page(
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Draw it anew, with the code of today, into this file.", show_default=False),
    ] = None,
    release_id: Annotated[
        str | None, typer.Option("--release", help="One of `hatinh releases`; else the current.", show_default=False)
    ] = None,
) -> None:
    """The scoreboard page: where it lies in the current release. With --out, draw that of any release into a file.

    A file whose name ends in .xlsx becomes the workbook.
    """
    settings = _settings()
    from pipelines.release.files import ReleaseError
    from pipelines.scoreboard.pages import PAGE, WORKBOOK, pages, place_of

    try:
        release = _store(settings).get(release_id) if release_id else _store(settings).current()
    except ReleaseError as error:
        _stop(str(error), _code(error))
    if release is None:
        _stop("There is no release yet: hatinh run", WRONG_USE)
    if to is not None:
        wanted = WORKBOOK if to.suffix == ".xlsx" else PAGE
        to.write_bytes(next(page for page in pages(place_of(settings)) if page.path == wanted).draw(release))
    shown = to or release.path / PAGE
    if not shown.exists():
        why = release.undrawn.get(PAGE, "it was written before there was one")
        _stop(f"Release {release.id} has no page ({why}). Draw it into a file: hatinh page --out scoreboard.html")
    out.print(str(shown.resolve()), soft_wrap=True, highlight=False, markup=False)
    if open_it:
        typer.launch(shown.resolve().as_uri())


@app.command()
def pull(
    source: Annotated[str, typer.Argument(help="Name of the source; `hatinh sources` lists them.")],
    partition: Annotated[
        str | None, typer.Option(help="Period, like 2026-10; without it the running one.", show_default=False)
    ] = None,
) -> None:
    """Fetch one period of a source into data/raw. Interrupted pulls are repeated; what landed stays.

    The address comes from HATINH_ADDRESSES. Files that people bring go into data/drop/SOURCE/ instead.
    """
    settings = _settings()
    from pipelines.landing.http import HttpError
    from pipelines.landing.pull import VIETNAM, PullError, read_credentials
    from pipelines.landing.pull import pull as pull_source
    from pipelines.sources import all_sources

    _known_source(source)
    chosen = all_sources()[source]
    period = partition or chosen.partition_of(_now().astimezone(VIETNAM).date())
    try:
        with err.status(f"{source} {period} …"):
            results = pull_source(
                _landing(settings),
                chosen,
                period,
                settings.addresses.get(source),
                credentials=read_credentials(settings.credentials, source),
                now=_now,
                progress=lambda receipt, is_new: err.print(
                    f"{'landed' if is_new else 'known '} {receipt.path} ({receipt.bytes:,} bytes)", highlight=False
                ),
            )
    except PullError as error:
        _stop(str(error), WRONG_USE)
    except HttpError as error:
        _stop(str(error))
    out.print(f"{source} {period}: {sum(new for _, new in results)} new of {len(results)} files. Load: hatinh run")


@app.command()
def sources() -> None:
    """The sources: publisher, licence, cadence, files landed."""
    settings = _settings()
    from pipelines.sources import all_sources

    table = _table("Nguồn", "Tên, nhà cung cấp", "Nhịp, giấy phép", "Tệp", whole="Nguồn")
    for source in all_sources().values():
        files = len(_landing(settings).in_force(source.name))
        title = f"{source.title_vi}\n[dim]{source.title_en}[/dim]\n{source.publisher}"
        table.add_row(source.name, title, f"{source.cadence}\n[dim]{source.licence}[/dim]", str(files))
        table.add_section()
    out.print(table)


@app.command()
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
    settings = _settings()
    from pipelines.sample.dirt import DEFECTS
    from pipelines.sample.dossiers import write_dossiers

    if defect is not None and defect not in DEFECTS:
        table = Table("--defect", "What it does")
        for name, known in DEFECTS.items():
            table.add_row(name, known.description)
        out.print(table)
        raise typer.Exit(0 if defect == "list" else WRONG_USE)
    if form not in ("ndjson", "array", "data"):
        _stop(f"--form {form}: ndjson, array or data.", WRONG_USE)
    with err.status("writing …") as shown:
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
            progress=lambda done: shown.update(f"{done:,} of {rows:,} …"),
        )
    size = sum(path.stat().st_size for path in report.paths)
    written = f"{len(report.paths)} files in {out_dir}, {size:,} bytes"
    out.print(f"{report.records:,} records of {report.dossiers:,} dossiers: {written}")
    if report.dirt:
        out.print("dirt: " + ", ".join(f"{count} {kind}" for kind, count in sorted(report.dirt.items())))


@app.command()
def withdraw(
    source: Annotated[str, typer.Argument()],
    sha256: Annotated[str, typer.Argument(help="First digits of the file's sha256; `hatinh files SOURCE` lists them.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the receipt.")],
) -> None:
    """Take a landed file out of force: a wrong delivery. Its bytes stay; the next run rebuilds without it."""
    settings = _settings()
    from pipelines.landing.store import LandingError

    try:
        receipt = _landing(settings).withdraw(source, sha256, reason, _now())
    except LandingError as error:
        _stop(str(error), WRONG_USE)
    out.print(f"withdrawn: {receipt.path}. The next run rebuilds without it: hatinh run", highlight=False)


@app.command()
def files(source: Annotated[str, typer.Argument()]) -> None:
    """Landed files of a source: in force or not, since when, how many bytes."""
    settings = _settings()
    _known_source(source)
    landing = _landing(settings)
    in_force = {receipt.sha256 for receipt in landing.in_force(source)}
    table = _table("sha256", "Kỳ", "Tệp", "Tình trạng", whole="sha256")
    for receipt in landing.receipts(source):
        state = "withdrawn" if receipt.withdrawn else "sample, stepped aside"
        if receipt.sha256 in in_force:
            state = "in force"
        about = f"số liệu {receipt.extracted_on}, nhận {receipt.landed_at:%Y-%m-%d %H:%M} UTC, {receipt.bytes:,} byte"
        name = f"{escape(receipt.name)}\n[dim]{about}[/dim]"
        table.add_row(receipt.sha256[:12], receipt.partition, name, state)
    out.print(table)


@app.command()
def quarantine(
    source: Annotated[str, typer.Argument()],
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
) -> None:
    """Rows that did not parse: file, line, reason. Values are shown as shapes only: 9 for a digit, a for a letter."""
    settings = _settings()
    _known_source(source)
    _refuse_if_held(settings)
    from pipelines.warehouse.connection import Warehouse

    if not settings.warehouse.exists():
        _stop("Nothing is loaded yet: hatinh run", WRONG_USE)
    with Warehouse(settings.warehouse).connect(read_only=True) as connection:
        rows = connection.execute(
            "select f.path, q.row_no, q.reason, coalesce(q.field, ''), coalesce(q.shape, '') "
            "from raw.quarantine as q join raw.files as f using (file_no) where f.source = ? "
            "order by f.file_no, q.row_no limit ?",
            [source, limit],
        ).fetchall()
    table = _table("Tệp", "Dòng", "Lý do", "Trường", "Dạng giá trị", whole="Dòng")
    for path, row_no, reason, field, shape in rows:
        table.add_row(path, str(row_no), reason, field, shape)
    out.print(table)


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Throw the private warehouse away and load everything anew from data/raw. Releases stay."""
    settings = _settings()
    _refuse_if_held(settings)
    if not yes:
        typer.confirm(f"Delete {settings.warehouse} and load all landed files again?", abort=True)
    for path in (settings.warehouse, settings.warehouse.with_suffix(".duckdb.wal")):
        path.unlink(missing_ok=True)
    run()


@app.command()
def area(
    words: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="A name, with or without its kind and marks (X. Kỳ Lợi), or a code."),
    ],
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="A day; without it every life of it.", show_default=False),
    ] = None,
) -> None:
    """What a commune, district or code was on a day, and what it became. Codes and names were used again in 2025."""
    settings, name = _settings(), " ".join(words)
    from pipelines.areas import read_registry
    from pipelines.scoreboard.area_card import area_cards

    registry = read_registry(settings.seeds)
    day = on.date() if on else None
    units = registry.find(name, day)
    if not units:
        if lives := registry.find(name):
            known = "; ".join(f"{u.code} {u.title} ({u.valid_from} – {u.valid_to or 'nay'})" for u in lives)
            begin = f" The registry begins on {registry.begins()}." if day and day < registry.begins() else ""
            _stop(f"Không có vào ngày đó / not in force on {day}: {known}.{begin}", WRONG_USE)
        near = registry.near(name)
        hint = f" Gần giống / near: {', '.join(near)}." if near else ""
        _stop(f"Không có đơn vị nào tên hoặc mã như vậy / no unit has this name or code: {name}.{hint}", WRONG_USE)
    out.print(area_cards(registry, units), highlight=False)


@key_app.command("make")
def key_make(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Say nothing when there is one.")] = False,
) -> None:
    """Make the key. Keep a copy in a safe place: without it the same dossier gets another pseudonym."""
    settings = _settings()
    from pipelines.warehouse.pseudonyms import make_key

    if settings.pseudonym_key.exists():
        if not if_missing:
            _stop(f"{settings.pseudonym_key} is there already; it is never overwritten.", WRONG_USE)
        return
    make_key(settings.pseudonym_key)
    out.print(f"made {settings.pseudonym_key} – keep a copy in a safe place, never in git", highlight=False)


@explain_app.command("qd766")
def explain_qd766(
    agency: Annotated[str | None, typer.Option(help="An agency's code; without it the province.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q3 or 2026-10; without it the latest year.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the cheapest points to list.")] = 10,
) -> None:
    """The index QĐ 766: score, decomposition, the cheapest points to win, and the dossiers behind them (pseudonyms)."""
    settings = _settings()
    from pipelines.qd766.explain import ExplainError, explain
    from pipelines.qd766.rules import RulesError

    current = _store(settings).current()
    if current is None:
        _stop("There is no release yet: hatinh run", WRONG_USE)
    warehouse = settings.warehouse if settings.warehouse.exists() else None
    try:
        out.print(explain(current.path, warehouse, agency=agency, period=period, top=top))
    except (ExplainError, RulesError) as error:
        _stop(str(error), WRONG_USE)


@qd766_app.command("check")
def qd766_check(
    paths: Annotated[list[Path], typer.Argument(help="Recorded answers of the portal (JSON), or folders of them.")],
) -> None:
    """Apply our rules to every observation in recorded answers of the portal, and say which disagree.

    Exit code 0: all agree within 0.01. 1: some do not, each is named. 2: a file is no answer, or nothing to check.
    """
    settings = _settings()
    from pipelines.qd766.check import check_files, render
    from pipelines.qd766.rules import RulesError, load_rules

    try:
        report = check_files(paths, load_rules(settings.dbt_project))
    except RulesError as error:
        _stop(str(error), WRONG_USE)
    out.print(render(report))
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@app.command()
def template(
    wanted: Annotated[str, typer.Argument(metavar="INDICATOR|PILLAR", help="A reported indicator, or a whole pillar.")],
    period: Annotated[str, typer.Option(help="2026, 2026-H1, 2026-Q3 or 2026-09.")],
    agency: Annotated[str | None, typer.Option(help="Code of the agency; without it, all that report.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; else named by what it asks.")] = None,
) -> None:
    """Write the workbook by which agencies report what no system delivers. Filled, it goes into the drop folder."""
    settings = _settings()
    from pipelines.landing.pull import VIETNAM
    from pipelines.reporting.forms import form
    from pipelines.reporting.registry import ReportingError, load_registry, parse_period
    from pipelines.reporting.workbook import workbook_bytes

    try:
        asked = form(
            load_registry(settings.dbt_project),
            wanted,
            parse_period(period),
            agency=agency,
            province_code=settings.province_code,
            province_name=settings.province_name,
        )
    except ReportingError as error:
        _stop(str(error), WRONG_USE)
    today = _now().astimezone(VIETNAM).date()
    path = to or Path(f"{asked.name}.xlsx")
    path.write_bytes(workbook_bytes(asked, made_on=today, send_to=settings.report_recipient))
    out.print(f"{path}: {len(asked.rows)} dòng / rows, hạn gửi / due {asked.due_on:%d/%m/%Y}", highlight=False)
    out.print(
        "Điền xong / when filled: hatinh check-report TỆP, rồi bỏ vào / then put it into data/drop/reported_indicators/"
    )


@app.command("check-report")
def check_report(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A filled workbook.")],
) -> None:
    """Judge a filled workbook as the load will. What is wrong is marked in a copy beside it, NAME-marked.xlsx.

    Exit code 0: every row is good or blank. 1: something is wrong, each cell is named.
    """
    settings = _settings()
    from pipelines.landing.pull import VIETNAM
    from pipelines.reporting.check import check
    from pipelines.reporting.marked import marked_copy, said_lines
    from pipelines.reporting.registry import ReportingError, load_registry

    today = _now().astimezone(VIETNAM).date()
    content = path.read_bytes()
    checked = check(content, path.name, today)
    out.print(
        f"{path.name}: {checked.rows} dòng / rows = {checked.answered} có số liệu / answered "
        f"+ {checked.blank} để trống / blank + {len(checked.findings)} sai / wrong",
        highlight=False,
    )
    if not checked.findings:
        return
    try:
        indicators = load_registry(settings.dbt_project).indicators
    except ReportingError as error:
        _stop(str(error), WRONG_USE)
    table = Table("Dòng", "Ô", "Cần sửa")
    for line in said_lines(content, checked, indicators):
        table.add_row(*line)
    out.print(table)
    copy = path.with_name(f"{path.stem}-marked.xlsx")
    copy.write_bytes(marked_copy(content, checked, indicators, today))
    out.print(f"Bản đánh dấu / marked copy: {copy}", highlight=False)
    raise typer.Exit(FAILED)


@app.command()
def reports(
    period: Annotated[str | None, typer.Option(help="2026, 2026-H1, 2026-Q3 or 2026-09; else every period.")] = None,
    agency: Annotated[str | None, typer.Option(help="Only what this agency reports.")] = None,
    each: Annotated[bool, typer.Option("--each", help="A line a figure, not a line an indicator and period.")] = False,
    returned: Annotated[
        bool, typer.Option("--returned", help="Write marked copies of landed workbooks with wrong cells.")
    ] = False,
) -> None:
    """Who reported what, in time or late, and what is missing, by the current release."""
    settings = _settings()
    from pipelines.landing.pull import VIETNAM
    from pipelines.reporting.overview import each_report, summary, write_returned
    from pipelines.reporting.registry import ReportingError, load_registry, parse_period

    try:
        chosen = parse_period(period) if period else None
        if returned:
            indicators = load_registry(settings.dbt_project).indicators
            today = _now().astimezone(VIETNAM).date()
            written = write_returned(_landing(settings), settings.returned, indicators, today)
            for copy, wrong in written:
                out.print(f"{copy}: {wrong} dòng cần sửa / rows to mend", highlight=False)
            out.print(f"{len(written)} tệp trả lại / workbooks to send back", highlight=False)
            return
        current = _store(settings).current()
        if current is None:
            _stop("There is no release yet: hatinh run", WRONG_USE)
        headings, rows = (each_report if each else summary)(current.path, chosen, agency)
    except ReportingError as error:
        _stop(str(error), WRONG_USE)
    first, _, due, *others = headings
    table = _table(first, *others, whole=first)
    for indicator, kind, due_on, *row in rows:
        table.add_row(f"{indicator}\n[dim]{kind}, {due.lower()} / due {due_on}[/dim]", *row)
    out.print(table)


@releases_app.callback()
def releases(context: typer.Context) -> None:
    """The releases on disk, newest first."""
    if context.invoked_subcommand:
        return
    settings = _settings()
    store = _store(settings)
    current = store.current()
    table = _table("", "Bản công bố", "Bảng", "Số dòng", "Byte", "Giữ lại", "Mẫu", whole="Bản công bố")
    for release in store.list():
        table.add_row(
            "→" if current and release.id == current.id else "",
            release.id,
            str(len(release.tables)),
            f"{release.rows:,}",
            f"{release.bytes:,}",
            ", ".join(held.target for held in release.held_back),
            "có" if release.synthetic else "",
        )
    out.print(table)


@releases_app.command("verify")
def releases_verify(release_id: Annotated[str, typer.Argument()]) -> None:
    """Read a release back: sums, rows, schemas."""
    settings = _settings()
    from pipelines.release.files import ReleaseError

    try:
        release = _store(settings).verify(release_id)
    except ReleaseError as error:
        _stop(str(error), _code(error))
    out.print(f"{release.id}: {len(release.tables)} tables, {release.rows:,} rows, as described", highlight=False)


@releases_app.command("prune")
def releases_prune(
    keep: Annotated[int | None, typer.Option(min=1, help="How many to keep; else HATINH_KEEP_RELEASES.")] = None,
) -> None:
    """Delete old releases but the newest ones and the current one. Without this command every release is kept."""
    settings = _settings()
    number = keep or settings.keep_releases
    if number is None:
        _stop("How many are to be kept? --keep N, or set HATINH_KEEP_RELEASES.", WRONG_USE)
    gone = _store(settings).prune(number)
    out.print(f"deleted {len(gone)}: {', '.join(gone) or '-'}", highlight=False)


def _code(error: Exception) -> int:
    """A release that was misnamed is wrong use; one that cannot be read has failed."""
    from pipelines.release.files import UnknownRelease

    return WRONG_USE if isinstance(error, UnknownRelease) else FAILED


@app.command()
def rollback(release_id: Annotated[str, typer.Argument(help="One of `hatinh releases`.")]) -> None:
    """Lead readers back to an earlier release, once it has been verified. The next run leads them on again."""
    settings = _settings()
    _refuse_if_held(settings)
    from pipelines.release.files import ReleaseError

    try:
        release = _store(settings).rollback(release_id, _now())
    except ReleaseError as error:
        _stop(str(error), _code(error))
    out.print(f"current is {release.id}", highlight=False)


@app.command()
def statistics(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As known on this day; else today.", show_default=False),
    ] = None,
    indicator: Annotated[str | None, typer.Option(help="One indicator; without it all.", show_default=False)] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="What moved instead: from which publication to which, by how much.")
    ] = False,
) -> None:
    """Số liệu thống kê đã công bố: published statistics as they were known on a day, each with its day of publication.

    A revised figure is a new row and never overwrites the old one, so both can be asked for:

    hatinh statistics --as-of 2024-06-30: what was known on that day.

    hatinh statistics --revisions --indicator digital_economy_share_pct: how a series was revised, every time.

    hatinh statistics --revisions --as-of 2024-06-30: what had been revised by that day.

    Thay đổi is in the unit of the figure, of a share in percentage points (điểm %); Tương đối is the change over the
    old value, in per cent. A figure that is held for review is in neither: see statistics_review in the release.
    """
    settings = _settings()
    from pipelines.scoreboard import statistics as published

    current = _store(settings).current()
    if current is None:
        _stop("There is no release yet: hatinh run", WRONG_USE)
    day = as_of.date() if as_of else _now().date()
    try:
        if revisions:
            out.print(published.revisions_table(published.revisions_until(current.path, day, indicator), day))
        else:
            out.print(published.statistics_table(published.statistics_as_of(current.path, day, indicator), day))
    except published.NotPublished as error:
        _stop(str(error), WRONG_USE)


@app.command()
def ui() -> None:
    """Open Dagster on loopback: the graph, the runs, the checks; with its daemon, so that schedule and sensor work."""
    settings = _settings()
    import os
    import signal

    from pipelines.orchestration.execute import use_instance

    use_instance(settings)
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


@app.command()
def doctor() -> None:
    """Look at what runs need: versions, key, folders, disk, lock, settings. Exit code 1 when something is wrong."""
    settings = _settings()
    from pipelines.doctor import examine

    findings = examine(settings, date.today())
    table = Table("", "Gì", "Thế nào")
    for finding in findings:
        table.add_row("[green]✓[/green]" if finding.good else "[red]✗[/red]", finding.what, finding.how)
    out.print(table)
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
