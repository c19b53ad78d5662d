"""What the platform does when it is killed, has no room, may not write, finds damage, runs twice or gets a wrong clock.

    python tests/reliability                        every scenario, 50 kills (`make reliability`)
    python tests/reliability --only kills --kills 3 --seed 2
    python tests/reliability --write                the counts go into docs/reliability.md

It works as a user would, with real `hatinh` processes on made-up data in a temporary folder. Linux only; what the
machine does not allow is counted as not tried. Exit code 1: something that is demanded did not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import damage
import disk
from clocks import clocks
from kills import kills
from tally import Tally
from two import daemons, two
from world import ROOT, Bench

from benchmarks.report import write

SCENARIOS = ("kills", "full", "read-only", "warehouse", "files", "two", "daemons", "clock")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python tests/reliability", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="this scenario; may be repeated")
    parser.add_argument("--kills", type=int, default=50, help="how many runs are killed")
    parser.add_argument("--pairs", type=int, default=10, help="pairs of runs that start together")
    parser.add_argument("--first", type=int, help="only so many cases of each other scenario")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which runs are killed")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="begin no further kill after so many minutes")
    parser.add_argument("--work", type=Path, help="folder to work in, kept; else a temporary one")
    parser.add_argument("--write", action="store_true", help="write the counts into docs/reliability.md")
    given = parser.parse_args(arguments)
    until = time.monotonic() + given.minutes * 60
    scenarios: dict[str, Callable[[Bench, Tally], None]] = {
        "kills": lambda bench, tally: kills(bench, tally, given.kills, given.seed, until),
        "full": lambda bench, tally: disk.full(bench, tally, given.first),
        "read-only": lambda bench, tally: disk.denied(bench, tally, given.first),
        "warehouse": lambda bench, tally: damage.warehouse(bench, tally, given.first),
        "files": lambda bench, tally: damage.files(bench, tally, given.first),
        "two": lambda bench, tally: two(bench, tally, given.pairs, given.seed),
        "daemons": lambda bench, tally: daemons(bench, tally, given.first),
        "clock": lambda bench, tally: clocks(bench, tally, given.first),
    }
    commands = {name: f"python tests/reliability --only {name}" for name in SCENARIOS}
    commands["kills"] += f" --kills {given.kills} --seed {given.seed}"
    commands["two"] += f" --pairs {given.pairs} --seed {given.seed}"
    failed = False
    with tempfile.TemporaryDirectory(prefix="hatinh-reliability-") as temporary:
        bench = Bench((given.work or Path(temporary)).resolve())
        for name, scenario in scenarios.items():
            if given.only and name not in given.only:
                continue
            print(name, flush=True)
            tally = Tally(name)
            try:
                scenario(bench, tally)
            except Exception as error:  # the counts until then are true
                tally.failures.append(f"the trials ended early: {type(error).__name__}")
                failed = True
                traceback.print_exc()
            held, trials = tally.counts
            failed = failed or held < trials
            text = "\n".join(tally.lines(bench.version, commands[name]))
            print(f"{text}\n{name}: {held} of {trials} held", flush=True)
            if given.write:
                write(ROOT / "docs" / "reliability.md", text, name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
