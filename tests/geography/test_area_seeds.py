"""The registry of units against its crosswalk, against recorded lists, and against the polygons."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from geography_world import seed

AREAS = {(a["area_code"], a["valid_from"]): a for a in seed("areas")}
FACTS = seed("area_facts")
MERGER = "2025-07-01"
COMPUTED = "thanglequoc/vietnamese-provinces-database (MIT), computed"


def preferred(fact: str) -> dict[str, float]:
    return {
        f["area_code"]: float(f["value"])
        for f in FACTS
        if f["fact"] == fact and f["is_preferred"] == "true" and f["valid_from"] == MERGER
    }


def test_facts_are_of_units_and_one_a_fact_is_preferred() -> None:
    assert {(f["area_code"], f["valid_from"]) for f in FACTS} <= set(AREAS)
    chosen = Counter((f["area_code"], f["valid_from"], f["fact"]) for f in FACTS if f["is_preferred"] == "true")
    assert set(chosen) == {(f["area_code"], f["valid_from"], f["fact"]) for f in FACTS}
    assert set(chosen.values()) == {1}
    assert {f["grade"] for f in FACTS} <= set("ABCK")
    assert {(f["fact"], f["unit"]) for f in FACTS} == {
        ("population", "người"), ("area_km2", "km²"), ("centroid_lon", "°"), ("centroid_lat", "°"),
    }  # fmt: skip
    communes = {code for code, since in AREAS if since == MERGER}
    assert all(set(preferred(fact)) == communes for fact in ("population", "area_km2", "centroid_lon", "centroid_lat"))


def test_figures_of_the_province_stand_side_by_side_and_sums_are_as_stated() -> None:
    stated = {(f["fact"], float(f["value"])): f["is_preferred"] == "true" for f in FACTS if f["area_code"] == "42"}
    assert {value for fact, value in stated if fact == "population"} == {1_622_901, 1_621_134, 1_317_200}
    assert {value for fact, value in stated if fact == "area_km2"} >= {5994.40, 5994.45, 5990.70, 6000.85, 5960.7}
    assert all(f["note"] for f in FACTS if f["area_code"] == "42")
    assert sum(preferred("population").values()) == 1_621_134
    assert stated["population", 1_621_134]
    other_list = [f for f in FACTS if f["fact"] == "area_km2" and f["as_of"] == "2025-07-17" and f["area_code"] != "42"]
    assert round(sum(float(f["value"]) for f in other_list), 2) == 6000.85
    assert abs(sum(preferred("area_km2").values()) - 5994.40) < 0.5


def test_provinces_are_63_until_the_merger_and_34_since() -> None:
    """Of one code one name on every day: the codes of 2025 are former codes, used again."""
    provinces = [row for row in seed("provinces") if row["area_code"] != "VN"]

    def on(day: str) -> dict[str, str]:
        rows = [p for p in provinces if p["valid_from"] <= day <= (p["valid_to"] or "9999-12-31")]
        names = {row["area_code"]: f"{row['kind']} {row['name']}" for row in rows}
        assert len(names) == len(rows) == len(set(names.values()))
        return names

    before, today = on("2025-06-30"), on(MERGER)
    assert (len(before), len(today)) == (63, 34)
    assert set(today) <= set(before)
    assert (before["44"], before["45"], today["44"]) == ("tỉnh Quảng Bình", "tỉnh Quảng Trị", "tỉnh Quảng Trị")
    assert (on("2024-12-31")["46"], before["46"]) == ("tỉnh Thừa Thiên Huế", "thành phố Huế")
    for code, since in (key for key in AREAS if AREAS[key]["level"] == "province"):
        assert today[code] == f"{AREAS[code, since]['kind']} {AREAS[code, since]['name']}"


def test_aliases_are_of_units_and_no_name_of_another_unit() -> None:
    names = {(a["name"].lower(), a["valid_from"]): a["area_code"] for a in AREAS.values() if a["level"] == "commune"}
    for alias in seed("area_aliases"):
        assert (alias["area_code"], alias["valid_from"]) in AREAS
        assert names.get((alias["alias"].lower(), alias["valid_from"]), alias["area_code"]) == alias["area_code"]
        assert unicodedata.is_normalized("NFC", alias["alias"])
        assert alias["source"]


def test_parts_are_known_of_splits_only_and_of_all_or_none() -> None:
    for column in ("part_population", "part_area_km2"):
        known: dict[str, list[bool]] = {}
        for pair in seed("area_crosswalk"):
            assert not pair[column] or pair["relation"] == "split"
            known.setdefault(pair["old_code"], []).append(bool(pair[column]))
        assert all(len(set(parts)) == 1 for parts in known.values())


def test_units_and_pairs_are_those_of_the_recorded_list(shared: Path) -> None:
    with (shared / "hatinh_units.csv").open(encoding="utf-8", newline="") as file:
        recorded = list(csv.DictReader(file))
    pairs = {(p["old_code"], p["new_code"]) for p in seed("area_crosswalk")}
    assert pairs == {(r["old_code"], r["new_code"]) for r in recorded}
    for row in recorded:
        old, new = AREAS[row["old_code"], "2025-01-01"], AREAS[row["new_code"], MERGER]
        assert plain(f"{old['kind']} {old['name']}") == plain(row["old_name"])
        assert plain(f"{new['kind']} {new['name']}") == plain(f"{row['new_type']} {row['new_name']}")
        assert old["parent_code"] == row["old_district_code"]


def plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower().replace("oà", "òa").replace("òan", "oàn")


@pytest.fixture
def polygons(shared: Path) -> dict[str, tuple[dict[str, Any], Any]]:
    from shapely.geometry import shape

    with gzip.open(shared / "hatinh_communes.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    return {f["properties"]["code"]: (f["properties"], shape(f["geometry"])) for f in features}


def test_points_lie_in_their_communes_and_areas_are_those_of_the_polygons(
    polygons: dict[str, tuple[dict[str, Any], Any]],
) -> None:
    from shapely.geometry import Point

    lon, lat, stated = preferred("centroid_lon"), preferred("centroid_lat"), preferred("area_km2")
    computed = {f["area_code"]: float(f["value"]) for f in FACTS if f["fact"] == "area_km2" and f["source"] == COMPUTED}
    assert len(polygons) == 69
    assert set(polygons) == set(lon) == set(lat) == set(stated) == set(computed) - {"42"}
    off_centre = set()
    for code, (properties, polygon) in polygons.items():
        assert polygon.contains(Point(lon[code], lat[code])), code
        if polygon.centroid.distance(Point(lon[code], lat[code])) > 2e-5:
            off_centre.add(code)
        assert stated[code] == properties["areaKm2"], code
        assert computed[code] == pytest.approx(square_km(polygon), abs=0.006), code
        assert computed[code] == pytest.approx(stated[code], rel=0.065), code
    assert off_centre == {"18481"}  # its centroid lies outside of it
    assert computed["42"] == pytest.approx(sum(square_km(polygon) for _, polygon in polygons.values()), abs=0.006)


def square_km(polygon: Any) -> float:
    """Area on the ellipsoid of WGS84: the cylinder of equal area, exact along meridians and parallels."""
    flattening = 1 / 298.257223563
    e2 = flattening * (2 - flattening)
    e = math.sqrt(e2)

    def height(lat: float) -> float:
        s = math.sin(math.radians(lat))
        return (1 - e2) * (s / (1 - e2 * s * s) - math.log((1 - e * s) / (1 + e * s)) / (2 * e))

    def ring(points: Iterable[tuple[float, float]]) -> float:
        corners = list(points)
        strips = (
            math.radians(x1 - x0) * (height(y0) + height(y1)) / 2 for (x0, y0), (x1, y1) in itertools.pairwise(corners)
        )
        return abs(sum(strips)) * 6378.137**2 / 2

    parts = getattr(polygon, "geoms", [polygon])
    return sum(ring(p.exterior.coords) - sum(ring(hole.coords) for hole in p.interiors) for p in parts)
