"""The command people type: `hatinh`. It reports what happens and how to fix what is wrong, and nothing personal.

Exit codes: 0 well; 1 the run failed, readers keep what they had; 2 wrong use or setting; 3 the run is done, but
something waits for somebody; 4 the warehouse is held by another process.
"""

from __future__ import annotations

import atexit
import codecs
import gc
import inspect
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import typer.main
from typer import rich_utils

from pipelines.beside import rarer_collections
from pipelines.cli.common import WRONG_USE, app, err, language_of_the_terminal
from pipelines.language import LANGUAGES, later, recorded, tr, use, without_marks
from pipelines.settings import SettingsError

for group in ("running", "releases", "nation", "files", "reporting", "figures", "extending"):  # the order of the help
    import_module(f"pipelines.cli.{group}")


def main() -> None:
    rarer_collections()
    atexit.register(gc.freeze)  # else Python looks through all objects for cycles as it ends: 0.5 s after a run
    codecs.register_error("without_marks", without_marks)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # not a terminal's stream: a test's
            stream.reconfigure(errors="without_marks")  # type: ignore[union-attr]
    use(_asked_for(sys.argv) or language_of_the_terminal())  # the help is written before any option is read
    try:
        command = typer.main.get_command(app)
        for name, text in _OF_THE_LIBRARY.items():
            setattr(rich_utils, name, tr(text))
        rich_utils.rich_format_error = _in_words(rich_utils.rich_format_error)  # type: ignore[assignment]
        _translate(command)
        command()
    except SettingsError as problem:  # what a source reads of the registries when it is first asked for
        err.print(str(problem), style="red", markup=False, highlight=False)
        raise SystemExit(WRONG_USE) from None
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # the command has ended: while Python ends, its exit code stands
            signal.signal(number, signal.SIG_IGN)


_OF_THE_LIBRARY = {
    "ARGUMENTS_PANEL_TITLE": later("Arguments"),
    "OPTIONS_PANEL_TITLE": later("Options"),
    "COMMANDS_PANEL_TITLE": later("Commands"),
    "ERRORS_PANEL_TITLE": later("Error"),
    "RICH_HELP": later("Try [blue]'{command_path} {help_option}'[/] for help."),
    "ABORTED_TEXT": later("Aborted."),
}
"""Texts of the library of the command line, by their names there."""
_ERRORS = (
    later("Missing argument '{name}'."),
    later("Missing option '{name}'."),
    later("No such command '{name}'."),
    later("No such option: {name}"),
    later("Invalid value for '{name}': {reason}"),
    later("Input should be greater than or equal to {limit}"),
    later("Input should be less than or equal to {limit}"),
    later("Option '{name}' requires an argument."),
    later("Got unexpected extra argument(s) ({arguments})"),
)
"""Errors of wrong use of the library; its other errors stay in English."""
_HELP = later("Show this message and exit.")


def _in_words(show: Callable[[Any], None]) -> Callable[[Any], None]:
    """Shows an error of wrong use in the current language."""

    def shown(error: Any) -> None:
        text = recorded(error.format_message())
        error.format_message = lambda: text
        show(error)

    return shown


def _asked_for(arguments: Sequence[str]) -> Any:
    """The language after `--lang`, where it is one."""
    given = " ".join(arguments).replace("--lang=", "--lang ").partition("--lang ")[2].split()[:1]
    return next((language for language in LANGUAGES if [language] == given), None)


def _translate(command: Any) -> None:
    """The help of a command (of Click's kind), of its options and of the commands below it, in the current language."""
    import typer

    if (option := command.get_help_option(typer.Context(command))) is not None:  # it is made once
        option.help = tr(_HELP)
    for item in (command, *command.params):
        if text := getattr(item, "help", None):
            item.help = tr(inspect.cleandoc(text))
        if panel := getattr(item, "rich_help_panel", None):
            item.rich_help_panel = tr(panel)
    for below in getattr(command, "commands", {}).values():
        _translate(below)
