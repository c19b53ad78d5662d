"""What a table that rests on a registry says of itself: its source and its licence, though no file was landed."""

from __future__ import annotations

from dataclasses import replace

from release_world import COVERAGE, RECEIPTS

from pipelines.release.describe import resource

SHIPPED = replace(COVERAGE, registries=(("published_figures", "Terms of each publisher"),))
TYPES = ("VARCHAR", "DOUBLE")


def test_a_registry_is_told_where_there_is_no_receipt() -> None:
    told = resource(SHIPPED, TYPES, [])
    assert told["licenses"] == [{"name": "other", "title": "Terms of each publisher"}]
    assert told["sources"] == [
        {"title": "speed_tests", "files": 0, "landed_at": None},
        {"title": "published_figures.csv, a registry of the project"},
    ]


def test_a_registry_stands_beside_receipts() -> None:
    told = resource(SHIPPED, TYPES, RECEIPTS)
    assert {"name": "other", "title": "Terms of each publisher"} in told["licenses"]
    assert len(told["licenses"]) > 1
