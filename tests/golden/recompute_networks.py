"""Base stations, cells, their reach and tile speeds a second time, in plain Python from the files as received: no SQL.

Written from docs/methods/telecom.md and broadband_speed.md, for boundaries of every commune and the headings of our own
form. Geometry is shapely's.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
from recompute import Registries, Rows, end_of
from recompute_telecom import ALL, GENERATIONS, OPERATORS, PROVINCE, Communes
from shapely import make_valid, union_all
from shapely.geometry import Point, Polygon, box, shape

NETWORKS = {"1": "MobiFone", "2": "VNPT", "4": "Viettel", "5": "Vietnamobile", "7": "Gmobile"}
RADIOS = {"GSM": "2G", "CDMA": "2G", "UMTS": "3G", "LTE": "4G", "NR": "5G"}
MOBILE = (*GENERATIONS, "mobile")
OFF = ("tháo dỡ", "ngừng", "chưa phát sóng")
FEWEST_TESTS = 30
Files = Iterable[tuple[date, Path]]


class Territory:
    """The current communes and their drawn territory: of the newest day whose files have every one."""

    def __init__(self, features: Iterable[tuple[date, dict[str, Any]]], registries: Registries) -> None:
        self.codes = {r["area_code"] for r in registries.rows("areas") if r["level"] == "commune" and not r["valid_to"]}
        days: dict[date, dict[str, Any]] = defaultdict(dict)
        for day, feature in features:
            days[day][feature["properties"]["code"]] = make_valid(shape(feature["geometry"]))
        newest = max(day for day, drawn in days.items() if drawn.keys() >= self.codes)
        self.drawn = {code: days[newest][code] for code in sorted(self.codes)}
        self.at = cache(self._at)

    def within_reach(self, discs: Iterable[Any]) -> dict[str, float]:
        """Percent of each commune, and of the province, that lies in any of the discs; of those they touch."""
        reached = union_all(list(discs))
        parts = {code: _area(drawn.intersection(reached)) for code, drawn in self.drawn.items()}
        found = {code: 100 * part / _area(self.drawn[code]) for code, part in parts.items() if part}
        if found:
            found[PROVINCE] = 100 * sum(parts.values()) / sum(map(_area, self.drawn.values()))
        return found

    def _at(self, lon: float, lat: float) -> str:
        """The commune of a place, the first by code on a border; "" in none."""
        return next((code for code, drawn in self.drawn.items() if drawn.intersects(Point(lon, lat))), "")


def _area(geometry: Any) -> float:
    """True to area but for a factor, within a province."""
    return geometry.area * math.cos(math.radians(geometry.centroid.y)) if geometry.area else 0.0


@cache
def disc(lon: float, lat: float, metres: float) -> Any:
    """A disc of 64 corners around a place on the ellipsoid of WGS84."""
    a, e2 = 6_378_137.0, 0.00669438
    root = 1 - e2 * math.sin(math.radians(lat)) ** 2
    by_lat = a * (1 - e2) / root**1.5
    by_lon = a / root**0.5 * math.cos(math.radians(lat))
    corners = (2 * math.pi * corner / 64 for corner in range(64))
    return Polygon(
        (lon + math.degrees(metres * math.sin(at) / by_lon), lat + math.degrees(metres * math.cos(at) / by_lat))
        for at in corners
    )


def _radii(registries: Registries) -> dict[str, int]:
    return {row["technology"]: int(row["radius_m"]) for row in registries.rows("technology_reach")}


@dataclass
class Site:
    """A base station, as one inventory has it on all its rows."""

    technologies: set[str] = field(default_factory=set)
    lon: float | None = None
    lat: float | None = None
    stated: str = ""
    on_air: list[date] = field(default_factory=list)


def quarter_of(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _inventories(files: Files, registries: Registries) -> dict[tuple[date, str], tuple[date, dict[str, Site]]]:
    """The newest inventory by quarter and operator."""
    communes, found = Communes(registries), {}
    for day, path in sorted(files):
        sites: dict[str, Site] = defaultdict(Site)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                site = sites[row["Mã trạm"].upper()]
                given = [row.get(name, "").replace(",", ".") for name in ("Kinh độ", "Vĩ độ")]
                if all(given):
                    site.lon, site.lat = map(float, given)
                life = communes.of(row.get("Mã xã") or "", row.get("Xã") or "", f"{day}")
                site.stated = communes.now(life) if life else site.stated
                if row.get("Trạng thái") not in OFF:
                    site.technologies |= set(re.findall("[2-5]G", row["Công nghệ"]))
                    if row.get("Ngày phát sóng"):
                        site.on_air.append(datetime.strptime(row["Ngày phát sóng"], "%d/%m/%Y").date())
        found[quarter_of(day), OPERATORS[path.name.removeprefix("sample-").split("-")[0]]] = (day, dict(sites))
    return found


def base_stations(files: Files, territory: Territory, registries: Registries) -> Rows:
    """By quarter, technology, operator and area: sites on air, of no place, of a disputed one, and per 1,000 people;
    the percent of the area within reach, null where none of the sites listed can be drawn."""
    inventories = _inventories(files, registries)
    people = {
        row["area_code"]: int(row["value"])
        for row in registries.rows("area_facts")
        if row["fact"] == "population" and row["is_preferred"] == "true"
    }
    rows: Rows = {}
    for quarter, operator in inventories:
        for technology, name, area in product(MOBILE, (operator, ALL), {PROVINCE} | territory.codes):
            none = {"sites": 0, "sites_unplaced": 0 if area == PROVINCE else None, "sites_disputed": 0}
            rows.setdefault((quarter, technology, name, area), none)
    radii = _radii(registries)
    discs: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for (quarter, operator), (day, sites) in inventories.items():
        for site in sites.values():
            if site.technologies and min(site.on_air, default=day) <= day:
                _count(site, territory, rows, discs, product([quarter], [operator, ALL]), radii)
    shares = {key: territory.within_reach(of) for key, of in discs.items()}
    for (*key, area), row in rows.items():
        row["sites_per_1000"] = round(1000 * row["sites"] / people[area], 3) if area in people else None
        is_known = discs[tuple(key)] or not rows[(*key, PROVINCE)]["sites"]
        row["sites_reach_pct"] = round(shares.get(tuple(key), {}).get(area, 0), 1) if is_known else None
    return rows


def _count(
    site: Site, territory: Territory, rows: Rows, discs: Any, owners: Iterable[tuple[date, str]], radii: dict[str, int]
) -> None:
    """Count a site for its operator and for all, in its commune and the province; its discs where it can be drawn."""
    drawn = territory.at(site.lon, site.lat) if site.lon and site.lat else ""
    is_outside = bool(site.lon and site.lat and not drawn)
    is_disputed = bool(site.stated) and (is_outside or bool(drawn and drawn != site.stated))
    area = drawn or site.stated
    for quarter, name in owners:
        for technology, place in product((*site.technologies, "mobile"), {area, PROVINCE} - {""}):
            row = rows[quarter, technology, name, place]
            row["sites"] += 1
            row["sites_disputed"] += is_disputed
            if place == PROVINCE:
                row["sites_unplaced"] += not area
        for technology in site.technologies if drawn else ():
            reach = disc(site.lon, site.lat, radii[technology])
            discs[quarter, technology, name].append(reach)
            discs[quarter, "mobile", name].append(reach)


def cells(files: Files, territory: Territory, registries: Registries) -> Rows:
    """By quarter, technology, operator, area: cells known at its end, of the newest full file and what came after; and
    the percent of the area within their reach."""
    radii = _radii(registries)
    given = [(day, "diff" not in path.name, path) for day, path in sorted(files)]
    rows: Rows = {}
    for quarter in {quarter_of(day) for day, _, _ in given}:
        until = [(day, is_full, path) for day, is_full, path in given if day <= end_of(quarter, 3)]
        full = max((day for day, is_full, _ in until if is_full), default=None)
        if full is None:
            continue
        known: dict[tuple[str, ...], tuple[float, float, int]] = {}
        discs: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for day, _, path in sorted(until, key=lambda file: (file[0], not file[1])):
            if day >= full:
                known |= _cells_of(path)
        for (radio, net, _, _), (lon, lat, metres) in known.items():
            area = territory.at(lon, lat)
            for technology, operator in product((RADIOS[radio], "mobile"), (NETWORKS[net], ALL)):
                discs[technology, operator] += [disc(lon, lat, min(metres, radii[RADIOS[radio]]))] if metres > 0 else []
                for where in (area, PROVINCE) if area else ():
                    row = rows.setdefault((quarter, technology, operator, where), {"cells": 0})
                    row["cells"] += 1
        shares = {key: territory.within_reach(of) for key, of in discs.items()}
        for (_, technology, operator, area), row in ((key, row) for key, row in rows.items() if key[0] == quarter):
            share = shares[technology, operator].get(area)
            row["cells_reach_pct"] = None if share is None else round(share, 1)
    return rows


def _cells_of(path: Path) -> dict[tuple[str, ...], tuple[float, float, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (radio, net, area, cell): (float(lon), float(lat), int(metres))
            for radio, _, net, area, cell, _, lon, lat, metres, *_ in csv.reader(file)
        }


def tile_box(quadkey: str) -> Any:
    """The tile of a key: each digit halves both sides."""
    x = y = 0
    for digit in quadkey:
        x, y = 2 * x + int(digit) % 2, 2 * y + int(digit) // 2
    size = 2 ** len(quadkey)

    def lat(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / size))))

    return box(x / size * 360 - 180, lat(y + 1), (x + 1) / size * 360 - 180, lat(y))


def _parts(quadkey: str, territory: Territory) -> Iterator[tuple[str, float, float]]:
    """The communes that a tile lies in, each with its part of the area as a stretch between 0 and 1."""
    tile, begin = tile_box(quadkey), 0.0
    for code, drawn in territory.drawn.items():
        if part := drawn.intersection(tile).area / tile.area:
            yield code, begin, begin + part
            begin += part


def _half_up(number: float) -> int:
    return math.floor(number + 0.5)


@dataclass
class _Speeds:
    tests: int = 0
    devices: int = 0
    sums: tuple[float, float, float] = (0.0, 0.0, 0.0)
    middles: list[float] = field(default_factory=list)


def tile_speeds(files: Files, territory: Territory) -> Rows:
    """By quarter, network and area: means weighted with tests, which a tile on a border shares out by area."""
    rows: Rows = {}
    for quarter, path in files:
        network = path.name.split("_")[2]
        areas: dict[str, _Speeds] = defaultdict(_Speeds)
        for tile in pq.read_table(path).to_pylist():
            middle = tile_box(tile["quadkey"])
            west, south, east, north = middle.bounds
            x, y = (west + east) / 2, _mercator_middle(south, north)
            for code, begin, end in _parts(tile["quadkey"], territory):
                tests, devices = (
                    _half_up(tile[name] * end) - _half_up(tile[name] * begin) for name in ("tests", "devices")
                )
                if not tests:
                    continue
                for area in (code, PROVINCE):
                    speeds = areas[area]
                    speeds.tests += tests
                    speeds.devices += devices
                    given = (tile[name] * tests for name in ("avg_d_kbps", "avg_u_kbps", "avg_lat_ms"))
                    speeds.sums = tuple(a + b for a, b in zip(speeds.sums, given, strict=True))
                    if territory.at(x, y) == code:
                        speeds.middles.append(tile["avg_d_kbps"])
        for area in {PROVINCE} | territory.codes:
            rows[quarter_of(quarter), network, area] = _rated(areas[area])
    return rows


def _mercator_middle(south: float, north: float) -> float:
    """The latitude in the middle of a tile as maps draw it."""
    low, high = (math.asinh(math.tan(math.radians(side))) for side in (south, north))
    return math.degrees(math.atan(math.sinh((low + high) / 2)))


def _rated(speeds: _Speeds) -> dict[str, Any]:
    is_rated = speeds.tests >= FEWEST_TESTS
    down, up, latency = (total / speeds.tests for total in speeds.sums) if is_rated else (None, None, None)
    return {
        "download_mbps": round(down / 1000, 2) if down is not None else None,
        "upload_mbps": round(up / 1000, 2) if up is not None else None,
        "latency_ms": round(latency, 1) if latency is not None else None,
        "tile_median_download_mbps": round(median(speeds.middles) / 1000, 2) if is_rated and speeds.middles else None,
        "tests": speeds.tests or None,
        "devices": speeds.devices or None,
        "tiles": len(speeds.middles) or None,
        "rating": "rated" if is_rated else "not_enough" if speeds.tests else "no_test",
        "obs_status": "observed" if is_rated else "missing",
    }
