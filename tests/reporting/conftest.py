"""The project's own registries, and forms of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from workbooks import OFFICE

from pipelines.reporting.forms import Form, form
from pipelines.reporting.registry import Registry, load_registry, parse_period
from pipelines.settings import PROJECT_ROOT

# the tests write down what a form asks: one more indicator in a pillar must not change that
INDICATORS = (
    "dossiers_on_time_pct",
    "work_files_online_pct",
    "digital_signature_officials_pct",
    "online_meetings",
    "officials_trained_pct",
    "officials_digital_identity_pct",
    "smart_city_services",
    "it_staff",
    "digital_skills_trained_pct",
    "leased_platforms",
)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The project's registries with some of its indicators."""
    whole = load_registry(PROJECT_ROOT / "dbt_project" / "seeds")
    return replace(
        whole,
        indicators={code: whole.indicators[code] for code in INDICATORS},
        obligations=tuple(obligation for obligation in whole.obligations if obligation.indicator in INDICATORS),
    )


@pytest.fixture(scope="session")
def asked(registry: Registry) -> Callable[..., Form]:
    """The form of an indicator or a pillar; that of the provincial office for Q3 of 2026 by default."""

    def make(wanted: str = "online_administration", period: str = "2026-Q3", agency: str | None = OFFICE) -> Form:
        return form(registry, wanted, parse_period(period), agency=agency, province_code="42", province_name="Hà Tĩnh")

    return make
