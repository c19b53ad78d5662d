"""A source of reports whose reader crashes; the child process imports it by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from pipelines.sources.reported_indicators import SOURCE


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Any]:
    os.abort()
    yield


CRASHING = replace(SOURCE, frame=frame)
