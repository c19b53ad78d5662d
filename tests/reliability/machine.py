"""What the machine lends to trials: a small disk, a folder that may not be written, another clock. Linux only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from world import World


class NotAllowed(Exception):
    """The machine does not lend it. The message states what is missing."""


@contextmanager
def mounted(world: World, commands: Sequence[str]) -> Iterator[World]:
    """The world as processes see it that have mounts of their own; nobody else sees them.

    Raises:
        NotAllowed: no user and mount namespaces, or a mount is refused.
    """
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        raise NotAllowed("unshare and nsenter are missing")
    script = " && ".join([*commands, "echo ready", "exec sleep infinity"])
    keeper = subprocess.Popen(
        ["unshare", "-Urm", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        if keeper.stdout.readline() != "ready\n":
            raise NotAllowed(f"namespaces and mounts: {keeper.stderr.read().strip()[:200]}")
        enter = ("nsenter", "-t", str(keeper.pid), "-U", "-m", "--preserve-credentials", f"--wdns={world.code}")
        yield replace(world, prefix=(*world.prefix, *enter))
    finally:
        keeper.kill()
        keeper.wait()


def inside(world: World, path: Path) -> Path:
    """A path of a mounted world as this process reaches it."""
    pid = world.prefix[world.prefix.index("-t") + 1]
    return Path(f"/proc/{pid}/root{path}")


def read_only(path: Path) -> list[str]:
    """Commands of `mounted` that make a file or folder read-only, for root too."""
    return [f"mount --bind '{path}' '{path}'", f"mount -o remount,bind,ro '{path}'"]


def fill(folder: Path, left: int) -> None:
    """Take all room of the file system of `folder` but for `left` bytes."""
    free = shutil.disk_usage(folder).free
    with (folder / "filler").open("wb") as file:
        if free > left:
            os.posix_fallocate(file.fileno(), 0, free - left)


def with_clock(world: World, shift: str, **extra: str) -> World:
    """The world at another time: `+365d`, `-1d` or `@2026-11-01 05:59:00`.

    Raises:
        NotAllowed: faketime is not installed.
    """
    if not shutil.which("faketime"):
        raise NotAllowed("faketime is missing")
    clock = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    return replace(world, prefix=("faketime", "-f", shift), extra={**world.extra, **clock, **extra})
