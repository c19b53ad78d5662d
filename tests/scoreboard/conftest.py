"""What people look at is tested in Vietnamese, its language by default."""

from __future__ import annotations

import pytest

from pipelines.language import use


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    use("vi")
