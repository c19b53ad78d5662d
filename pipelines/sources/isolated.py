"""Reads files of other people in a child process with limits on memory and processor time.

Libraries that read workbooks, Parquet or HTML can crash, hang or take gigabytes on a damaged or hostile file. Here that
ends the child, and the parent raises `ReaderFailed`. The child is started at the first file that needs it and is kept
for the next ones. Requests go to it as pickles (they come from this program); what comes back is JSON and Arrow IPC,
which cannot run code in the parent.
"""

from __future__ import annotations

import atexit
import codecs
import io
import json
import os
import pickle
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.language import record
from pipelines.sources.framing import Frames

MEMORY_BYTES = 2 << 30
"""Address space of the child: a workbook of 12 million cells fits."""
CPU_SECONDS, CPU_SECONDS_PER_MB = 20, 5
"""Processor time for a file. A workbook of 5 MB with 3 million cells takes about 15 s."""
WAIT_FACTOR = 10
"""Times the processor time that the parent waits at most, since the machine may be busy."""

_PACKAGE = Path(__file__).parents[1]
_HEADER = struct.Struct("!cQ")
_DATA, _END, _FAILED = b"d", b"e", b"f"
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"PAR1")
_MARKUP = re.compile(rb"[\s\0]*<")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ReaderFailed(RuntimeError):
    """A file could not be read. The message names the class of the error and its place, or the limit; no values."""


def is_needed(head: bytes) -> bool:
    """Whether a file that begins so is not plain text: zip, Excel, Parquet, HTML or XML."""
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.startswith(_MAGIC) or bool(_MARKUP.match(head))


def where(error: BaseException) -> str:
    """Class of an error and the place in this program where it came from: `OverflowError at sources/tables.py:31`."""
    place, trace = "", error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            place = f" at {path.relative_to(_PACKAGE).as_posix()}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}"


# ------------------------------------------------------------------------------------------------------------- parent
def frames(frame: Callable[..., Iterator[Any]], stream: BinaryIO, **options: Any) -> Iterator[Frames]:
    """What `frame(stream, **options)` yields, read in the child.

    Raises:
        ReaderFailed: an error, a crash, or more memory or time than allowed.
    """
    import pyarrow as pa

    for payload in call(_framed, stream, frame, options):
        size = struct.unpack_from("!I", payload)[0]
        rejects, elsewhere = json.loads(payload[4 : 4 + size])
        table = pa.ipc.open_stream(pa.py_buffer(payload[4 + size :])).read_all().combine_chunks()
        row_no, text = (pa.concat_arrays(table.column(name).chunks or [empty]) for name, empty in (
            ("row_no", pa.array([], pa.int64())), ("text", pa.array([], pa.string()))))  # fmt: skip
        yield Frames(row_no, text, [tuple(reject) for reject in rejects], elsewhere)


def start() -> None:
    """Start the child now, so that it is ready when the first file needs it: half a second that another core can do."""
    if not _idle:
        _idle.append(_Child())


def call(function: Callable[..., Iterator[bytes]], stream: BinaryIO, *arguments: Any) -> Iterator[bytes]:
    """What `function(stream, *arguments)` yields, run in the child. The function must be importable by name.

    Raises:
        ReaderFailed: as `frames`.
    """
    child = _idle.pop() if _idle and _idle[-1].is_ours else _Child()
    is_done = False
    try:
        yield from child.run(stream, function, arguments)
        is_done = True
    finally:
        if is_done:
            _idle.append(child)
        else:  # it is dead, or in the middle of an answer that nobody waits for
            child.kill()


class _Child:
    def __init__(self) -> None:
        self._owner = os.getpid()
        self._socket, theirs = socket.socketpair()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_PACKAGE.parent), *(path for path in sys.path if path)]),
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "ARROW_IO_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "pipelines.sources.isolated", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a library that crashes may print what it read
                env=environment,
            )

    @property
    def is_ours(self) -> bool:
        """Whether this process started it: after a fork two would share it."""
        return self._owner == os.getpid() and self._process.poll() is None

    def run(self, stream: BinaryIO, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Iterator[bytes]:
        with _as_file(stream) as file:
            seconds = CPU_SECONDS + CPU_SECONDS_PER_MB * (os.fstat(file.fileno()).st_size >> 20)
            request = pickle.dumps((function, arguments, seconds))
            deadline = _Deadline(seconds * WAIT_FACTOR)
            try:
                socket.send_fds(self._socket, [struct.pack("!Q", len(request))], [file.fileno()])
                self._socket.sendall(request)
                while True:
                    kind, size = _HEADER.unpack(self._receive(_HEADER.size, deadline))
                    payload = self._receive(size, deadline)
                    if kind == _END:
                        return
                    if kind == _FAILED:
                        raise ReaderFailed(payload.decode())
                    yield payload
            except TimeoutError:
                raise ReaderFailed(record("it took longer than {seconds} s", seconds=seconds * WAIT_FACTOR)) from None
            except (EOFError, ConnectionError, BrokenPipeError):
                raise ReaderFailed(self._cause_of_death(seconds)) from None

    def _receive(self, size: int, deadline: _Deadline) -> bytes:
        parts, missing = [], size
        while missing:
            with deadline:
                self._socket.settimeout(deadline.left)
                part = self._socket.recv(min(missing, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _cause_of_death(self, seconds: int) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        code = self._process.returncode
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return record(
                "it took more than {seconds} s of processor time, or the machine had no memory left for it",
                seconds=seconds,
            )
        name = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
        return record(
            "the program that reads such files crashed ({signal}): it is damaged, or needs more than 2 GiB of memory",
            signal=name,
        )

    def kill(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


class _Deadline:
    """Counts only the time that is spent inside it: a parent that is slow to ask is no fault of the file."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self._since = 0.0

    def __enter__(self) -> None:
        if self.left <= 0:
            raise TimeoutError
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.left -= time.monotonic() - self._since


_idle: list[_Child] = []


@atexit.register
def _stop() -> None:
    while _idle:
        child = _idle.pop()
        if child.is_ours:
            child.kill()


def _as_file(stream: BinaryIO) -> Any:
    """The stream as a file of the system, whose descriptor can be given to the child."""
    # opened again: a duplicate would share its position, which the buffer of `stream` relies on
    with suppress(OSError):
        return open(f"/proc/self/fd/{stream.fileno()}", "rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115  closed by the caller
    stream.seek(0)
    while block := stream.read(1 << 20):
        copy.write(block)
    copy.flush()
    return copy


# -------------------------------------------------------------------------------------------------------------- child
def _framed(stream: BinaryIO, frame: Callable[..., Iterator[Any]], options: dict[str, Any]) -> Iterator[bytes]:
    import pyarrow as pa

    for batch in frame(stream, **options):
        rejects = [[number, str(reason), *rest] for number, reason, *rest in batch.rejects]
        head = json.dumps([rejects, batch.elsewhere]).encode()
        sink = io.BytesIO()
        record_batch = pa.record_batch([batch.row_no, batch.text], ["row_no", "text"])
        with pa.ipc.new_stream(sink, record_batch.schema) as writer:
            writer.write_batch(record_batch)
        yield struct.pack("!I", len(head)) + head + sink.getvalue()


def _serve(connection: socket.socket) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyarrow  # noqa: F401  while the parent may still be busy

    while True:
        size, descriptors, _, _ = socket.recv_fds(connection, 8, 1)
        if not size:
            return
        request = b""
        while len(request) < struct.unpack("!Q", size)[0]:
            request += connection.recv(1 << 20)
        with open(descriptors[0], "rb") as stream:
            stream.seek(0)
            try:
                function, arguments, seconds = pickle.loads(request)  # noqa: S301  written by the parent
                used = resource.getrusage(resource.RUSAGE_SELF)
                soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
                resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
                for payload in function(stream, *arguments):
                    connection.sendall(_HEADER.pack(_DATA, len(payload)) + payload)
                answer = _HEADER.pack(_END, 0)
            except BaseException as error:  # PanicException of Rust libraries is no Exception
                text = where(error).encode()
                answer = _HEADER.pack(_FAILED, len(text)) + text
        connection.sendall(answer)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        _serve(inherited)
