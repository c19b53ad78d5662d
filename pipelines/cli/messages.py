"""Brings the Vietnamese catalogue up to date with the messages of the code; a failing test names the command:

    python -m pipelines.cli.messages

A new message gets an empty translation, which is to be written into `hatinh.po`; then the command is run again, since
readers take the compiled `hatinh.mo` beside it. Messages are the arguments of `tr`, `ntr`, `later` and `record`, the
texts of the help, licences of sources and registries, cadences, publishers, and descriptions of settings.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import typer.main
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import extract_from_ast

from pipelines.cli.common import app
from pipelines.language import CATALOGUES, DOMAIN
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources import all_sources
from samples.dirt import DEFECTS

PO = CATALOGUES / "vi" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
COMMAND = "python -m pipelines.cli.messages"
_MESSAGES = {"tr": 1, "later": 1, "record": 1, "ntr": 2}
"""How many arguments of each function are messages."""
_LICENCE = re.compile(r"\blicence: ([^}\n]+)")
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""In place of the day of writing, so that the same messages give the same bytes."""

Id = str | tuple[str, str]


def messages() -> set[Id]:
    """Every message that people can read."""
    code = Path(__file__).parent.parent
    found = {message for path in code.rglob("*.py") for message in _of_code(path.read_text(encoding="utf-8"))}
    for path in (*(code / "scoreboard" / "templates").glob("*.html"), code / "nation" / "page.html"):
        found |= _of_template(path.read_text(encoding="utf-8"))
    for source in all_sources().values():
        found |= {source.licence, source.cadence, source.publisher}
    found |= {defect.description for defect in DEFECTS.values()}
    found |= {field.description for field in Settings.model_fields.values() if field.description}
    for path in (PROJECT_ROOT / "dbt_project" / "seeds").glob("_*.yml"):
        found |= set(_LICENCE.findall(path.read_text(encoding="utf-8")))
    return found | set(_help(typer.main.get_command(app)))


def _of_code(text: str) -> Iterator[Id]:
    """The messages of a file. Babel's own reader looks into f-strings from Python 3.12 on only."""
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and (name := _name(call.func)) in _MESSAGES:
            given = [str(a.value) for a in call.args[: _MESSAGES[name]] if isinstance(a, ast.Constant)]
            if given:
                yield given[0] if len(given) == 1 else (given[0], given[1])


def _name(function: ast.expr) -> str:
    """`tr`, also as `language.tr`."""
    return getattr(function, "id", getattr(function, "attr", ""))


def _of_template(text: str) -> set[Id]:
    """The messages of a template of a page."""
    found = extract_from_ast(jinja2.Environment(autoescape=True).parse(text), ("tr",))
    given = (message if isinstance(message, str) else (message or ("",))[0] for _, _, message in found)  # then values
    return {message for message in given if message}


def _help(command: Any) -> Iterator[str]:
    """The texts of the help of a command (of Click's kind), and of those below it."""
    texts = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
    yield from (inspect.cleandoc(text) for text in texts if text)
    for below in getattr(command, "commands", {}).values():
        yield from _help(below)


def up_to_date(translated: Catalog) -> Catalog:
    """The messages of the code with the translations that there are; those of other messages go."""
    catalogue = Catalog("vi", domain=DOMAIN, project=DOMAIN, creation_date=_SOME_DAY, revision_date=_SOME_DAY)
    for message in sorted(messages(), key=str):
        known = translated.get(message)
        catalogue.add(message, known.string if known else None)
    return catalogue


def read() -> Catalog:
    """The catalogue as it lies in the project."""
    with PO.open("rb") as file:
        return read_po(file, "vi", charset="utf-8")


def po(catalogue: Catalog) -> bytes:
    """The catalogue as people edit it."""
    written = io.BytesIO()
    write_po(written, catalogue, width=116, omit_header=True, sort_output=True, no_location=True)
    return written.getvalue()


def mo(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    written = io.BytesIO()
    write_mo(written, catalogue)
    return written.getvalue()


def main() -> None:
    catalogue = up_to_date(read())
    PO.write_bytes(po(catalogue))
    MO.write_bytes(mo(catalogue))
    missing = [message.id for message in catalogue if message.id and not message.string]
    print(*(f"no translation: {message!r}" for message in missing), sep="\n")


if __name__ == "__main__":
    main()
