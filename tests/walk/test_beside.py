"""The second process: what it computes, and what happens when it dies or its parent does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

from pipelines import language
from pipelines.beside import Beside, Report
from pipelines.platform import JUDGING, JUDGING_LATE, JUDGING_WITHOUT


def doubled(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return 2 * number


def process_of(number: int) -> tuple[int, str]:
    return os.getpid(), language.current()


def about_its_imports() -> tuple[bool, bool, float, bool]:
    """Can Spark be imported; was scipy.stats executed before it was used; what it computes; was it executed then."""
    from scipy import stats

    executed = "scipy.stats._stats_py"
    before = executed in sys.modules
    return can_be_imported("pyspark"), before, float(stats.norm.cdf(0)), executed in sys.modules


def can_be_imported(name: str) -> bool:
    try:
        import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def killed_once(parent: int) -> int:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def counted(report: Report, upto: int) -> int:
    for number in range(upto):
        report(number)
    return os.getpid()


def waiting_for_ever(report: Report) -> None:
    report(os.getpid())
    time.sleep(60)


@pytest.fixture
def beside() -> Beside:
    beside = Beside(["json"])
    assert beside.start()
    assert not beside.start(), "it is started once"
    return beside


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def ends(process: int) -> bool:
    for _ in range(100):
        if not is_running(process):
            return True
        time.sleep(0.1)
    return False


def test_it_computes_in_another_process_in_the_language_of_this_one() -> None:
    with language.speaking("en"):
        beside = Beside(["json"])
        beside.start()
        begun = [beside.begin(process_of, 1), beside.begin(doubled, 21)]
        (process, spoken), number = begun[0](), begun[1]()
    assert number == 42
    assert process != os.getpid()
    assert spoken == "en"
    with pytest.raises(ValueError, match="-1"):
        beside.begin(doubled, -1)()


def test_what_no_suite_uses_is_imported_late_or_not_at_all() -> None:
    beside = Beside(JUDGING, JUDGING_LATE, JUDGING_WITHOUT)
    beside.start()
    has_spark, was_executed, half_of_all, is_executed = beside.begin(about_its_imports)()
    assert (has_spark, was_executed) == (False, False), "Great Expectations was imported, and neither of these"
    assert (half_of_all, is_executed) == (0.5, True), "it is there for a suite that needs it"


def test_until_it_is_started_all_is_done_here_when_it_is_asked_for() -> None:
    for beside in (Beside(), Beside(["json"])):
        assert beside.begin(process_of, 1)()[0] == os.getpid()
        assert beside.run(counted, print, 0) == os.getpid()
    assert not Beside().start(), "without modules there is no process"


def test_what_it_reports_comes_before_its_result(beside: Beside) -> None:
    seen: list[int] = []
    assert beside.run(counted, seen.append, 1000) != os.getpid()
    assert seen == list(range(1000))
    assert beside.run(counted, seen.append, 2) != os.getpid()
    assert seen[1000:] == [0, 1]


def test_a_run_that_is_stopped_does_not_wait_for_it(beside: Beside) -> None:
    process: list[int] = []

    def stop(number: int) -> None:
        process.append(number)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        beside.run(waiting_for_ever, stop)
    assert ends(process[0])


def test_what_a_process_that_died_should_have_computed_is_computed_here(beside: Beside) -> None:
    assert beside.begin(killed_once, os.getpid())() == 7
    assert beside.begin(doubled, 4)() == 8, "and so is what comes later"


def test_nothing_is_left_when_the_run_is_killed() -> None:
    text = (
        "import os\nfrom pipelines.beside import Beside\nbeside = Beside(['json'])\n"
        "beside.start()\nprint(beside.begin(os.getpid)(), flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True, check=False)
    assert run.returncode == -signal.SIGKILL
    assert ends(int(run.stdout))
