"""Where recorded boundaries lie, outside the project; tests that need them skip without."""

from __future__ import annotations

import pytest

from pipelines.settings import PROJECT_ROOT

BOUNDARIES = PROJECT_ROOT.parent / "shared" / "data" / "hatinh_communes.geojson.gz"


@pytest.fixture
def boundaries() -> bytes:
    """A set of the 69 communes' boundaries as published (MIT, thanglequoc/vietnamese-provinces-database)."""
    if not BOUNDARIES.exists():
        pytest.skip(f"{BOUNDARIES} is not here: boundaries recorded elsewhere")
    return BOUNDARIES.read_bytes()
