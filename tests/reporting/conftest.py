"""The project's own registries, and forms of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from workbooks import OFFICE

from pipelines.reporting.forms import Form, form
from pipelines.reporting.registry import Registry, load_registry, parse_period
from pipelines.settings import PROJECT_ROOT


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(PROJECT_ROOT / "dbt_project")


@pytest.fixture(scope="session")
def asked(registry: Registry) -> Callable[..., Form]:
    """The form of an indicator or a pillar; that of the provincial office for Q3 of 2026 by default."""

    def make(wanted: str = "online_administration", period: str = "2026-Q3", agency: str | None = OFFICE) -> Form:
        return form(registry, wanted, parse_period(period), agency=agency, province_code="42", province_name="Hà Tĩnh")

    return make
