"""The progress of a run in the terminal: the step in progress, how far it is and since when, and a line per event.

On a terminal the last line is live; elsewhere only finished lines are written, so that a log stays readable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.markup import escape

from pipelines.language import later, tr
from pipelines.platform import Progress, Step

TITLES: dict[Step, str] = {
    "land": later("receive files"),
    "load": later("load data"),
    "build": later("build tables"),
    "judge": later("check"),
    "release": later("publish"),
    "publish": later("copy to the place of publication"),
}


class RunProgress:
    """A listener of the walk that writes to a console. Use it as a context, so that the live line ends with the run."""

    def __init__(
        self, console: Console, *, is_quiet: bool = False, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._timer = timer
        self._begun = timer()
        self._step: Step | None = None
        self._step_begun = self._begun
        self._live = console.status(tr("starting") + " …")

    def __enter__(self) -> RunProgress:
        if not self._is_quiet:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()
        self._end_step()

    def __call__(self, progress: Progress) -> None:
        if self._is_quiet:
            return
        if progress.step != self._step:
            self._end_step()
            self._step, self._step_begun = progress.step, self._timer()
        if progress.message:
            self._write(progress.message)
        count = ""
        if progress.done is not None:
            count = f" {progress.done}" + (f"/{progress.total}" if progress.total is not None else "")
        self._live.update(f"[bold]{tr(TITLES[progress.step])}[/bold]{count} …")

    def _end_step(self) -> None:
        """A step ends when the next begins: the load is called once for each source."""
        if self._step is not None:
            self._write(f"{tr(TITLES[self._step])}: {self._timer() - self._step_begun:.1f} s", style="bold")
            self._step = None

    def _write(self, line: str, style: str = "") -> None:
        elapsed = f"[dim]{self._timer() - self._begun:6.1f} s[/dim]"
        text = f"[{style}]{escape(line)}[/{style}]" if style else escape(line)
        self._console.print(f"{elapsed}  {text}", highlight=False)
