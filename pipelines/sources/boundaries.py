"""Boundaries of the communes: GeoJSON, one feature per commune, plain or gzip.

No file is shipped: published sets (derived from the map of the 2025 mergers) were seen with 69 valid polygons, two of
them, 18118 and 18352, with some 15.8 km² on the wrong side of their border. What files of one day draw is a set; while
no set has every commune, each of a plausible area, marts show schematic cells. Taken are Polygon and MultiPolygon in
WGS84, longitude first. Areas, and whether rings cross themselves, are judged in dbt, where the geometry is built.
"""

from __future__ import annotations

from pipelines.sources import framing
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.fields import clean

CODES = ("code", "area_code", "ward_code", "ma_xa", "maXa", "MA_XA", "MaXa")
"""Properties under which sets of boundaries give the code of the unit; the first that is there counts."""
NAMES = ("name", "area_name", "ward_name", "ten_xa", "tenXa", "TEN_XA", "TenXa")


def _property(names: tuple[str, ...]) -> str:
    found = ", ".join(f"json_extract_string(j.properties, '$.{name}')" for name in names)
    return f"nullif(trim(coalesce({found})), '')"


_KIND = "json_extract_string(j.geometry, '$.type')"
_COORDINATES = "json_extract(j.geometry, '$.coordinates')"
_POINTS = "flatten(flatten(rings))"


def _any(items: str, condition: str) -> str:
    return f"len(list_filter({items}, lambda item: {condition})) > 0"


SOURCE = Source(
    name="boundaries",
    title_vi="Ranh giới xã, phường",
    title_en="Boundaries of communes",
    publisher="As named by the person who brings the file; derived sets of sapnhap.bando.com.vn are known",
    licence="As of the file; sets of thanglequoc/vietnamese-provinces-database are MIT",
    cadence="when units change",
    cycle="year",
    first_period="2025",
    frame=framing.frame,
    table=Table(
        structure={"type": "VARCHAR", "properties": "JSON", "geometry": "JSON"},
        columns=(
            Column("area_code", "varchar", _property(CODES)),
            Column("area_name", "varchar", f"left({clean(_property(NAMES))}, 200)"),
            Column(
                "rings",
                "double[][][][]",
                f"case {_KIND} when 'Polygon' then [try_cast({_COORDINATES} as double[][][])] "
                f"when 'MultiPolygon' then try_cast({_COORDINATES} as double[][][][]) end",
            ),
        ),
        rules=(
            Rule("missing_field", "properties.code", "area_code is null"),
            Rule("bad_code", "properties.code", "not regexp_matches(area_code, '^[0-9]{5}$')", "area_code"),
            Rule("not_a_polygon", "geometry", f"coalesce({_KIND}, '') not in ('Polygon', 'MultiPolygon')", _KIND),
            Rule(
                "bad_coordinates",
                "geometry",
                f"coalesce(len({_POINTS}), 0) = 0 or "
                + _any(_POINTS, "coalesce(len(item), 0) < 2 or item[1] is null or item[2] is null"),
            ),
            Rule("open_ring", "geometry", _any("flatten(rings)", "len(item) < 4 or item[1] <> item[-1]")),
            Rule("swapped_coordinates", "geometry", f"in_province({_POINTS}[1][2], {_POINTS}[1][1])"),
            Rule("outside_province", "geometry", _any(_POINTS, "not in_province(item[1], item[2])")),
        ),
        identity="area_code",
        dropped=frozenset({"id", "bbox"}),
    ),
)
