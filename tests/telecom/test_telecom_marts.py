"""Telecom through load and build: real boundaries, places in the sea, a quarter that came twice, whose terms bind."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.release.describe import licences, resource
from pipelines.sources import all_sources
from pipelines.sources.province import Box, quadkeys
from pipelines.transform.marts import marts_of

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

SOURCES = all_sources()
SEA, CENTRE, CENTROID = (106.5, 18.7), (105.9, 18.3405), (105.90287, 18.34188)
QUARTER = "2026-07-01_performance_fixed_tiles.parquet"


def tile(lon: float, lat: float) -> str:
    return min(quadkeys(Box(lon, lat, lon, lat), 16))


def tiles(*rows: tuple[str, int]) -> bytes:
    """Tiles with their tests, all of the same speed."""
    content = io.BytesIO()
    count = len(rows)
    table = {
        "quadkey": [key for key, _ in rows],
        "avg_d_kbps": [90_000] * count,
        "avg_u_kbps": [45_000] * count,
        "avg_lat_ms": [12] * count,
        "tests": [tests for _, tests in rows],
        "devices": [1] * count,
    }
    pq.write_table(pa.table(table), content)
    return content.getvalue()


def sites(*rows: tuple[str, tuple[float, float], str]) -> bytes:
    lines = [f"{code},4G,{lon},{lat},{commune}" for code, (lon, lat), commune in rows]
    return "\n".join(["Mã trạm,Công nghệ,Kinh độ,Vĩ độ,Mã xã", *lines]).encode()


def test_with_real_boundaries(world: World, boundaries: bytes) -> None:
    world.land("communes-2025-07-01.geojson.gz", boundaries, SOURCES["boundaries"])
    inventory = sites(("A", CENTRE, ""), ("B", SEA, ""), ("C", SEA, "18073"), ("D", CENTRE, "18100"))
    world.land("viettel-tram-2026-09-30.csv", inventory, SOURCES["bts_inventory"])
    world.load()
    world.build()
    checks = world.rows("select area_check, count(*), bool_or(is_schematic) from marts.commune_boundaries group by all")
    assert sorted(checks) == [("agrees", 67, False), ("disputed", 2, False)]
    disputed = "select commune_code from marts.commune_boundaries where area_check = 'disputed' order by all"
    assert world.rows(disputed) == [("18118",), ("18352",)]
    counts = (
        "select area_code, sites, sites_unplaced, sites_disputed, obs_status from marts.telecom_coverage "
        "where technology = '4G' and operator = 'Viettel' and sites > 0 order by all"
    )
    # A and D lie in 18073, whatever D states; C is where it says; B is nowhere, but counts in the province
    assert world.rows(counts) == [("18073", 3, None, 1, "observed"), ("42", 4, 1, 1, "observed")]
    # and the file opens without the extension, as the gate and readers open it
    with duckdb.connect(
        str(world.warehouse.path), read_only=True, config={"autoload_known_extensions": False}
    ) as plain:
        plain.execute("select * from intermediate.int_commune_boundaries").fetchall()


def test_a_quarter_that_comes_again_replaces_the_first_and_both_stay_on_record(world: World) -> None:
    told = "select tests, tiles, rating from marts.broadband_speed where area_code = '18073' and network = 'fixed'"
    first, second = tile(*CENTRE), tile(*CENTROID)
    assert first != second
    world.land("viettel-tram-2026-09-30.csv", sites(("A", CENTRE, ""), ("B", CENTRE, "")), SOURCES["bts_inventory"])
    world.land(QUARTER, tiles((first, 40), (second, 10)), SOURCES["ookla_tiles"])
    world.load()
    world.build()
    assert world.rows(told) == [(50, 2, "rated")]
    world.land(QUARTER, tiles((first, 29)), SOURCES["ookla_tiles"])
    world.land("viettel-tram-2026-09-30.csv", sites(("A", CENTRE, "")), SOURCES["bts_inventory"])
    world.load()
    world.build()
    assert world.rows(told) == [(29, 1, "not_enough")]
    assert len(world.landing.in_force("ookla_tiles")) == 2
    told = "select sites from marts.telecom_coverage where area_code = '42' and technology = '4G' and operator = 'all'"
    assert world.rows(told) == [(1,)]


def test_terms_of_ookla_bind_its_own_target_and_travel_with_it(world: World) -> None:
    marts = marts_of(world.dbt.manifest())
    assert {mart.target for mart in marts if "ookla_tiles" in mart.sources} == {"broadband_speed"}
    assert "opencellid_cells" not in next(mart for mart in marts if mart.name == "coverage_gaps").sources
    receipts = [
        {"source": name, "licence": source.licence, "landed_at": "2026-11-24"} for name, source in SOURCES.items()
    ]
    told = {
        mart.name: resource(mart, ["VARCHAR"] * len(mart.columns), receipts)["licenses"]
        for mart in marts
        if mart.name in ("broadband_speed", "telecom_coverage")
    }
    assert {"name": "CC-BY-NC-SA-4.0"} in told["broadband_speed"]
    assert {"name": "CC-BY-SA-4.0"} in told["telecom_coverage"]
    assert {"name": "CC-BY-NC-SA-4.0"} not in told["telecom_coverage"]
    assert {"name": "CC-BY-SA-4.0"} in licences(receipts)
