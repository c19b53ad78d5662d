"""One program, measured from outside: seconds on the wall and of CPU, and the most memory that its processes held.

Memory is read from /proc, so this needs Linux.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

INTERVAL_SECONDS, LINGER_SECONDS = 0.05, 60.0


class ProgramError(RuntimeError):
    """A measured program ended with an error. The message has the last lines it wrote."""


@dataclass(frozen=True)
class Measured:
    """One run of a program. `peak_mib` is the most resident memory that its process and those it started held at the
    same moment, as seen twenty times a second, and no less than the own peak of any of them; pages that they share
    count once for each. `cpu_seconds` are those of all of them.
    """

    seconds: float
    peak_mib: float
    started: datetime
    beside_mib: float = 0.0
    """The same of programs that worked beside it, since these were started."""
    cpu_seconds: float = 0.0


def measure(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path, beside: Sequence[int] = ()
) -> Measured:
    """Run `command` to its end, and to that of each process it started; what they write goes to `log`.

    Args:
        beside: processes of programs that it uses, whose memory is measured apart.

    Raises:
        ProgramError: its exit code is not 0, or there is no such program.
    """
    peak, peak_beside, started, clock = 0, 0, datetime.now(UTC), time.perf_counter()
    cpu_before = _cpu_of_ended()
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        except OSError as problem:
            raise ProgramError(f"{command[0]}: {problem.strerror}") from problem
        while True:
            pids = set(tree(process.pid))
            peak = max(peak, _held_kib(pids))
            peak_beside = max(peak_beside, _held_kib({pid for other in beside for pid in tree(other)}))
            try:
                code = process.wait(INTERVAL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
    cpu = _wait_for(pids - {process.pid}) + _cpu_of_ended() - cpu_before
    seconds = time.perf_counter() - clock
    if code:
        last_lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-15:]
        raise ProgramError("\n".join([f"exit code {code}: {' '.join(command)}", *last_lines]))
    return Measured(seconds, peak / 1024, started, peak_beside / 1024, cpu)


def _cpu_of_ended() -> float:
    """Seconds of CPU of all processes that this one, or one it started, has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for(pids: Iterable[int]) -> float:
    """Wait for processes that nobody waits for, as Spark's JVM, which ends after its program: their seconds of CPU."""
    used: dict[int, float] = {}
    limit = time.monotonic() + LINGER_SECONDS
    while running := {pid: seconds for pid in pids if (seconds := _cpu_of_running(pid)) is not None}:
        used |= running
        if time.monotonic() > limit:
            raise ProgramError(f"still running {LINGER_SECONDS} s after the program: processes {sorted(running)}")
        time.sleep(INTERVAL_SECONDS)
    return sum(used.values())


def _cpu_of_running(pid: int) -> float | None:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else (int(fields[10]) + int(fields[11])) / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> Iterator[int]:
    """A process and all that it started and that still run."""
    yield pid
    try:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from tree(int(child))
    except OSError:  # it has ended meanwhile
        return


def _held_kib(pids: Iterable[int]) -> int:
    """What processes hold together now; no less than what one of them once held, as the system keeps it."""
    held = [_resident_kib(pid) for pid in pids]
    return max(sum(now for now, _ in held), max((peak for _, peak in held), default=0))


def _resident_kib(pid: int) -> tuple[int, int]:
    """Resident memory of a process: now, and its peak."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if "Vm" in name}
    return kib.get("VmRSS", 0), kib.get("VmHWM", 0)
