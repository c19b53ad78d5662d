"""Runs that are killed at random moments: readers keep one complete release, and the next run does all of the work."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time

from tally import Tally
from world import (
    Bench,
    Undisturbed,
    World,
    account,
    cpu_seconds,
    different_figures,
    faults_of_account,
    faults_of_release,
    litter,
    tables,
    with_pause,
)

PHASES = {
    "receive files": "load",
    "load data": "build",
    "build tables": "judge",
    "check": "release",
    "publish": "end",
}
"""Line with which the terminal ends a step, and the phase that begins with it."""
IN_A_ROW = 4
"""Most kills of the same work, one after the other, before a run may end."""
TERM_EVERY = 5
"""Every fifth kill is a SIGTERM, as a service manager sends it."""
TERM_SECONDS = 120


def kills(bench: Bench, tally: Tally, count: int, seed: int, until: float) -> None:
    """`count` kills, spread evenly over the steps and over the length of their runs.

    Args:
        until: no new kill begins after this moment of `time.monotonic`.
    """
    chance = random.Random(seed)
    names = [step.name for step in bench.steps()]
    moments = [(names[number % 3], (number // 3 + chance.random()) / -(-count // 3)) for number in range(count)]
    chance.shuffle(moments)
    tally.phases.update(dict.fromkeys(("start-up", "land", "load", "build", "judge", "release", "end"), 0))
    by_step = {name: [moment for step, moment in moments if step == name] for name in names}
    number = 0
    while any(by_step.values()) and time.monotonic() < until:
        name = max(by_step, key=lambda step: len(by_step[step]))
        right = bench.undisturbed(name)
        world = right.before.copy(bench.work / "killed")
        for _ in range(chance.randint(1, IN_A_ROW)):
            if not by_step[name] or time.monotonic() > until:
                break
            number += 1
            sent = signal.SIGTERM if number % TERM_EVERY == 0 else signal.SIGKILL
            moment = by_step[name].pop()
            if not _kill(world, tally, right, moment, sent):
                by_step[name].insert(0, moment)  # the run ended before its moment: tried again later
                number -= 1
                break
            _look(world, tally, name, right)
        _recover(world, tally, name, right)


def _kill(world: World, tally: Tally, right: Undisturbed, moment: float, sent: signal.Signals) -> bool:
    """Start a run and kill it; False when it ended before."""
    process = world.start("run")
    while process.poll() is None and cpu_seconds(process.pid) < moment * right.cpu_seconds:
        with_pause(process)
    if process.poll() is not None:
        return False
    phase = _phase(world)
    os.killpg(process.pid, sent)
    try:
        process.wait(TERM_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if sent == signal.SIGTERM:
        early = phase == "start-up" and process.returncode == -signal.SIGTERM  # Python itself is still starting
        wrong = [] if early or process.returncode in (0, 1, 3) else [f"exit code {process.returncode} in {phase}"]
        tally.demand("SIGTERM", "the run ends by itself with its exit code", wrong)
    tally.phases[phase] += 1
    print(f"  {sent.name} at {moment:.2f} in {phase}", flush=True)
    return True


def _phase(world: World) -> str:
    lock = world.warehouse.with_suffix(".lock")
    written = (world.home / "run.err").read_text("utf-8", "replace")
    ended = [phase for title, phase in PHASES.items() if f"  {title}: " in written]
    if ended:
        return ended[-1]
    return "land" if lock.exists() and lock.read_text() else "start-up"


def _look(world: World, tally: Tally, name: str, right: Undisturbed) -> None:
    """What readers and operators find after a kill."""
    tally.demand(name, "current release complete and as described, or none before the first", faults_of_release(world))
    known = (tables(right.before), tables(right.after))
    tally.demand(
        name, "its tables are those before the run or those after it, never of both", tables(world) not in known
    )
    status, check = world.hatinh("status", "--json"), world.hatinh("check")
    wrong = [] if status.code == 0 and "problems" in json.loads(status.out) else [f"status: {status.text[-300:]}"]
    wrong += [] if check.code in (0, 1, 2) and check.out.startswith("HATINH ") else [f"check: {check.text[-300:]}"]
    tally.demand(name, "`hatinh status` and `hatinh check` answer", wrong)


def _recover(world: World, tally: Tally, name: str, right: Undisturbed) -> None:
    """The next run, with no step by hand."""
    ended = world.ended(world.start("run"))
    wrong = [] if ended.code == right.code else [f"exit code {ended.code}: {ended.text[-600:]}"]
    tally.demand(name, "the next run succeeds, with no step by hand", wrong)
    if wrong:
        return
    tally.demand(name, "the release after it is complete and as described", faults_of_release(world))
    tally.demand(name, "every table equals that of a world never killed", different_figures(world, right.after))
    unlike = [] if account(world) == account(right.after) else ["files or rows differ from a world never killed"]
    tally.demand(name, "no row twice; rows in = loaded + rejected for every file", faults_of_account(world) + unlike)
    more = sorted({*litter(world)} - {*litter(right.after)})
    tally.demand(name, "no staging folder or temporary file is left", more)
    running = [run["run_id"] for run in world.runs() if run["status"] == "running"]
    tally.demand(name, "no run is left as running in versions.json", running)
