"""Base stations, cells and tile speeds a second time, in plain Python from the files as received: no SQL, no model.

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
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
from recompute import Registries, Rows, end_of
from recompute_telecom import ALL, GENERATIONS, OPERATORS, PROVINCE, Communes
from shapely import make_valid
from shapely.geometry import Point, box, shape

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
        self.at = lru_cache(maxsize=None)(self._at)

    def _at(self, lon: float, lat: float) -> str:
        """The commune of a place, the first by code on a border; "" in none."""
        return next((code for code, drawn in self.drawn.items() if drawn.intersects(Point(lon, lat))), "")


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
    """By quarter, technology, operator and area: sites on air, of no place, of a disputed one, and per 1,000 people."""
    inventories = _inventories(files, registries)
    people = {
        row["area_code"]: int(row["value"])
        for row in registries.rows("area_facts")
        if row["fact"] == "population" and row["is_preferred"] == "true"
    }
    rows: Rows = {}
    for (quarter, operator), (day, sites) in inventories.items():
        for name in (operator, ALL):
            for area in {PROVINCE} | territory.codes:
                for technology in MOBILE:
                    none = {"sites": 0, "sites_unplaced": 0 if area == PROVINCE else None, "sites_disputed": 0}
                    rows.setdefault((quarter, technology, name, area), none)
        for site in sites.values():
            if not site.technologies or min(site.on_air, default=day) > day:
                continue
            drawn = territory.at(site.lon, site.lat) if site.lon and site.lat else ""
            is_outside = bool(site.lon and site.lat and not drawn)
            is_disputed = bool(site.stated) and (is_outside or bool(drawn and drawn != site.stated))
            area = drawn or site.stated
            for technology in (*site.technologies, "mobile"):
                for name in (operator, ALL):
                    for place in {area, PROVINCE} - {""}:
                        row = rows[quarter, technology, name, place]
                        row["sites"] += 1
                        row["sites_disputed"] += is_disputed
                        if place == PROVINCE:
                            row["sites_unplaced"] += not area
    for (_, _, _, area), row in rows.items():
        row["sites_per_1000"] = round(1000 * row["sites"] / people[area], 3) if area in people else None
    return rows


def cells(files: Files, territory: Territory) -> Rows:
    """By quarter, technology, operator, area: cells known at its end, of the newest full file and what came after."""
    told = [(day, "diff" not in path.name, path) for day, path in sorted(files)]
    rows: Rows = {}
    for quarter in {quarter_of(day) for day, _, _ in told}:
        until = [(day, is_full, path) for day, is_full, path in told if day <= end_of(quarter, 3)]
        full = max((day for day, is_full, _ in until if is_full), default=None)
        if full is None:
            continue
        known: dict[tuple[str, ...], tuple[float, float]] = {}
        for day, _, path in sorted(until, key=lambda file: (file[0], not file[1])):
            if day >= full:
                known |= _cells_of(path)
        for (radio, net, _, _), place in known.items():
            if area := territory.at(*place):
                for technology in (RADIOS[radio], "mobile"):
                    for operator in (NETWORKS[net], ALL):
                        for where in (area, PROVINCE):
                            row = rows.setdefault((quarter, technology, operator, where), {"cells": 0})
                            row["cells"] += 1
    return rows


def _cells_of(path: Path) -> dict[tuple[str, ...], tuple[float, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (radio, net, area, cell): (float(lon), float(lat))
            for radio, _, net, area, cell, _, lon, lat, *_ in csv.reader(file)
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
