"""Whatever a reader does in the child process, the parent gets its answer or one error that names no value."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import misbehaving
import pytest

from pipelines.sources import isolated
from pipelines.sources.isolated import ReaderFailed, call, frames, is_needed


def test_what_the_reader_yields_comes_back_from_memory_and_from_disk(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "file").write_bytes(content)
    assert list(call(misbehaving.echo, io.BytesIO(content), 3)) == [content] * 3
    with open(tmp_path / "file", "rb") as stream:
        stream.read(100)  # the child begins at the beginning
        assert list(call(misbehaving.echo, stream, 1)) == [content]
    with open(tmp_path / "file", "wb"):
        pass
    with open(tmp_path / "file", "rb") as stream:
        assert list(call(misbehaving.echo, stream, 1)) == [b""]


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (misbehaving.crash, "SIGABRT"),
        (misbehaving.killed, "no memory left"),
        (misbehaving.hang, "more than 1 s of processor time"),
        (misbehaving.eat, "MemoryError"),
        (misbehaving.panic, "Panic"),
    ],
)
def test_what_ends_the_reader_is_an_error_of_the_parent_and_the_next_file_is_read(
    reader: Callable[..., Iterator[bytes]], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "CPU_SECONDS", 1 if reader is misbehaving.hang else 20)
    with pytest.raises(ReaderFailed, match=said) as failed:
        list(call(reader, io.BytesIO(b"0912345678")))
    assert "0912345678" not in str(failed.value)
    assert list(call(misbehaving.echo, io.BytesIO(b"next"), 1)) == [b"next"]


def test_one_child_serves_many_files_and_is_given_up_in_the_middle_of_an_answer() -> None:
    list(call(misbehaving.echo, io.BytesIO(b"a"), 1))
    first = isolated._idle[-1]
    list(call(misbehaving.echo, io.BytesIO(b"b"), 1))
    assert isolated._idle[-1] is first
    answer = call(misbehaving.echo, io.BytesIO(b"c" * 1_000_000), 50)
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert list(call(misbehaving.echo, io.BytesIO(b"d"), 1)) == [b"d"]


def test_frames_keep_rows_rejects_and_counts() -> None:
    (batch,) = frames(misbehaving.frame, io.BytesIO(b"PK\x03\x04\n{}\nHa Tinh"), max_record_bytes=9)
    assert batch.row_no.to_pylist() == [1, 2]
    assert batch.text.to_pylist() == ["{}", "Ha Tinh"]
    assert (batch.rejects, batch.elsewhere) == ([(99, "odd")], 7)


@pytest.mark.parametrize(
    ("head", "needed"),
    [
        (b"PK\x03\x04", True),
        (b"\xd0\xcf\x11\xe0\xa1", True),
        (b"PAR1", True),
        (b"\xef\xbb\xbf <html>", True),
        ("<table>".encode("utf-16"), True),
        (b'{"a": 1}', False),
        (b"a;b;c\n", False),
        (b"\x1f\x8b\x08", False),
        (b"", False),
    ],
)
def test_only_what_is_not_plain_text_needs_the_child(head: bytes, needed: bool) -> None:
    assert is_needed(head) is needed


def test_the_child_loads_no_library_that_reading_does_not_need() -> None:
    """It starts while the run waits: each of these costs a quarter of a second and more."""
    imports = (
        "import importlib, pkgutil, sys, pyarrow, pipelines.sources.isolated, pipelines.sources as s; "
        "[importlib.import_module(f'pipelines.sources.{m.name}') for m in pkgutil.iter_modules(s.__path__)]; "
        "print(*sorted({'dagster', 'dbt', 'duckdb', 'pandas', 'pydantic', 'great_expectations'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
