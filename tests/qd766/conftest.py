"""What the tests of the index share: the rules, and a recorder of answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from pipelines.qd766.rules import Rules, load_rules


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules()


class Record(Protocol):
    def __call__(self, data: Any, name: str = "answer.json") -> Path: ...


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Writes an answer in its envelope, as the portal sends it, and gives its path."""

    def write(data: Any, name: str = "answer.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        body = {"code": "OK", "data": data, "message": "OK"}
        path.write_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        return path

    return write
