"""The program of `make reliability`, with a few trials of each scenario, and its place in the page of reliability."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tally import Tally

from benchmarks.report import marks

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability.md"


def test_what_does_not_hold_is_counted_and_named() -> None:
    tally = Tally("kills")
    tally.demand("a case", "it holds")
    tally.demand("a case", "it holds", ["the reason"])
    tally.skip("another", "not allowed here")
    text = "\n".join(tally.lines("1", "the command"))
    assert "| a case | it holds | 2 | 1 |" in text
    assert "- a case: it holds" in text
    assert "the reason" not in text, "it may have paths of the machine: the terminal has it"
    assert "| another | not tried: not allowed here | 0 | – |" in text


@pytest.mark.parametrize("name", ["kills", "full", "read-only", "warehouse", "files", "two", "daemons", "clock"])
def test_the_page_has_a_place_for_each_scenario(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = marks(name)
    assert 0 < text.index(begin) < text.index(end)


@pytest.mark.slow
def test_everything_that_is_demanded_holds_in_a_few_trials(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(HERE), "--kills", "3", "--pairs", "1", "--first", "1", "--work", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]
    for name in ("kills", "full", "read-only", "warehouse", "files", "two", "daemons", "clock"):
        assert f"{name}: " in ended.stdout
