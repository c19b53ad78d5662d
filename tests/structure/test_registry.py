"""Every pillar of the scheme has a measure, a mart, a method and a target that can get a value.

That it has a tile for each target is shown in tests/scoreboard, faults of the registries in tests/quality.
"""

from __future__ import annotations

import csv
from typing import Any

from pipelines.settings import PROJECT_ROOT
from pipelines.transform.marts import Mart, marts_of

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
Rows = list[dict[str, str]]

MEASURED_ELSEWHERE = {
    "digital_government": "dossier_timeliness",
    "digital_infrastructure": "telecom",
    "roadmap_2030": "target_progress",
}
"""Pillars whose measures do not lie in a folder of their name."""


def read(seed: str) -> Rows:
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_pillar_has_a_measure_a_mart_and_a_method(manifest: dict[str, Any]) -> None:
    marts: list[Mart] = marts_of(manifest)
    for row in read("pillars"):
        target = MEASURED_ELSEWHERE.get(row["pillar"], row["pillar"])
        assert any(mart.target == target for mart in marts), f"pillar {row['pillar']}: no mart in marts/{target}/"
        assert (PROJECT_ROOT / "docs" / "methods" / f"{target}.md").exists(), f"docs/methods/{target}.md"
        assert any(i["pillar"] == row["pillar"] for i in read("indicators")), f"pillar {row['pillar']}: no indicator"


def test_a_value_of_the_province_can_come_for_every_target() -> None:
    """Where no system delivers an indicator and none publishes it, agencies are asked."""
    known = {row["indicator"]: row for row in read("indicators")}
    published = {row["indicator"] for row in read("published_figures")}
    nowhere = [
        row["target_id"]
        for row in read("targets")
        if row["measured_for"] == "province"
        and known[row["indicator"]]["method"] in ("target_progress", "reported")
        and not known[row["indicator"]]["reported_by"]
        and row["indicator"] not in published
    ]
    assert nowhere == ["work_files_district_2025", "work_files_district_2025_qd749", "ntm_district_9_5_2025"], (
        "districts ended on 30 June 2025 and cannot report; every other indicator needs `reported_by`"
    )
