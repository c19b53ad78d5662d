"""Work in another process of this machine, beside the run: it imports what is slow to import, and then computes.

dbt takes three seconds to import, Great Expectations four, and the pages four to draw, while one interpreter does one
thing at a time. Until such a process is started the same functions run here, in order.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pipelines import language

P = ParamSpec("P")
T = TypeVar("T")

Begin = Callable[..., Callable[[], Any]]
"""Begins a computation and returns what waits for its result, as `Beside.begin` and `here` do."""
Report = Callable[[Any], object]

MUCH_DATA = 1 << 30
"""Bytes of a warehouse, of some five million dossiers."""
_QUIET = "ignore:resource_tracker:UserWarning"
"""Locks of dbt end with its process. Python frees them then, and would tell people so."""


class ProcessLost(RuntimeError):
    """The other process has died, before it had the result."""


def rarer_collections() -> None:
    """Look for cycles of objects more rarely: after every 700 objects it took some 7 % of the processor time."""
    gc.set_threshold(50_000, 20, 100)


def threads_of_each(threads: int, warehouse: Path) -> int:
    """Threads of DuckDB for each of two processes that compute side by side: half of them. Two in each of two took a
    seventh more processor time on two cores than one. Over much data all, since one of them is left with the work."""
    return threads if warehouse.stat().st_size > MUCH_DATA else max(1, threads // 2)


def here(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
    """A computation that is done in this process, once its result is asked for."""
    return partial(function, *arguments, **named)


@dataclass
class Beside:
    """One other process, from `start` to the end of this one. What goes there and comes back is pickled; it computes
    one thing after the other.

    An error of a computation comes back as itself, without the traceback of the other process.

    Args:
        modules: names of those that it imports first. Without any it is never started.
        late: names of those that they import and hardly ever use: they are executed when something of them is used.
        without: names of optional libraries that they would import: there it is as if these were not installed.
    """

    modules: Sequence[str] = ()
    late: Sequence[str] = ()
    without: Sequence[str] = ()
    _process: BaseProcess | None = field(default=None, init=False)
    _pipe: Connection | None = field(default=None, init=False)
    _begun: int = field(default=0, init=False)
    _done: list[tuple[bool, Any]] = field(default_factory=list, init=False)

    def start(self) -> bool:
        """Start the process now, so that it is ready when it is needed. False where it was, or none is wanted."""
        if not self.modules or self._process is not None:
            return False
        if _QUIET not in sys.warnoptions:
            sys.warnoptions.append(_QUIET)  # for the processes that Python starts now
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        about = (theirs, language.current(), self.modules, self.late, self.without)
        self._process = context.Process(target=_serve, args=about, daemon=True)
        self._process.start()
        theirs.close()
        return True

    @property
    def is_started(self) -> bool:
        return self._process is not None

    def begin(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
        """Begin a computation there. Where that process has died, the result is computed here."""
        if self._process is None:
            return here(function, *arguments, **named)
        number = self._ask(function, arguments, named)

        def result() -> T:
            try:
                return self._result(number)  # type: ignore[no-any-return]
            except ProcessLost:
                return function(*arguments, **named)

        return result

    def run(self, function: Callable[..., T], report: Report, *arguments: Any) -> T:
        """Compute `function(report, ...)` there and wait. What it reports arrives here while it computes.

        Raises:
            ProcessLost: that process died meanwhile.
        """
        if self._process is None:
            return function(report, *arguments)
        try:
            return self._result(self._ask(function, None, arguments), report)  # type: ignore[no-any-return]
        except Exception:
            raise
        except BaseException:  # the run is stopped: so is what it waits for
            self._process.kill()
            self._process.join()
            raise

    def _ask(self, *request: Any) -> int:
        self._begun += 1
        if self._pipe:
            try:
                self._pipe.send(request)
            except OSError:
                self._pipe = None
        return self._begun

    def _result(self, number: int, report: Report = lambda _: None) -> Any:
        while len(self._done) < number:
            if self._pipe is None:
                raise ProcessLost
            try:
                kind, value = self._pipe.recv()
            except (EOFError, OSError):
                self._pipe = None
                continue
            if kind == "report":
                report(value)
            else:
                self._done.append((kind == "done", value))
        is_good, value = self._done[number - 1]
        if is_good:
            return value
        raise value


# ---------------------------------------------------------------------------------------------------- the other process
def _serve(
    pipe: Connection,
    spoken: language.Language,
    modules: Sequence[str],
    late: Sequence[str],
    without: Sequence[str],
) -> None:
    rarer_collections()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the run decides
    language.use(spoken)
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, requests), daemon=True).start()
    sys.modules |= dict.fromkeys(without)  # type: ignore[arg-type] # Python's own way to forbid an import
    for name in late:
        import_late(name)
    for name in modules:
        import_module(name)
    gc.freeze()  # what was imported stays, and need not be looked through for cycles
    while True:
        function, arguments, named = requests.get()
        try:
            if arguments is None:
                value = function(lambda item: pipe.send(("report", item)), *named)
            else:
                value = function(*arguments, **named)
            answer = ("done", value)
        except Exception as error:
            answer = ("failed", error)
        _send(pipe, answer)


def import_late(name: str) -> None:
    """Import a module of a package without executing it, until something of it is used: Python's own recipe."""
    spec = find_spec(name)
    if spec is None or spec.loader is None or name in sys.modules:
        return
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    package, _, own = name.rpartition(".")
    setattr(sys.modules[package], own, module)  # else `from package import module` looks into it, which executes it


def _send(pipe: Connection, answer: tuple[str, Any]) -> None:
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception as error:  # an answer that cannot be pickled
        pipe.send(("failed", RuntimeError(type(error).__name__)))


def _receive(pipe: Connection, requests: queue.SimpleQueue[Any]) -> None:
    """What is asked for, in order. However the run ends, nobody is left who holds its files open."""
    try:
        while True:
            requests.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)
