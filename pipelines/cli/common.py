"""What the commands share: the app and its groups, the consoles, exit codes, and how one stops."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from pipelines.language import LANGUAGES, Language, later, of_the_machine, tr, use
from pipelines.settings import Settings, SettingsError, load_settings, use_settings_file

if TYPE_CHECKING:
    from pipelines.landing.store import Landing
    from pipelines.release.store import ReleaseStore

FAILED, WRONG_USE, HELD_BACK, BUSY = 1, 2, 3, 4

# Errors whose messages are our own and name no data; of any other only the class is shown.
OWN_ERRORS = (
    *("KeyProblem", "ReleaseError", "GateError", "DbtFailed", "SuiteError", "NotJudged", "WarehouseBusy"),
    *("WrongProvince", "WarehouseDamaged", "Obstacle", "EngineProblem", "NotTranslated", "TypesDiffer"),
    "StorageProblem",
)

# Panels of the help, in the order in which they are shown.
RUN = later("The platform")
OUT = later("What goes out")
IN = later("What comes in")
REPORTED = later("What agencies report")
FIGURES = later("Questions to the figures")
EXTEND = later("Another province, a new source, mart or target")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Figures of a province's digital transformation: from raw bytes to a gated release.\n\n"
    "Begin with [bold]hatinh run[/bold], then [bold]hatinh status[/bold]. Settings are environment variables HATINH_* "
    "or lines of .env; [bold]hatinh doctor[/bold] lists them.",
)


@app.callback()
def prepare(
    lang: Annotated[
        Literal["vi", "en"] | None,
        typer.Option("--lang", help="Language of the output; else HATINH_LANGUAGE.", show_default=False),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="File of settings that is read instead of .env, as `hatinh province new` writes it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Choose settings and language before anything is printed."""
    if settings is not None:
        try:
            use_settings_file(settings)
        except SettingsError as error:
            stop(str(error), WRONG_USE)
    use(lang or language_of_the_terminal())


def language_of_the_terminal() -> Language:
    """The language that is set, else that of the machine's locale. The command itself reports a wrong setting."""
    try:
        return load_settings().language or of_the_machine(os.environ)
    except SettingsError:
        given = os.environ.get("HATINH_LANGUAGE")
        return next((language for language in LANGUAGES if language == given), of_the_machine(os.environ))


key_app = typer.Typer(no_args_is_help=True, help="The key of the pseudonyms.")
releases_app = typer.Typer(help="The releases on disk: list, verify, publish, prune.")
qd766_app = typer.Typer(no_args_is_help=True, help="QĐ 766: the national index of service quality.")
explain_app = typer.Typer(no_args_is_help=True, help="Why a figure is what it is, and what would move it.")
province_app = typer.Typer(no_args_is_help=True, help="Another province beside this one.")
new_app = typer.Typer(no_args_is_help=True, help="The files of a new source, mart or target.")
app.add_typer(province_app, name="province", rich_help_panel=EXTEND)
app.add_typer(new_app, name="new", rich_help_panel=EXTEND)
app.add_typer(explain_app, name="explain", rich_help_panel=FIGURES)
app.add_typer(qd766_app, name="qd766", rich_help_panel=FIGURES)
app.add_typer(key_app, name="key", rich_help_panel=RUN)
app.add_typer(releases_app, name="releases", invoke_without_command=True, rich_help_panel=OUT)


out = Console()
err = Console(stderr=True)


def now() -> datetime:
    return datetime.now(UTC)


def stop(message: str, code: int = FAILED) -> NoReturn:
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Machine-readable output: JSON on standard output and nothing else."""
    import json

    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def in_english(as_json: bool) -> bool:
    """For `--json`: the texts in it are the same in every language."""
    if as_json:
        use("en")
    return as_json


AsJson = Annotated[
    bool, typer.Option("--json", callback=in_english, help="The facts as JSON, the same in every language.")
]


def read_settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        stop(str(error), WRONG_USE)


def unbroken(*headings: str, whole: str) -> Table:
    """A table for any width: the column `whole` holds what people type into other commands and is never broken; the
    others break where they must, but lose nothing."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, no_wrap=heading == whole, overflow="ignore" if heading == whole else "fold")
    return table


def refuse_unknown_source(name: str) -> None:
    from pipelines.sources import all_sources

    if name not in all_sources():
        stop(
            tr("No source is called {name}. Known: {known}.", name=name, known=", ".join(all_sources())),
            WRONG_USE,
        )


def store_of(settings: Settings) -> ReleaseStore:
    from pipelines.release.store import ReleaseStore

    return ReleaseStore(settings.marts)


def landing_of(settings: Settings) -> Landing:
    from pipelines.landing.store import Landing

    return Landing(settings.raw)


def outcome_in_words(status: str) -> str:
    """What a run came to."""
    return {
        "released": tr("released"),
        "unchanged": tr("unchanged"),
        "partial": tr("partial run"),
        "nothing": tr("nothing could be released"),
        "pinned": tr("readers are pinned, nothing was released"),
    }[status]


def show_scoreboard(settings: Settings, whole: bool = False) -> None:
    from pipelines.periods import VIETNAM
    from pipelines.release.runs import RunLog
    from pipelines.scoreboard.pages import place_of
    from pipelines.scoreboard.terminal import scoreboard
    from pipelines.warehouse.connection import Warehouse

    shown = scoreboard(
        store_of(settings),
        RunLog(settings.marts).runs(),
        place_of(settings),
        in_full=whole,
        holder=Warehouse(settings.warehouse).holder(),
        today=datetime.now(VIETNAM).date(),
    )
    out.print(shown, highlight=False)


def refuse_if_held(settings: Settings) -> None:
    from pipelines.warehouse.connection import Warehouse

    holder = Warehouse(settings.warehouse).holder()
    if holder:
        text = tr("The warehouse is held by {holder}. Wait until it ends; releases can be read meanwhile.")
        stop(text.format(holder=holder), BUSY)


def write_file(path: Path, content: bytes) -> None:
    """Write what was asked for where it was asked for, or say why not."""
    try:
        path.write_bytes(content)
    except OSError as error:
        text = tr("{path} cannot be written: {reason}. Choose a folder that exists and may be written.")
        stop(text.format(path=path, reason=error.strerror), WRONG_USE)
