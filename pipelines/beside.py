"""A second process for work beside the run: it imports what is slow to import while models are built, then computes.

Great Expectations takes four seconds to import and the pages four to draw, and one interpreter does one thing at a
time. Without a second process the same functions run here, in order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from pipelines import language

P = ParamSpec("P")
T = TypeVar("T")

Begin = Callable[..., Callable[[], Any]]
"""Begins a computation and returns what waits for its result, as `Beside.begin` and `here` do."""


def here(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
    """A computation that is done in this process, once its result is asked for."""
    return partial(function, *arguments, **named)


@dataclass
class Beside:
    """One other process, which ends with this object. What goes there and comes back is pickled.

    `modules` are the names of those that it imports first. Without any there is no process, and all is done here.
    """

    modules: Sequence[str] = ()
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process now, so that it is ready when it is needed."""
        if self.modules and self._pool is None:
            about = (language.current(), self.modules)
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare, about)
            self._pool.submit(os.getpid)  # the process is started with the first task

    def begin(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Callable[[], T]:
        """Begin a computation there. Where that process has died, the result is computed here."""
        self.start()
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

        return result


def _prepare(spoken: language.Language, modules: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the run decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    language.use(spoken)
    for name in modules:
        import_module(name)


def _end_with_parent() -> None:
    """However the run ends, nobody is left who holds its files open."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
