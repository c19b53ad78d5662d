"""Work in another process of this machine, beside the run: it imports what is slow to import, and then computes.

dbt takes three seconds to import, Great Expectations four, and the pages four to draw, while one interpreter does one
thing at a time. Until such a process is started the same functions run here, in order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from pipelines import language

P = ParamSpec("P")
T = TypeVar("T")

Begin = Callable[..., Callable[[], Any]]
"""Begins a computation and returns what waits for its result, as `Beside.begin` and `here` do."""
Report = Callable[[Any], object]

_MOMENT = 0.05
"""Seconds between two looks at whether a computation is done."""


def here(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
    """A computation that is done in this process, once its result is asked for."""
    return partial(function, *arguments, **named)


@dataclass
class Beside:
    """One other process, from `start` to the end of this object. What goes there and comes back is pickled.

    An error of a computation comes back as itself, without the text of the other process's traceback: that may quote
    rows.

    Args:
        modules: names of those that it imports first. Without any it is never started.
    """

    modules: Sequence[str] = ()
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)
    _reports: Connection | None = field(default=None, init=False)
    _process: Future[int] | None = field(default=None, init=False)

    def start(self) -> bool:
        """Start the process now, so that it is ready when it is needed. False where it was, or none is wanted."""
        if self.modules and self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._reports, theirs = context.Pipe(duplex=False)
            about = (language.current(), self.modules, theirs)
            self._pool = ProcessPoolExecutor(1, context, _prepare, about)
            self._process = self._pool.submit(os.getpid)  # it is started with the first task
            theirs.close()
            return True
        return False

    def begin(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
        """Begin a computation there. Where that process has died, the result is computed here."""
        if self._pool is None:
            return here(function, *arguments, **named)
        try:
            future = self._pool.submit(function, *arguments, **named)
        except BrokenProcessPool:
            return here(function, *arguments, **named)

        def result() -> T:
            try:
                return future.result()
            except BrokenProcessPool:
                return function(*arguments, **named)
            except Exception as error:
                raise error from None

        return result

    def run(self, function: Callable[..., T], report: Report, *arguments: Any) -> T:
        """Compute `function(report, ...)` there and wait. What it reports arrives here while it computes.

        Raises:
            BrokenProcessPool: that process died meanwhile.
        """
        if self._pool is None or self._reports is None:
            return function(report, *arguments)
        try:
            future = self._pool.submit(_reporting, function, arguments)
            with suppress(EOFError):
                while not future.done() or self._reports.poll():
                    if self._reports.poll(_MOMENT):
                        report(self._reports.recv())
            return future.result()
        except BrokenProcessPool:
            raise
        except Exception as error:
            raise error from None
        except BaseException:  # the run is stopped: so is what it waits for
            self._kill()
            raise

    def _kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process.result(), signal.SIGKILL)


_sender: list[Connection] = []
"""In the other process: where its reports go."""


def _prepare(spoken: language.Language, modules: Sequence[str], reports: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the run decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _sender.append(reports)
    language.use(spoken)
    for name in modules:
        import_module(name)


def _reporting(function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    return function(_sender[0].send, *arguments)


def _end_with_parent() -> None:
    """However the run ends, nobody is left who holds its files open."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
