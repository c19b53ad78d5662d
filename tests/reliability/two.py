"""Two schedulers on one installation, of which one does the work: two `hatinh run`, and two daemons of Dagster."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from tally import Tally
from world import Bench, World, account, different_figures, faults_of_account, faults_of_release

BUSY = 4
MOST_SECONDS_APART = 8
LONGEST_WAIT = 1200
TWO_TICKS = 75
"""Seconds in which the sensor of the drop folder looks twice."""


def two(bench: Bench, tally: Tally, count: int, seed: int) -> None:
    """`count` pairs of runs; half start together, half some seconds apart."""
    chance = random.Random(seed)
    right = bench.undisturbed("a day added")
    for number in range(count):
        world = right.before.copy(bench.work / "two")
        runs_before, releases_before = len(world.runs()), len(list((world.marts / "releases").iterdir()))
        first = world.start("run", log="first")
        if number % 2:
            time.sleep(chance.uniform(0, MOST_SECONDS_APART))
        second = world.start("run", log="second")
        both = [world.ended(first, "first"), world.ended(second, "second")]
        codes = sorted(ended.code for ended in both)
        case = "some seconds apart" if number % 2 else "at the same moment"
        fits = codes == sorted([right.code, BUSY]) or codes == [right.code, right.code]
        tally.demand(
            case,
            "one run succeeds; the other ends with exit code 4, or with success after the first",
            [] if fits else [f"exit codes {codes}", *(ended.text[-300:] for ended in both)],
        )
        busy = [ended for ended in both if ended.code == BUSY]
        wrong = [ended.text[-300:] for ended in busy if "is held by process" not in ended.text]
        tally.demand(case, "who ends with exit code 4 names the process that holds the warehouse", wrong)
        made = len(list((world.marts / "releases").iterdir())) - releases_before
        recorded = _statuses(world)[runs_before:]
        wrong = [] if made == 1 and recorded.count("released") == 1 else [f"{made} releases, runs {recorded}"]
        wrong += [] if set(recorded) <= {"released", "unchanged"} else [f"runs {recorded}"]
        tally.demand(case, "one release and one run that made it are recorded", wrong)
        tally.demand(case, "figures and rows equal those of one run alone", _differences(world, right.after))


def daemons(bench: Bench, tally: Tally, most: int | None) -> None:
    """Two daemons find the same file in the drop folder."""
    right = bench.undisturbed("a day added")
    for case, gap in list({"started together": 0, "ten seconds apart": 10}.items())[:most]:
        world = right.before.copy(bench.work / "daemons")
        runs_before = len(world.runs())
        running = []
        for number in range(2):
            running.append(world.start("serve", "daemon", log=f"daemon {number}"))
            time.sleep(gap)
        try:
            released = _comes_true(partial(_has_released, world, runs_before))
            time.sleep(TWO_TICKS)
            _comes_true(partial(_is_idle, world))
            ended = [f"daemon {number}" for number, process in enumerate(running) if process.poll() is not None]
        finally:
            for number, process in enumerate(running):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                world.ended(process, f"daemon {number}")
        tally.demand(case, "both daemons were there until the end", ended)
        recorded = _statuses(world)[runs_before:]
        tally.demand(case, "the file that was dropped is released", [] if released else [f"runs {recorded}"])
        wrong = recorded.count("released") != 1 or not set(recorded) <= {"released", "unchanged"}
        tally.demand(case, "one run releases; others find nothing new", [f"runs {recorded}"] if wrong else [])
        tally.demand(case, "figures and rows equal those of one run alone", _differences(world, right.after))
        ended = world.hatinh("run")
        wrong = [] if ended.code == right.code else [f"exit code {ended.code}: {ended.text[-500:]}"]
        tally.demand(case, "the next run by hand succeeds", wrong)


def _statuses(world: World) -> list[str]:
    return [run["status"] for run in world.runs()]


def _has_released(world: World, runs_before: int) -> bool:
    return "released" in _statuses(world)[runs_before:]


def _is_idle(world: World) -> bool:
    return "running" not in _statuses(world)


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds, not for ever."""
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(2)
    return False


def _differences(world: World, right: World) -> list[str]:
    wrong = faults_of_release(world) + different_figures(world, right) + faults_of_account(world)
    return wrong if account(world) == account(right) else [*wrong, "files or rows differ"]
