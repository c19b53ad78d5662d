"""Boundaries: features become rings; what is swapped, elsewhere, open or no polygon is quarantined."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from loads import loaded

from pipelines.sources.boundaries import SOURCE

SQUARE = [[105.9, 18.3], [106.0, 18.3], [106.0, 18.4], [105.9, 18.4], [105.9, 18.3]]


def feature(code: Any = "18073", coordinates: Any = (SQUARE,), kind: str = "Polygon") -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": "ward.1",
        "properties": {"code": code, "name": "Thành Sen"},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "name": "xã", "features": features}).encode()


def test_features_become_rings_whatever_the_kind_of_polygon() -> None:
    found = loaded(SOURCE, gzip.compress(collection(feature(), feature("18100", [[SQUARE]], "MultiPolygon"))))
    assert found.reasons == []
    assert found.unexpected == ()
    assert [(row["area_code"], row["area_name"], row["rings"]) for row in found.rows] == [
        ("18073", "Thành Sen", [[SQUARE]]),
        ("18100", "Thành Sen", [[SQUARE]]),
    ]


SWAPPED = [[lat, lon] for lon, lat in SQUARE]
HANOI = [[lon, lat + 2.7] for lon, lat in SQUARE]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (feature(None), "missing_field"),
        (feature("xã 18073"), "bad_code"),
        (feature(coordinates=SQUARE[0], kind="Point"), "not_a_polygon"),
        (feature(coordinates=[]), "bad_coordinates"),
        (feature(coordinates=[[["105,9", "18,3"]]]), "bad_coordinates"),
        (feature(coordinates=[SQUARE[:-1]]), "open_ring"),
        (feature(coordinates=[SWAPPED]), "swapped_coordinates"),
        (feature(coordinates=[SQUARE, HANOI]), "outside_province"),
        ("no feature", "not_an_object"),
    ],
)
def test_what_is_wrong_is_quarantined_and_costs_that_feature_only(wrong: Any, reason: str) -> None:
    found = loaded(SOURCE, collection(wrong, feature("18100")))
    assert [(row, why) for row, why, _, _ in found.reasons] == [(1, reason)]
    assert [row["area_code"] for row in found.rows] == ["18100"]


def test_a_file_that_ends_in_the_middle_keeps_what_came_before() -> None:
    found = loaded(SOURCE, collection(feature("18073"), feature("18100"))[:-60])
    assert [row["area_code"] for row in found.rows] == ["18073"]
    assert [why for _, why, _, _ in found.reasons] == ["truncated_array"]
