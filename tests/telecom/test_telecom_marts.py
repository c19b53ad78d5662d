"""Telecom through load and build: real boundaries, places in the sea, a quarter that came twice, whose terms bind."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.release.describe import licences, resource
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources
from pipelines.sources.province import Box, quadkeys
from pipelines.transform.marts import marts_of

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

SOURCES = all_sources()
SEA, CENTRE, CENTROID = (106.5, 18.7), (105.9, 18.3405), (105.90287, 18.34188)
QUARTER = "2026-07-01_performance_fixed_tiles.parquet"


MADE_UP = PROJECT_ROOT / "tests" / "golden" / "commune_boundaries" / "square_and_bow_tie" / "boundaries"
Ring = list[list[float]]


def square(west: float, south: float, size: float) -> Ring:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def drawn() -> dict[str, Ring]:
    """A made-up ring of each commune, none over another: those of a golden case, and squares for what it lacks."""
    rings = {
        feature["properties"]["code"]: feature["geometry"]["coordinates"][0]
        for path in sorted(MADE_UP.glob("*-2025-07-01.geojson"))
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]
    }
    return rings | {
        "18133": square(105.2, 18.0, 0.05),
        "18172": square(105.3, 18.0, 0.1),
        "18748": square(105.5, 18.0, 0.1),
    }


def collection(rings: dict[str, Ring]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code, ring in rings.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


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
    # two tests a tile, in several communes
    around = sorted(quadkeys(Box(CENTRE[0] - 0.04, CENTRE[1] - 0.02, CENTRE[0] + 0.04, CENTRE[1] + 0.02), 16))
    world.land(QUARTER, tiles(*((key, 2) for key in around)), SOURCES["ookla_tiles"])
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
    # A and D lie in 18073, whatever D states; C counts in the commune that it states, in spite of its place; B only in
    # the province
    assert world.rows(counts) == [("18073", 3, None, 2, "observed"), ("42", 4, 1, 2, "observed")]
    assert [r.status for r in world.dbt.test() if r.name == "sites_lie_in_a_commune"] == ["warn"]
    # within 3 km of the centre, cut to each boundary: of the province the sum, and no commune outside of the disc
    reach = (
        "select sum(sites_reach_km2) filter (area_code <> '42'), max(sites_reach_km2) filter (area_code = '42'), "
        "count(*) filter (area_code <> '42' and sites_reach_km2 > 0), max(sites_reach_pct), "
        "string_agg(distinct reach_status) from marts.telecom_coverage where technology = '4G' and operator = 'Viettel'"
    )
    ((parts, whole, communes, most, status),) = world.rows(reach)
    assert parts == pytest.approx(whole, abs=0.2)
    assert 14 < whole < 28.3  # the disc around the centre
    assert 1 < communes < 10
    assert 0 < most <= 100
    assert status == "modelled_in_part"  # and the two in the sea are not drawn
    shared = (
        "select sum(tests) filter (area_code <> '42'), max(tests) filter (area_code = '42'), "
        "sum(tiles) filter (area_code <> '42'), count(tests) > 3 from marts.broadband_speed where network = 'fixed'"
    )
    assert world.rows(shared) == [(2 * len(around), 2 * len(around), len(around), True)]
    crossing = "select count(*) - count(distinct quadkey) from intermediate.int_located_tiles"
    assert world.rows(crossing)[0][0] > 5
    # and the file opens without the extension, as the gate and readers open it
    with duckdb.connect(
        str(world.warehouse.path), read_only=True, config={"autoload_known_extensions": False}
    ) as plain:
        plain.execute("select * from intermediate.int_commune_boundaries").fetchall()


def test_rows_that_name_no_commune_of_their_day_are_reported(world: World) -> None:
    # the code of the former Trần Phú; a current one, twice
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[lon, 18.3], [lon + 0.1, 18.3], [lon + 0.1, 18.4], [lon, 18.3]]],
            },
        }
        for code, lon in (("18094", 105.7), ("18073", 105.8), ("18073", 105.9))
    ]
    world.land(
        "ranh-gioi-2026.geojson",
        json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        SOURCES["boundaries"],
    )
    world.land("viettel-tram-2026-09-30.csv", sites(("A", CENTRE, "18094")), SOURCES["bts_inventory"])
    # Viettel reports one of three villages again; VNPT has a name that Viettel has not, and a row that does not load
    for name, rows in {
        "viettel-thon-2026-06-30.csv": "Thành Sen,Thôn 1,không\nThành Sen,Hạ,không\nThành Sen,Thôn 3,không",
        "viettel-thon-2026-09-30.csv": "Tên Lạ,Thôn 1,có\nThành Sen,Thôn 1,có",
        "vinaphone-thon-2026-09-30.csv": (
            "Thành Sen,Hạ Vàng,có\nThành Sen,Thôn 3,không\nThạch Hà,Đông,không\nThạch Hà,Tây,?!"
        ),
        "mobifone-thon-2026-09-30.csv": "Thành Sen,Thôn 3,không\nThạch Hà,Tây,không\nThạch Hà,Đông,không",
        # the former Trần Phú and Thạch Trung: one row by a current commune does not save the list
        "gmobile-thon-2026-09-30.csv": "Thành Sen,Thôn 3,có\nThạch Trung,Thôn 1,có",
    }.items():
        world.land(name, f"Xã,Thôn,4G\n{rows}".encode(), SOURCES["village_coverage"])
    # an unknown name, a code beside another commune's name, and one commune with two speeds
    ispeed = (
        "Mã xã,Xã,Loại mạng,Tải xuống (Mbps),Số mẫu\n,Tên Lạ,di động,90,300\n18100,Phường Thành Sen,di động,90,300\n"
        "18073,,di động,90,300\n,Phường Thành Sen,di động,80,300\n"
    )
    world.land("ispeed-2026-09.csv", ispeed.encode(), SOURCES["ispeed"])
    around = sorted(quadkeys(Box(CENTRE[0] - 0.1, CENTRE[1] - 0.05, CENTRE[0] + 0.1, CENTRE[1] + 0.05), 16))
    world.land(QUARTER, tiles(*((key, 1) for key in around)), SOURCES["ookla_tiles"])
    world.load()
    reported = (
        "boundaries_are_of_current_communes",
        "the_newest_boundaries_are_in_force",
        "boundaries_are_of_a_plausible_area",
        "a_commune_has_one_feature_in_a_set_of_boundaries",
        "sites_are_of_communes_of_their_day",
        "villages_are_of_communes_of_their_day",
        "lists_of_villages_are_by_the_communes_of_their_day",
        "villages_have_one_name",
        "speeds_are_of_communes_of_their_month",
        "a_table_of_speeds_tells_a_commune_once",
    )
    world.build(
        select="+telecom_coverage +coverage_gaps +broadband_speed +int_area_name_review +int_village_name_review"
    )
    assert {r.name: r.status for r in world.dbt.test() if r.name in reported} == dict.fromkeys(reported, "warn")
    review = "select source, name_given, row_count from intermediate.int_area_name_review order by all"
    assert world.rows(review) == [
        ("bts_inventory", "18094", 1),
        ("ispeed", "18100 Phường Thành Sen", 1),
        ("ispeed", "Tên Lạ", 1),
        ("village_coverage", "Thạch Trung", 1),
        ("village_coverage", "Tên Lạ", 1),
    ]
    twice = "select rating, tests from marts.broadband_speed where area_code = '18073' and source = 'ispeed'"
    assert world.rows(twice) == [("ambiguous", None)]
    # one commune that is drawn among 68 that are not: none is used, and no test falls between
    placed = (
        "select sum(tests) filter (area_code <> '42'), max(tests) filter (area_code = '42') "
        "from marts.broadband_speed where source = 'ookla'"
    )
    assert world.rows(placed) == [(len(around), len(around))]
    province = (
        "select villages_covered, villages_not_covered, villages_unknown, villages_unplaced, communes_reported "
        "from marts.telecom_coverage where area_code = '42' and technology = '4G' and operator = 'all' "
        "and period_start = '2026-07-01'"
    )
    assert world.rows(province) == [(2, 1, 3, 0, 1)]
    gaps = (
        "select village_name, coverage_status, not_answered_by from marts.coverage_gaps "
        "where level = 'village' and technology = '4G' and coverage_status <> 'covered' order by all"
    )
    assert world.rows(gaps) == [
        ("Hạ", "unknown", "MobiFone, VNPT"),
        ("Thôn 3", "not_covered", None),
        ("Tây", "unknown", "VNPT, Viettel"),
        ("Đông", "unknown", "Viettel"),
    ]


def test_sites_that_an_inventory_omits_are_reported(world: World) -> None:
    # one code at two places; the north and the south of one operator; a complete one that grew is no part
    twice = sites(("A", CENTRE, ""), ("A", CENTROID, ""), ("B", CENTRE, ""))
    world.land("viettel-tram-2026-09-30.csv", twice, SOURCES["bts_inventory"])
    for name, codes in (("mobifone-tram-2026-08-31", "CD"), ("mobifone-tram-2026-09-30", "CDE")):
        world.land(f"{name}.csv", sites(*((code, CENTRE, "") for code in codes)), SOURCES["bts_inventory"])
    world.load()
    world.build(select="+int_sites")
    assert _warned(world) == {"a_site_code_has_one_place"}
    for name, codes in (("vnpt-bac-2026-09-29", "FGH"), ("vnpt-nam-2026-09-30", "IJ")):
        world.land(f"{name}.csv", sites(*((code, CENTRE, "") for code in codes)), SOURCES["bts_inventory"])
    world.load()
    world.build(select="+int_sites")
    assert _warned(world) == {"a_site_code_has_one_place", "parts_of_an_inventory_come_as_one_file"}


def _warned(world: World) -> set[str]:
    reported = {
        "a_site_code_has_one_place",
        "parts_of_an_inventory_come_as_one_file",
        "boundaries_do_not_overlap",
        "boundaries_are_of_a_plausible_area",
        "the_newest_boundaries_are_in_force",
        "cells_of_a_quarter_begin_with_a_full_file",
    }
    return {result.name for result in world.dbt.test() if result.name in reported and result.status == "warn"}


def test_where_boundaries_overlap_no_test_counts_twice(world: World) -> None:
    """The square of Thành Sen and one half over it."""
    overlapping = collection(drawn() | {"18073": square(105.8, 18.3, 0.05), "18100": square(105.825, 18.3, 0.05)})
    world.land("ranh-gioi-2026.geojson", overlapping, SOURCES["boundaries"])
    inside = sorted(quadkeys(Box(105.807, 18.307, 105.868, 18.343), 16))
    world.land(QUARTER, tiles(*((key, 3) for key in inside)), SOURCES["ookla_tiles"])
    world.load()
    world.build(select="+broadband_speed")
    (tested,) = world.rows("select max(tests) from marts.broadband_speed where area_code = '42' and source = 'ookla'")
    assert tested == (3 * len(inside),)
    assert _warned(world) == {"boundaries_do_not_overlap"}


def test_a_set_with_a_wrong_or_missing_boundary_leaves_the_last_complete_one_active(world: World) -> None:
    def bring(name: str, rings: dict[str, Ring]) -> list[Any]:
        world.land(name, collection(rings), SOURCES["boundaries"])
        world.load()
        world.build(select="+commune_boundaries")
        return world.rows(
            "select source, newer_source, count(*), "
            "round(any_value(drawn_area_km2) filter (commune_code = '18073')), "
            "any_value(newer_area_difference_pct) filter (commune_code = '18073') "
            "from marts.commune_boundaries group by all order by newer_source nulls first"
        )

    sound = drawn()
    others = {code: ring for code, ring in sound.items() if code != "18073"}
    first, bow_tie = "ranh-gioi-2026-01-31.geojson", [[105.88, 18.3], [106.0, 18.4], [106.0, 18.3], [105.88, 18.4]]
    bow_tie.append(bow_tie[0])
    # nothing sound was there before: the crossed ring is not taken, and the others not without it
    wrong = "ranh-gioi-2025-12-31.geojson"
    assert bring(wrong, others | {"18073": bow_tie}) == [("area_facts", wrong, 69, None, 148.6)]
    assert _warned(world) == {"the_newest_boundaries_are_in_force", "boundaries_are_of_a_plausible_area"}
    assert bring(first, sound) == [(first, None, 69, 29, None)]
    assert _warned(world) == set()
    # a later set with the crossed ring does not come into force in part, nor does one feature that is sound
    wrong = "ranh-gioi-2026-02-28.geojson"
    assert bring(wrong, {"18073": bow_tie} | others) == [(first, wrong, 69, 29, 148.6)]
    assert _warned(world) == {"the_newest_boundaries_are_in_force", "boundaries_are_of_a_plausible_area"}
    # corrected with the day of its set, that set is complete
    repaired = "ranh-gioi-thanh-sen-2026-02-28.geojson"
    assert bring(repaired, {"18073": square(105.9, 18.3, 0.048)}) == [
        (wrong, None, 68, None, None),
        (repaired, None, 1, 27, None),
    ]
    assert _warned(world) == set()
    alone = "thanh-sen-2026-03-31.geojson"
    assert bring(alone, {"18073": square(105.9, 18.3, 0.05)}) == [
        (wrong, None, 68, None, None),
        (repaired, alone, 1, 27, 3.6),
    ]
    assert _warned(world) == {"the_newest_boundaries_are_in_force"}


def test_a_quarter_of_differences_is_no_collapse(world: World) -> None:
    def cells(*numbers: int) -> bytes:
        line = "LTE,452,4,11010,{},-1,105.90287,18.34188,1200,9,1,1609459200,1761955200,0"
        return "\n".join(line.format(number) for number in numbers).encode()

    world.land("OCID-diff-cell-export-2026-03-31-T000000.csv", cells(1), SOURCES["opencellid_cells"])
    world.land("452-2026-06-30.csv", cells(*range(1, 61)), SOURCES["opencellid_cells"])
    world.land("OCID-diff-cell-export-2026-09-30-T000000.csv", cells(7, 61), SOURCES["opencellid_cells"])
    world.load()
    world.build(select="+telecom_coverage")
    reported = (
        "select period_start, cells, obs_status from marts.telecom_coverage "
        "where area_code = '18073' and operator = 'Viettel' and technology = '4G' order by all"
    )
    assert [(str(day), *rest) for day, *rest in world.rows(reported)] == [
        ("2026-01-01", None, "missing"),
        ("2026-04-01", 60, "estimated"),
        ("2026-07-01", 61, "estimated"),
    ]
    assert _warned(world) == {"cells_of_a_quarter_begin_with_a_full_file"}


def test_a_quarter_that_comes_again_replaces_the_first_and_both_stay_on_record(world: World) -> None:
    reported = "select tests, tiles, rating from marts.broadband_speed where area_code = '18073' and network = 'fixed'"
    first, second = tile(*CENTRE), tile(*CENTROID)
    assert first != second
    world.land("viettel-tram-2026-09-30.csv", sites(("A", CENTRE, ""), ("B", CENTRE, "")), SOURCES["bts_inventory"])
    world.land(QUARTER, tiles((first, 40), (second, 10)), SOURCES["ookla_tiles"])
    world.load()
    world.build()
    assert world.rows(reported) == [(50, 2, "rated")]
    world.land(QUARTER, tiles((first, 29)), SOURCES["ookla_tiles"])
    world.land("viettel-tram-2026-09-30.csv", sites(("A", CENTRE, "")), SOURCES["bts_inventory"])
    world.load()
    world.build()
    assert world.rows(reported) == [(29, 1, "not_enough")]
    assert len(world.landing.active("ookla_tiles")) == 2
    reported = (
        "select sites from marts.telecom_coverage where area_code = '42' and technology = '4G' and operator = 'all'"
    )
    assert world.rows(reported) == [(1,)]


def test_terms_of_ookla_bind_its_own_target_and_travel_with_it(world: World) -> None:
    marts = marts_of(world.dbt.manifest())
    assert {mart.target for mart in marts if "ookla_tiles" in mart.sources} == {"broadband_speed"}
    assert "opencellid_cells" not in next(mart for mart in marts if mart.name == "coverage_gaps").sources
    receipts = [
        {"source": name, "licence": source.licence, "landed_at": "2026-11-24", "status": "loaded"}
        for name, source in SOURCES.items()
    ]
    reported = {
        mart.name: {
            licence["name"] for licence in resource(mart, ["VARCHAR"] * len(mart.columns), receipts)["licenses"]
        }
        for mart in marts
        if mart.name in ("broadband_speed", "telecom_coverage")
    }
    assert "CC-BY-NC-SA-4.0" in reported["broadband_speed"]
    assert "CC-BY-SA-4.0" in reported["telecom_coverage"]
    assert "CC-BY-NC-SA-4.0" not in reported["telecom_coverage"]
    all_of_them = licences(receipt["licence"] for receipt in receipts)
    assert "CC-BY-SA-4.0" in {licence["name"] for licence in all_of_them}
