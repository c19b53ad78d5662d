"""Publishes in processes that kill themselves, one per step: `python killed_publishers.py <folder> first|next`.

Leaves `<folder>/first/<step>` (killed in the first release ever) or `<folder>/next/<step>` (killed in the second).
Each process is forked before any database is open, so the libraries are imported once.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas  # noqa: F401  (DuckDB and pyarrow look for it: imported once here, not in each fork)
import release_world as world

import pipelines.release.write  # noqa: F401  (for the same reason)
from pipelines.release.publish import STEPS


def kill_at(step: str) -> Callable[[str], None]:
    def checkpoint(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def publish_and_die(root: Path, step: str, after_a_good_one: bool) -> None:
    if after_a_good_one:
        shutil.copytree(root.parent / "good", root, symlinks=True)
        world.release(root, world.warehouse(world.ROWS[:1]), day=1, checkpoint=kill_at(step), pages=[world.NOTE])
    else:
        world.release(root, checkpoint=kill_at(step), pages=[world.NOTE])


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a process of its own; returns the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main(folder: Path, which: str) -> None:
    if which == "next":
        in_child(lambda: world.release(folder / "next" / "good", pages=[world.NOTE]))
    for step in STEPS:
        root, after = folder / which / step, which == "next"
        if in_child(partial(publish_and_die, root, step, after)) != signal.SIGKILL:
            sys.exit(f"{which}, {step}: the process was not killed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
