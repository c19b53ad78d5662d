"""The second process: what it computes, and what happens when it dies or its parent does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines import language
from pipelines.beside import Beside


def doubled(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return 2 * number


def process_of(number: int) -> tuple[int, str]:
    return os.getpid(), language.current()


def killed_once(parent: int) -> int:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def test_it_computes_in_another_process_in_the_language_of_this_one() -> None:
    with language.speaking("en"):
        beside = Beside(["json"])
        begun = [beside.begin(process_of, 1), beside.begin(doubled, 21)]
        (process, spoken), number = begun[0](), begun[1]()
    assert number == 42
    assert process != os.getpid()
    assert spoken == "en"
    with pytest.raises(ValueError, match="-1"):
        beside.begin(doubled, -1)()


def test_without_modules_all_is_done_here_when_it_is_asked_for() -> None:
    waiting = Beside().begin(process_of, 1)
    assert waiting()[0] == os.getpid()


def test_what_a_process_that_died_should_have_computed_is_computed_here() -> None:
    beside = Beside(["json"])
    assert beside.begin(killed_once, os.getpid())() == 7
    assert beside.begin(doubled, 4)() == 8, "and so is what comes later"


def test_nothing_is_left_when_the_run_is_killed() -> None:
    text = (
        "import os\nfrom pipelines.beside import Beside\nbeside = Beside(['json'])\n"
        "print(beside.begin(os.getpid)(), flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    assert run.returncode == -signal.SIGKILL
    child = int(run.stdout)
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the second process outlives its parent")
