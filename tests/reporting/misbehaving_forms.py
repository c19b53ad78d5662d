"""A reader of reports that crashes; the child process imports it by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Any]:
    os.abort()
    yield
