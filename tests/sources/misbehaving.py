"""Readers that do what damaged and hostile files make libraries do; the child process imports them by name."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.sources.framing import Frames


class Panic(BaseException):
    """As PyO3's PanicException: no Exception."""


def echo(stream: BinaryIO, times: int) -> Iterator[bytes]:
    content = stream.read()
    for _ in range(times):
        yield content


def crash(stream: BinaryIO) -> Iterator[bytes]:
    yield stream.read()
    os.abort()


def killed(stream: BinaryIO) -> Iterator[bytes]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield b""


def hang(stream: BinaryIO) -> Iterator[bytes]:
    while True:
        pass
    yield b""


def eat(stream: BinaryIO) -> Iterator[bytes]:
    held = []
    while True:
        held.append(bytearray(64 << 20))
    yield b""


def panic(stream: BinaryIO) -> Iterator[bytes]:
    raise Panic(f"secret value {stream.read()!r}")
    yield b""


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """Rows of `PK\\x03\\x04` files, one line each; what the file asks for is done."""
    import pyarrow as pa

    lines = stream.read().decode().split("\n")[1:]
    yield Frames(pa.array(range(1, len(lines) + 1), pa.int64()), pa.array(lines, pa.string()), [(99, "odd")], 7)
    if "abort" in lines[0]:
        os.abort()


def raising(error: BaseException) -> Any:
    """A framing that yields one record and then raises."""

    def framing(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
        import pyarrow as pa

        text = stream.read().decode()
        yield Frames(pa.array([1], pa.int64()), pa.array([text], pa.string()), [])
        if "bad" in text:
            raise error

    return framing
