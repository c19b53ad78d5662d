"""No later load changes a published figure, whatever it brings; what was fetched and what was brought are one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipelines.sources.published_tables import FIELDS
from pipelines.sources.published_tables import SOURCE as TABLES
from pipelines.sources.worldbank import SOURCE as WORLDBANK

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

USERS, USERS_PCT = "IT.NET.USER.ZS", "internet_users_pct"
KEY = "indicator, area_code, period_type, period_start, source, vintage_on"


def table(*rows: tuple[str, str, str, str, str]) -> bytes:
    """Rows as (indicator, year, value, day of publication, source), of the nation, in per cent."""
    lines = [
        f"{indicator},VN,năm,{year},{value},%,,{day},{source},Bản in,,B,"
        for indicator, year, value, day, source in rows
    ]
    return "\n".join([",".join(FIELDS), *lines]).encode()


def answer(updated: str, **values: float) -> bytes:
    rows = [
        {
            "indicator": {"id": USERS, "value": "Individuals using the Internet (% of population)"},
            "country": {"id": "VN", "value": "Viet Nam"},
            "countryiso3code": "VNM",
            "date": year.removeprefix("y"),
            "value": value,
            "unit": "",
            "obs_status": "",
        }
        for year, value in values.items()
    ]
    return json.dumps([{"page": 1, "pages": 1, "lastupdated": updated}, rows]).encode()


def test_no_later_load_changes_a_published_figure(world: World) -> None:
    office = "Tổng cục Thống kê"
    world.land("bang-2026-06-30.csv", table(("ehealth_record_pct", "2024", "40", "01/06/2025", office)), TABLES)
    world.land(f"{USERS}-page-0001.json", answer("2026-07-01", y2023=78.0), WORLDBANK)
    world.load()
    world.build()
    before = world.rows(f"select {KEY}, value from marts.statistics")
    assert len(before) > 150

    later = table(
        ("digital_economy_share_pct", "2024", "20", "06/01/2025", office),  # what ships with the project
        ("ehealth_record_pct", "2024", "41", "01/06/2025", office),  # the very publication that was loaded
        ("ehealth_record_pct", "2024", "40.5", "01/09/2025", office),  # a revision
        ("digital_economy_share_pct", "2024", "23.17", "01/11/2026", office),  # a revision that jumps
    )
    world.land("bang-2025-01-31.csv", later.replace(b"01/11/2026", b"01/11/2024"), TABLES)  # found later
    world.land("bang-2026-11-30.csv", later, TABLES)
    world.land(f"{USERS}-page-0001.json", answer("2026-10-01", y2023=78.1), WORLDBANK)
    world.load()
    world.build()
    after = world.rows(f"select {KEY}, value from marts.statistics")
    assert set(before) <= set(after)
    assert {(row[0], str(row[5]), row[6]) for row in set(after) - set(before)} == {
        ("ehealth_record_pct", "2025-09-01", 40.5),
        (USERS_PCT, "2026-10-01", 78.1),
    }
    held = world.rows("select indicator, held_reason, value, previous_value from marts.statistics_review")
    assert {
        ("digital_economy_share_pct", "jump", 23.17, 13.17),
        ("ehealth_record_pct", "other_value", 41.0, 40.0),
    } <= set(held)
    national = world.rows(f"select national_value from marts.digital_society where indicator = '{USERS_PCT}'")
    assert set(national) == {(78.1,)}, "the nation's newest figure stands beside the province's missing one"
