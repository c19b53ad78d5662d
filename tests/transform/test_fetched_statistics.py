"""Answers of the interfaces of statistics become rows of statistics: vintages, held units, and unmapped series."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.sources.itu import SOURCE as ITU
from pipelines.sources.nso_pxweb import SOURCE as NSO
from pipelines.sources.worldbank import SOURCE as WORLDBANK

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

USERS = "IT.NET.USER.ZS"
PERCENT = "Individuals using the Internet (% of population)"


def page(updated: str, observations: dict[str, Any], title: str = PERCENT) -> bytes:
    rows = [
        {
            "indicator": {"id": USERS, "value": title},
            "country": {"id": "VN", "value": "Viet Nam"},
            "countryiso3code": "VNM",
            "date": year,
            "value": value,
            "unit": "",
            "obs_status": status,
        }
        for year, (value, status) in observations.items()
    ]
    return json.dumps([{"page": 1, "pages": 1, "lastupdated": updated}, rows]).encode()


def test_answers_become_rows_of_statistics(world: World) -> None:
    """Worked by hand: the bank revises 2023, gives 2024 as an estimate and 2025 not at all, then changes the unit."""
    world.land(f"{USERS}-page-0001.json", page("2026-07-01", {"2023": (78.0, "")}), WORLDBANK)
    answer = page("2026-10-01", {"2023": (78.1, ""), "2024": (84.25, "E"), "2025": (None, "")})
    world.land(f"{USERS}-page-0001.json", answer, WORLDBANK)
    changed = page("2026-11-01", {"2023": (78_100_000, "")}, "Individuals using the Internet (people)")
    world.land(f"{USERS}-page-0001.json", changed, WORLDBANK)
    hub = [{"dataYear": 2024, "answer": [{"value": 140_000_000}], "code": "i271", "codeID": 178}]
    world.land("178-VNM-2026-11-05.json", json.dumps(hub).encode(), ITU)
    table = {
        "class": "dataset",
        "label": "Diện tích, dân số và mật độ dân số phân theo địa phương",
        "id": ["Địa phương", "Năm", "Chỉ tiêu"],
        "size": [1, 2, 2],
        "dimension": {
            "Địa phương": {"label": "Địa phương", "category": {"index": ["30"], "label": {"30": "Hà Tĩnh"}}},
            "Năm": {"label": "Năm", "category": {"index": ["0", "1"], "label": {"0": "2023", "1": "Sơ bộ 2024"}}},
            "Chỉ tiêu": {
                "label": "Chỉ tiêu",
                "category": {
                    "index": ["0", "1"],
                    "label": {"0": "Diện tích (Km2)", "1": "Dân số trung bình (Nghìn người)"},
                },
            },
        },
        "value": [5994.4, 1.5, 5994.4, 1.25],
    }
    world.land("V02.01-part-0001.json", json.dumps(table).encode(), NSO)
    world.load()
    world.build()
    reported = (
        "select indicator, area_code, period_type, year(period_start), value, unit, obs_status, missing_kind, "
        "vintage_on::varchar, source, grade from intermediate.int_fetched_statistics order by all"
    )
    users = ("internet_users_pct", "VN", "year")
    people = ("population_count", "42", "year")
    area = ("area_km2", "42", "year")
    assert world.rows(reported) == [
        (*area, 2023, 5994.4, "km²", "observed", None, "2026-12-01", "Cục Thống kê", "A"),
        (*area, 2024, 5994.4, "km²", "preliminary", None, "2026-12-01", "Cục Thống kê", "A"),
        (*users, 2023, 78.0, "%", "observed", None, "2026-07-01", "World Bank", "A"),
        (*users, 2023, 78.1, "%", "observed", None, "2026-10-01", "World Bank", "A"),
        (*users, 2023, 78_100_000.0, "people", "observed", None, "2026-11-01", "World Bank", "A"),
        (*users, 2024, 84.25, "%", "estimated", None, "2026-10-01", "World Bank", "A"),
        (*users, 2025, None, "%", "missing", "unknown", "2026-10-01", "World Bank", "A"),
        ("mobile_subscribers_count", "VN", "year", 2024, 140e6, "thuê bao", "observed", None, "2026-11-05", "ITU", "C"),
        (*people, 2023, 1500.0, "người", "observed", None, "2026-12-01", "Cục Thống kê", "A"),
        (*people, 2024, 1250.0, "người", "preliminary", None, "2026-12-01", "Cục Thống kê", "A"),
    ]
    counted = "select source, series_state, count(*) from intermediate.int_statistic_series group by all order by all"
    assert world.rows(counted) == [
        ("itu", "mapped", 1),
        ("nso_pxweb", "mapped", 4),
        ("worldbank", "mapped", 4),
        ("worldbank", "unit_changed", 1),
    ]
    # the changed unit waits, with the active figure beside it
    held = "select held_reason, value, unit, registered_unit, previous_value, previous_vintage_on::varchar "
    held += "from marts.statistics_review where source = 'World Bank'"
    assert world.rows(held) == [("unit_changed", 78_100_000.0, "people", "%", 78.1, "2026-10-01")]
    in_force = "select value from marts.statistics where indicator = 'internet_users_pct' and source = 'World Bank' "
    in_force += "and is_latest and value is not null"
    assert world.rows(f"{in_force} order by value") == [(78.1,), (84.25,)]
    # every mapped unit is the unit of its indicator
    mapped = "select m.indicator from registry.statistic_series as m join registry.indicators as i using (indicator)"
    assert world.rows(f"{mapped} where m.unit <> i.unit") == []
