"""Series of the statistics office's own files reach `statistics` with the right unit and value, worked out by hand.

The files are not part of the project; without them these tests skip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources

if TYPE_CHECKING:
    from conftest import World

FILES = PROJECT_ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES.is_dir(), reason="the official files (../shared/data) are not here"),
]


@pytest.fixture(scope="module")
def world(fresh_world: Callable[[], World]) -> World:
    world = fresh_world()
    for source, folder in (("sdmx", "sdmx"), ("nso_pxweb", "nso")):
        for path in sorted((FILES / folder).iterdir()):
            world.land(path.name, path.read_bytes(), all_sources()[source])
    world.load()
    world.build(select="+statistics +statistics_review")
    return world


@pytest.mark.parametrize(
    ("indicator", "area", "period_type", "start", "value", "unit", "status", "vintage"),
    [
        # 10 221 814.694 with the multiplier 10^9: billions of đồng
        ("gdp_billion_vnd", "VN", "year", "2023-01-01", 10_221_814.694, "tỷ đồng", "observed", "2024-10-24"),
        ("gdp_billion_vnd", "VN", "year", "2004-01-01", 779_337.670, "tỷ đồng", "observed", "2024-10-24"),
        ("gdp_agriculture_billion_vnd", "VN", "year", "2023-01-01", 1_222_578.697, "tỷ đồng", "observed", "2024-10-24"),
        (
            "ict_industry_value_added_billion_vnd",
            "VN",
            "quarter",
            "2024-07-01",
            94_531.910,
            "tỷ đồng",
            "observed",
            None,
        ),
        ("value_added_section_t_billion_vnd", "VN", "year", "2004-01-01", 1_237, "tỷ đồng", "observed", "2024-10-24"),
        # thousands of people
        ("population_count", "VN", "year", "1990-01-01", 66_016_700, "người", "observed", "2025-07-23"),
        ("population_count", "VN", "year", "2024-01-01", 101_343_754.406, "người", "preliminary", "2025-07-23"),
        ("population_count", "42", "year", "2022-01-01", 1_317_254, "người", "observed", "2025-07-23"),
        # the shipped figure was there first; the file has 300 379.673, which is no other figure
        ("population_urban_count", "42", "year", "2024-01-01", 300_380.0, "người", "preliminary", "2025-07-23"),
        ("area_km2", "42", "year", "2024-01-01", 5_994.45, "km²", "observed", None),
        # the multiplier of rates is not one; earnings are thousands of đồng, "8 339.9" in the file
        ("unemployment_rate_pct", "VN", "quarter", "2024-07-01", 2.240, "%", "observed", "2024-10-09"),
        ("labour_force_count", "VN", "quarter", "2012-01-01", 51_978_400, "người", "observed", "2024-10-09"),
    ],
)
def test_a_series_reaches_statistics(
    world: World,
    indicator: str,
    area: str,
    period_type: str,
    start: str,
    value: float,
    unit: str,
    status: str,
    vintage: str | None,
) -> None:
    found = world.rows(
        "select value, unit, obs_status, vintage_on::varchar from marts.statistics where indicator = ? "
        "and area_code = ? and period_type = ? and period_start = ?::date and source = 'Cục Thống kê' and is_latest",
        indicator,
        area,
        period_type,
        start,
    )
    assert len(found) == 1
    assert found[0][0] == pytest.approx(value, abs=0.0006)
    assert found[0][1:3] == (unit, status)
    assert vintage is None or found[0][3] == vintage


def test_every_figure_is_mapped_or_counted_as_unmapped(world: World) -> None:
    counted = (
        "select source, series_state, count(*), count(distinct indicator) from intermediate.int_statistic_series "
        "group by all order by all"
    )
    # E02.01 28 of area, E02.02 175 of the nation, E02.03-07 150 of the province; of SDMX 25 codes of GDP, 5 + 6 others
    assert world.rows(counted) == [
        ("nso_pxweb", "mapped", 28 + 175 + 150, 6),
        ("nso_pxweb", "unmapped", 2940 + 525 + 10_650 - 353, 0),
        ("sdmx", "mapped", 8648 - 6381, 25 + 5 + 6),
        ("sdmx", "unmapped", 6381, 0),
    ]


def test_two_editions_of_a_figure_are_revisions_and_none_contradicts_another(world: World) -> None:
    held = "select indicator, held_reason from marts.statistics_review where source = 'Cục Thống kê'"
    assert world.rows(held) == []
