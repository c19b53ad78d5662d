"""What sources must know of the province, from the settings: its name, its registries, and the box that it lies in.

The box of Hà Tĩnh is that of the 69 communes of 2025-07-01 (105.104 to 106.511 east, 17.914 to 18.766 north, islands
included) with some kilometres of air. What lies in it need not lie in the province: that is decided by the boundaries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipelines.settings import load_settings

MCC = "452"
"""Mobile country code of Vietnam."""


@dataclass(frozen=True)
class Box:
    """A rectangle in degrees, WGS84."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def sql(self, lon: str, lat: str) -> str:
        """SQL of `holds` over two expressions; null where one of them is."""
        return f"({lon} between {self.west} and {self.east} and {lat} between {self.south} and {self.north})"


_SETTINGS = load_settings()
NAME = _SETTINGS.province_name
SEEDS = _SETTINGS.seeds
BOX = Box(*(float(degrees) for degrees in _SETTINGS.province_box.split(",")))


def seed(name: str) -> str:
    """SQL of a registry as a table of texts, for rules that ask whether a code is known."""
    path = str(SEEDS / f"{name}.csv").replace("'", "''")
    # the dialect is given, since telling it takes longer than reading
    dialect = """header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', sample_size = 1"""
    return f"read_csv('{path}', {dialect})"


def quadkeys(box: Box, zoom: int) -> frozenset[str]:
    """Quadkeys of the Web Mercator tiles of a zoom that touch the box: x and y interleaved, a base-4 digit a level."""

    def column(lon: float) -> int:
        return int((lon + 180) / 360 * (1 << zoom))

    def row(lat: float) -> int:
        return int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * (1 << zoom))

    return frozenset(
        "".join(str((x >> bit & 1) + 2 * (y >> bit & 1)) for bit in reversed(range(zoom)))
        for x in range(column(box.west), column(box.east) + 1)
        for y in range(row(box.north), row(box.south) + 1)
    )
