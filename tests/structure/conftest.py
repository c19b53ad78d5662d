"""The manifest and the graph of the project as it stands, once a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graph import lines

from pipelines.platform import Platform
from pipelines.settings import load_settings


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return Platform(load_settings(data_dir=Path(tmp_path_factory.mktemp("data"))))


@pytest.fixture(scope="session")
def manifest(platform: Platform) -> dict[str, Any]:
    return platform.dbt.manifest()


@pytest.fixture(scope="session")
def definitions(platform: Platform) -> list[str]:
    return lines(platform)
