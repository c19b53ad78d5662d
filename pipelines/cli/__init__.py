"""The command people type: `hatinh`. It reports what happens and how to fix what is wrong, and nothing personal.

Exit codes: 0 well; 1 the run failed, readers keep what they had; 2 wrong use or setting; 3 the run is done, but
something waits for somebody; 4 the warehouse is held by another process.
"""

from __future__ import annotations

import codecs
import inspect
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import typer.main
from typer import rich_utils

from pipelines.cli.common import WRONG_USE, app, err, language_of_the_terminal
from pipelines.language import LANGUAGES, later, tr, use, without_marks
from pipelines.settings import SettingsError

for group in ("running", "releases", "nation", "files", "reporting", "figures", "extending"):  # the order of the help
    import_module(f"pipelines.cli.{group}")


def main() -> None:
    codecs.register_error("without_marks", without_marks)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # not a terminal's stream: a test's
            stream.reconfigure(errors="without_marks")  # type: ignore[union-attr]
    use(_asked_for(sys.argv) or language_of_the_terminal())  # the help is written before any option is read
    try:
        command = typer.main.get_command(app)
        for name in ("ARGUMENTS", "OPTIONS", "COMMANDS", "ERRORS"):
            setattr(rich_utils, f"{name}_PANEL_TITLE", tr(_PANELS[name]))
        _translate(command)
        command()
    except SettingsError as problem:  # what a source reads of the registries when it is first asked for
        err.print(str(problem), style="red", markup=False, highlight=False)
        raise SystemExit(WRONG_USE) from None


_PANELS = {
    "ARGUMENTS": later("Arguments"),
    "OPTIONS": later("Options"),
    "COMMANDS": later("Commands"),
    "ERRORS": later("Error"),
}


def _asked_for(arguments: Sequence[str]) -> Any:
    """The language after `--lang`, where it is one."""
    given = " ".join(arguments).replace("--lang=", "--lang ").partition("--lang ")[2].split()[:1]
    return next((language for language in LANGUAGES if [language] == given), None)


def _translate(command: Any) -> None:
    """The help of a command (of Click's kind), of its options and of the commands below it, in the current language."""
    for item in (command, *command.params):
        if text := getattr(item, "help", None):
            item.help = tr(inspect.cleandoc(text))
        if panel := getattr(item, "rich_help_panel", None):
            item.rich_help_panel = tr(panel)
    for below in getattr(command, "commands", {}).values():
        _translate(below)
