"""Every text that people read is in Vietnamese and in English, and a command speaks one of them."""

from __future__ import annotations

import ast
import builtins
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app, messages
from pipelines.cli.common import language_of_the_terminal
from pipelines.language import of_the_machine, record, recorded, speaking, tr, use, without_marks
from pipelines.quality import causes
from pipelines.reasons import REASONS, refusal_in_words
from pipelines.scoreboard import answers, words
from pipelines.scoreboard.words import Text
from pipelines.settings import PROJECT_ROOT

GLUED = re.compile(r"[\"'][^\"'\n]*[à-ãè-êìíò-õùúýăđĩũơưạ-ỹ][^\"'\n]* / [a-z][^\"'\n]*[\"']", re.IGNORECASE)
"""Vietnamese, a stroke, and the same in English, in one text."""
BOTH_ON_PURPOSE = ("qd766/explain_method.py", "dictionary.py", "orchestration/", "sources/")
"""Documents in both languages, Dagster's page, and headings as publishers print them."""


def test_the_catalogue_is_up_to_date_and_complete() -> None:
    known = messages.read()
    now = messages.up_to_date(known)
    assert messages.po(known) == messages.po(now), f"not up to date; write it: {messages.COMMAND}"
    assert messages.MO.read_bytes() == messages.mo(now), f"not compiled; write it: {messages.COMMAND}"
    assert [message.id for message in now if message.id and not message.string] == [], "without a translation"


def test_a_translation_has_the_values_of_its_message() -> None:
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for message in messages.read():
        for text in filter(None, (message.string,) if isinstance(message.string, str) else message.string):
            ids = (message.id,) if isinstance(message.id, str) else message.id
            if "{" in text and '{"' not in text:
                assert values(text) == values(ids[-1]), ids


@pytest.mark.parametrize("module", [words, answers, causes])
def test_every_pair_has_both_languages(module: Any) -> None:
    pairs = [value for value in vars(module).values() if isinstance(value, dict)]
    texts = [text for pair in pairs for text in pair.values() if is_dataclass(text)]
    assert texts
    assert [text for text in texts if not all(getattr(text, field.name).strip() for field in fields(text))] == []


def test_every_reason_has_both_languages() -> None:
    assert [r.code for r in REASONS.values() if not (r.vi and r.en and r.fix_vi and r.fix_en)] == []


def test_no_text_of_the_code_holds_both_languages() -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{number}"
        for path in sorted((PROJECT_ROOT / "pipelines").rglob("*.py"))
        if not any(part in path.as_posix() for part in BOTH_ON_PURPOSE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if GLUED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(("language", "said"), [("vi", "Chưa có bản công bố nào"), ("en", "No release yet")])
def test_a_command_speaks_the_language_that_is_asked_for(language: str, said: str, tmp_path: Any) -> None:
    other = {"vi": "en", "en": "vi"}[language]
    there = {"HATINH_DATA_DIR": str(tmp_path)}
    by_option = CliRunner().invoke(app, ["--lang", language, "reports"], env={**there, "HATINH_LANGUAGE": other})
    by_setting = CliRunner().invoke(app, ["reports"], env={**there, "HATINH_LANGUAGE": language})
    assert said in by_option.output
    assert said in by_setting.output


def test_without_a_setting_the_locale_of_the_machine_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_the_machine({"LANG": "en_US.UTF-8"}) == "en"
    assert of_the_machine({"LC_ALL": "vi_VN.UTF-8", "LANG": "en_US.UTF-8"}) == "vi"
    assert of_the_machine({"LANG": "C.UTF-8"}) == "vi"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.delenv("HATINH_LANGUAGE")
    assert language_of_the_terminal() == "en"
    monkeypatch.setenv("HATINH_LANGUAGE", "vi")
    assert language_of_the_terminal() == "vi"


def test_a_pair_is_written_in_the_current_language() -> None:
    pair = Text("đã đạt", "met")
    assert (f"{pair}", tr("Held back")) == ("met", "Held back")
    with speaking("vi"):
        assert (f"{pair}", tr("Held back")) == ("đã đạt", "Bị giữ lại")


def test_a_terminal_without_vietnamese_letters_gets_them_without_marks(tmp_path: Any) -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "Đã đạt – ≥ 80 %".encode("ascii")
    assert without_marks(caught.value) == ("Da", 2)
    command = [sys.executable, "-m", "pipelines.cli", "--lang", "vi", "reports"]
    environment = {"HATINH_DATA_DIR": str(tmp_path), "PYTHONIOENCODING": "ascii", "PATH": ""}
    shown = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=PROJECT_ROOT)
    assert shown.returncode == 2
    assert b"Chua co ban cong bo nao: hatinh run" in shown.stderr


SINKS = {
    *("stop", "print", "echo", "confirm", "add_row", "add_column", "Table", "unbroken", "status", "report"),
    *("Left", "Fault", "Problem", "failed", "no_json", "_misread", "_RetryError", "ReaderFailed"),
}
"""Calls whose arguments people read: consoles, tables, and results that a command shows."""
MARKS = {"tr", "ntr", "later", "record", "recorded"}
FOR_DEVELOPERS = {
    "SuiteError": "what edits expectations in English",
    "ConstructorError": "what edits expectations in English",
    "MartIncomplete": "the yml of a model",
    "DbtFailed": "dbt's own message",
    "NotTranslated": "SQL of a model that the engine's translator lacks",
    "TypesDiffer": "the contract of a model",
    "NoTable": "a name that code asks for",
    "RepeatedKeyError": "never shown: the caller rejects the record",
    "pipelines/release/describe.py": "the contract of a model",
    "pipelines/release/write.py": "the contract of a model",
    "pipelines/release/disclosure_cells.py": "a fault of the program",
    "pipelines/scoreboard/model.py": "SQL of a table for BI tools",
    "pipelines/engine/models.py": "the contract of a model",
    "pipelines/engine/increments.py": "SQL of an incremental model",
    "pipelines/cli/messages.py": "a tool for developers",
    "pipelines/dictionary.py": "a tool for developers",
    "pipelines/sources/": "columns of tables, not texts; errors of connectors are checked by `failed`",
}
SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,}", re.IGNORECASE)
NO_SENTENCE = re.compile(r"hatinh |^select |bold |settings\.env")


def _plain_texts(node: ast.AST) -> Iterator[ast.Constant]:
    """Texts of an argument that no message function takes."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MARKS:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    for below in () if isinstance(node, ast.Subscript) else ast.iter_child_nodes(node):
        yield from _plain_texts(below)


def _shown(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Errors of our own classes that are raised, and calls that show something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = getattr(node.exc.func, "id", getattr(node.exc.func, "attr", ""))
            if not hasattr(builtins, name) and not name.endswith("DecodeError"):
                yield name, node.exc
        elif isinstance(node, ast.Call) and (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in SINKS:
            yield name, node


def untranslated(path: str, text: str) -> list[str]:
    """Where a file shows a sentence that is in one language only."""
    return [
        f"{path}:{part.lineno}: {name}: {part.value.strip()[:60]}"
        for name, call in _shown(ast.parse(text))
        if name not in FOR_DEVELOPERS and not (name == "Table" and "sources/" in path)
        for argument in [*call.args, *(k.value for k in call.keywords if k.arg not in ("style", "whole"))]
        for part in _plain_texts(argument)
        if isinstance(part.value, str) and SENTENCE.search(part.value) and not NO_SENTENCE.search(part.value)
    ]


def test_what_people_are_shown_is_in_both_languages() -> None:
    found = [
        line
        for path in sorted((PROJECT_ROOT / "pipelines").rglob("*.py"))
        if (name := path.relative_to(PROJECT_ROOT).as_posix()) not in FOR_DEVELOPERS
        for line in untranslated(name, path.read_text(encoding="utf-8"))
    ]
    assert found == [], "write them as tr(...), or record(...) where they are kept: CONTRIBUTING, Add a text"


def test_a_sentence_in_one_language_is_found() -> None:
    assert untranslated("x.py", 'raise LandingError(f"{name} holds other bytes")') == [
        "x.py:1: LandingError: holds other bytes"
    ]
    assert untranslated("x.py", 'raise LandingError(tr("{name} holds other bytes", name=name))') == []
    assert untranslated("x.py", 'out.print("dirt: " + "of many kinds")') == ["x.py:1: print: of many kinds"]


def test_what_was_recorded_in_english_is_shown_in_the_language_of_the_reader() -> None:
    kept = record("the file cannot be read: {error}", error=record("it took longer than {seconds} s", seconds=30))
    assert (kept, recorded(kept)) == ("the file cannot be read: it took longer than 30 s",) * 2
    with speaking("vi"):
        assert recorded(kept) == "không đọc được tệp: mất hơn 30 giây"
        assert recorded("no record of dossiers in it (3 rows, first reason x)").startswith(
            "không có bản ghi nào của dossiers"
        )
        zip_bomb = REASONS["workbook_too_large"]
        assert refusal_in_words(zip_bomb.fix_en) == zip_bomb.fix_vi


def test_a_thread_speaks_the_language_of_its_process() -> None:
    use("vi")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(tr, "Held back").result() == "Bị giữ lại"
    use("en")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(tr, "Held back").result() == "Held back"
