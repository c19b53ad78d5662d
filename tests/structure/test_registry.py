"""The registry of targets holds together: what is wrong is said with the row and the mend, before anything is built."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import pytest

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


def faults(targets: Rows, indicators: Rows, pillars: Rows) -> list[str]:
    """What is wrong with the registries, one sentence each: the row, what is the matter, what mends it."""
    found = []
    known = {row["indicator"]: row for row in indicators}
    for name, rows in (("target_id", targets), ("indicator", indicators)):
        for key, count in Counter(row[name] for row in rows).items():
            if count > 1:
                found.append(f"{name} {key} stands {count} times: give each row an id of its own")
    for row in indicators:
        if not row["method"] or not (PROJECT_ROOT / "docs" / "methods" / f"{row['method']}.md").exists():
            found.append(f"indicator {row['indicator']} has no method page '{row['method']}': write or name one")
    for row in targets:
        here = f"target {row['target_id']}"
        indicator = known.get(row["indicator"])
        if indicator is None:
            found.append(f"{here}: no indicator '{row['indicator']}': add it to indicators.csv, or name one of those")
        else:
            found += [
                f"{here}: {column} '{row[column]}', its indicator has '{indicator[column]}': make them the same"
                for column in ("unit", "direction", "pillar")
                if row[column] != indicator[column]
            ]
        if row["target_year"] and not row["target_value"]:
            found.append(
                f"{here}: a milestone of {row['target_year']} without a value: write the value, or leave the year out"
                " and say in the note what the text asks for"
            )
        if not row["target_value"] and not row["note"]:
            found.append(f"{here}: no value and no note: say in the note why there is none")
        if row["target_value"] and not (row["document"] and row["grade"]):
            found.append(f"{here}: a value without document and grade: name where it was read, or take the value out")
    asked = {row["pillar"] for row in targets}
    found += [
        f"pillar {row['pillar']} has no target: add one, or a row without value whose note says that none was set"
        for row in pillars
        if row["pillar"] not in asked
    ]
    return found


def test_the_registries_hold_together() -> None:
    assert faults(read("targets"), read("indicators"), read("pillars")) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"indicator": ""}, "target one: no indicator ''"),
        ({"unit": "điểm"}, "target one: unit 'điểm', its indicator has '%'"),
        ({"target_value": ""}, "target one: a milestone of 2025 without a value"),
        ({"target_value": "", "target_year": "", "note": ""}, "target one: no value and no note"),
        ({"grade": ""}, "target one: a value without document and grade"),
        ({"target_id": "two"}, "target_id two stands 2 times"),
        ({}, "pillar q has no target"),
    ],
    ids=["no indicator", "other unit", "milestone without value", "silent", "no grade", "one id twice", "bare pillar"],
)
def test_a_fault_is_named_with_its_mend(change: dict[str, str], said: str) -> None:
    one = {"target_id": "one", "pillar": "p", "indicator": "i", "unit": "%", "direction": "more", "target_value": "80"}
    one |= {"target_year": "2025", "document": "d", "grade": "B", "note": ""}
    two = {**one, "target_id": "two"}
    indicator = {"indicator": "i", "pillar": "p", "unit": "%", "direction": "more", "method": "target_progress"}
    assert faults([one, two], [indicator], [{"pillar": "p"}]) == []
    found = faults([{**one, **change}, two], [indicator], [{"pillar": "p"}, {"pillar": "q"}])
    assert any(text.startswith(said) and ": " in text for text in found), found


def test_an_indicator_without_a_method_is_refused() -> None:
    indicator = {"indicator": "i", "pillar": "p", "unit": "%", "direction": "more", "method": ""}
    assert faults([], [indicator], []) == ["indicator i has no method page '': write or name one"]


def test_every_pillar_has_a_measure_a_mart_and_a_method(manifest: dict[str, Any]) -> None:
    marts: list[Mart] = marts_of(manifest)
    for row in read("pillars"):
        target = MEASURED_ELSEWHERE.get(row["pillar"], row["pillar"])
        assert any(mart.target == target for mart in marts), f"pillar {row['pillar']}: no mart in marts/{target}/"
        assert (PROJECT_ROOT / "docs" / "methods" / f"{target}.md").exists(), f"docs/methods/{target}.md"
        assert any(i["pillar"] == row["pillar"] for i in read("indicators")), f"pillar {row['pillar']}: no indicator"


def test_a_value_of_the_province_can_come_for_every_target() -> None:
    """Where no system delivers an indicator and nobody publishes it, agencies are asked."""
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
