"""Fixtures of the tests of the geography."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from geography_world import SHARED, Render, renderer, seeded


@pytest.fixture(scope="session")
def render() -> Render:
    return renderer()


@pytest.fixture(scope="session")
def registry(render: Render) -> duckdb.DuckDBPyConnection:
    """Not to be changed; a test that changes it makes its own."""
    return seeded(render)


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: units and polygons recorded elsewhere")
    return SHARED
