"""Two schedulers: two `hatinh run` at the same moment on one installation; one does the work, the other reports it."""

from __future__ import annotations

import random
import time

from tally import Tally
from world import Bench, account, different_figures, faults_of_account, faults_of_release

BUSY = 4
MOST_SECONDS_APART = 8


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
        recorded = [run["status"] for run in world.runs()[runs_before:]]
        wrong = [] if made == 1 and recorded.count("released") == 1 else [f"{made} releases, runs {recorded}"]
        wrong += [] if set(recorded) <= {"released", "unchanged"} else [f"runs {recorded}"]
        tally.demand(case, "one release and one run that made it are recorded", wrong)
        wrong = faults_of_release(world) + different_figures(world, right.after) + faults_of_account(world)
        wrong += [] if account(world) == account(right.after) else ["files or rows differ"]
        tally.demand(case, "figures and rows equal those of one run alone", wrong)
    tally.skip("two daemons of Dagster on one instance", "this program starts no daemons")
