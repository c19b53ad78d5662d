"""Every text that people read is in Vietnamese and in English, and a command speaks one of them."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app, messages
from pipelines.cli.common import language_of_the_terminal
from pipelines.language import of_the_machine, speaking, tr, without_marks
from pipelines.quality import causes
from pipelines.reasons import REASONS
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
