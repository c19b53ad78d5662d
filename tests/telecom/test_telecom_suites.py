"""Every query of the telecom suites finds nothing in what the samples give, and something in what it is there for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipelines.quality.suites import UNEXPECTED_ROWS, read_suites
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

FEEDS = ("bts_inventory", "village_coverage", "opencellid_cells", "ookla_tiles", "ispeed")
POISON = {
    "telecom_coverage": [
        "delete from t where area_code = '18073' and operator = 'all'",
        "update t set sites = sites + 1 where area_code = '18073'",
        "update t set sites_unplaced = sites where area_code = '42'",
        "update t set sites_disputed = sites where area_code = '42'",
        "update t set cells = 0 where cells is null",
        "update t set villages_unplaced = villages_unplaced + 1 where area_code = '42'",
        "update t set sites_reach_km2 = 0 where reach_status = 'no_boundary'",
        "update t set is_representative = false where area_code = '42'",
    ],
    "broadband_speed": [
        "update t set download_mbps = 50 where rating = 'not_enough'",
        "update t set tests = 0 where tests is null",
        "update t set tests = tests + 1 where area_code = '18073'",
    ],
    "coverage_gaps": [
        "delete from t where area_code = '18073' and level = 'commune'",
        "update t set operators_denying = 0 where coverage_status = 'not_covered'",
        "update t set is_ambiguous = true",
    ],
    "commune_boundaries": [
        "delete from t where commune_code = '18073'",
        "update t set area_check = 'differs' where commune_code = '18073'",
    ],
}
"""By suite, what each of its queries must find, in the order of the file."""


def test_each_query_fails_when_it_should(world: World) -> None:
    for feed in FEEDS:
        shutil.copytree(PROJECT_ROOT / "data" / "raw" / feed, world.landing.root / feed)
    # villages of no known current commune: sums must hold with them
    split = "Mã xã,Xã,Thôn,4G\n18082,,Thôn 1,có\n18796,,Thôn 1,không\n18403,,Thôn 1,có\n".encode()
    world.land("sample-mobifone-thon-2025-06-30.csv", split, all_sources()["village_coverage"])
    world.load()
    world.build()
    suites = read_suites(PROJECT_ROOT / "expectations")
    with world.warehouse.connect() as connection:
        for mart, wrongs in POISON.items():
            checks = [e for e in suites[mart].expectations if e.type == UNEXPECTED_ROWS]
            for check, wrong in zip(checks, wrongs, strict=True):
                query = check.kwargs["unexpected_rows_query"].format(batch="t")
                connection.execute(f"create or replace temp table t as select * from marts.{mart}")
                assert connection.execute(query).fetchall() == [], f"{mart}: {check.why}"
                connection.execute(wrong)
                assert connection.execute(query).fetchall(), f"{mart}: {wrong}"
