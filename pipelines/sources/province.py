"""What sources must know of the province that they are loaded for: its name, its registries and its bounding box.

The bounding box of Hà Tĩnh is that of the 69 communes of 2025-07-01 (105.104 to 106.511 east, 17.914 to 18.766 north,
islands included) plus some kilometres. What lies in it need not lie in the province: that is decided by the boundaries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.seeds import seed_sql

if TYPE_CHECKING:
    import duckdb

    from pipelines.settings import Settings

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


@dataclass(frozen=True)
class Province:
    """The province that sources are bound to."""

    name: str
    box: Box
    seeds: Path
    """Folder of the registries."""

    @classmethod
    def of(cls, settings: Settings) -> Province:
        box = Box(*(float(degrees) for degrees in settings.province_box.split(",")))
        return cls(settings.province_name, box, settings.seeds)

    def bind(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a session the macros that the SQL of sources uses: `in_province(lon, lat)`, whether a place lies in the
        bounding box, and `registry(name)`, the rows of a registry, all text."""
        box = self.box
        connection.execute(
            "create or replace temp macro in_province(lon, lat) as "
            f"(lon between {box.west} and {box.east} and lat between {box.south} and {box.north})"
        )
        registry = seed_sql(self.seeds, "name")
        connection.execute(f"create or replace temp macro registry(name) as table select * from {registry}")


def quadkeys(box: Box, zoom: int) -> frozenset[str]:
    """Quadkeys of the Web Mercator tiles of a zoom that touch the bounding box: x and y interleaved, one base-4 digit
    each."""

    def column(lon: float) -> int:
        return int((lon + 180) / 360 * (1 << zoom))

    def row(lat: float) -> int:
        return int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * (1 << zoom))

    return frozenset(
        "".join(str((x >> bit & 1) + 2 * (y >> bit & 1)) for bit in reversed(range(zoom)))
        for x in range(column(box.west), column(box.east) + 1)
        for y in range(row(box.north), row(box.south) + 1)
    )
