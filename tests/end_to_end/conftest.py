"""What every walk begins with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from walk_world import Province


@pytest.fixture(scope="session")
def new_province(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Province]:
    return lambda **options: Province(Path(tmp_path_factory.mktemp("province")), **options)
