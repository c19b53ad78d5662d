"""One program as one process, measured from outside: seconds on the wall, and the most memory it held.

Memory is read from /proc, so this needs Linux.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

INTERVAL_SECONDS = 0.05


class ProgramError(RuntimeError):
    """A measured program ended with an error. The message has the last lines it wrote."""


@dataclass(frozen=True)
class Measured:
    """One run of a program. `peak_mib` sums the peaks of resident memory over its process and those it started."""

    seconds: float
    peak_mib: float
    started: datetime
    beside_mib: float = 0.0
    """The same of programs that worked beside it, since these were started."""


def measure(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path, beside: Sequence[int] = ()
) -> Measured:
    """Run `command` to its end; what it writes goes to `log`.

    Args:
        beside: processes of programs that it uses, whose memory is measured apart.

    Raises:
        ProgramError: its exit code is not 0.
    """
    peak, peak_beside, started, clock = 0, 0, datetime.now(UTC), time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        while True:
            # the system keeps each process's own peak: looking now and then misses none but that of the last moment
            peak = max(peak, sum(_peak_kib(pid) for pid in tree(process.pid)))
            peak_beside = max(peak_beside, sum(_peak_kib(pid) for other in beside for pid in tree(other)))
            try:
                code = process.wait(INTERVAL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
    seconds = time.perf_counter() - clock
    if code:
        last_lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-15:]
        raise ProgramError("\n".join([f"exit code {code}: {' '.join(command)}", *last_lines]))
    return Measured(seconds, peak / 1024, started, peak_beside / 1024)


def tree(pid: int) -> Iterator[int]:
    """A process and all that it started and that still run."""
    yield pid
    try:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from tree(int(child))
    except OSError:  # it has ended meanwhile
        return


def _peak_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
