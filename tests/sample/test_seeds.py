"""The seeds hang together: keys are keys, codes point at something, published counts are met."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
DESCRIBED = {seed["name"]: seed for seed in yaml.safe_load((SEEDS / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]}


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_column_is_described_typed_and_titled(name: str) -> None:
    header = list(rows(name)[0])
    seed = DESCRIBED[name]
    assert [column["name"] for column in seed["columns"]] == header
    assert set(seed["config"]["column_types"]) == set(header)
    for part in (seed, *seed["columns"]):
        assert part["description"].strip()
        assert part["config"]["meta"]["title_vi"]
        assert part["config"]["meta"]["title_en"]


@pytest.mark.parametrize("name", DESCRIBED)
def test_files_are_plain_utf8_nfc_without_stray_space(name: str) -> None:
    raw = (SEEDS / f"{name}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    text = raw.decode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert all(value == value.strip() for row in rows(name) for value in row.values())


def test_areas_of_both_geographies() -> None:
    areas = rows("areas")
    assert len({(a["area_code"], a["valid_from"]) for a in areas}) == len(areas)
    now = [a for a in areas if not a["valid_to"]]
    assert Counter(a["kind"] for a in now) == {"tỉnh": 1, "xã": 60, "phường": 9}
    old = [a for a in areas if a["valid_to"] == "2025-06-30"]
    assert Counter(a["level"] for a in old) == {"district": 12, "commune": 209}
    assert Counter(a["kind"] for a in old if a["level"] == "commune") == {"xã": 170, "phường": 25, "thị trấn": 14}
    assert not [
        a for a in areas if a["valid_to"] and date.fromisoformat(a["valid_to"]) < date.fromisoformat(a["valid_from"])
    ]
    codes = {a["area_code"] for a in areas}
    assert all(a["parent_code"] in codes for a in areas if a["level"] != "province")


def test_crosswalk_covers_every_old_and_new_commune() -> None:
    pairs = rows("area_crosswalk")
    areas = {(a["area_code"], a["valid_from"]) for a in rows("areas") if a["level"] == "commune"}
    old = {(p["old_code"], p["old_valid_from"]) for p in pairs}
    new = {(p["new_code"], p["new_valid_from"]) for p in pairs}
    assert len(pairs) == 212
    assert old | new == areas
    assert {p["old_code"] for p in pairs if p["relation"] == "split"} == {"18082", "18796"}
    assert {p["old_code"] for p in pairs if p["relation"] == "unchanged"} == {"18196", "18199"}


def test_agencies_have_one_code_each_and_serve_a_valid_area() -> None:
    agencies = rows("agencies")
    areas = {a["area_code"]: [] for a in rows("areas")}
    for area in rows("areas"):
        areas[area["area_code"]].append((area["valid_from"], area["valid_to"] or "9999"))
    assert len({a["agency_code"] for a in agencies}) == len(agencies)
    assert Counter((a["level"], a["valid_to"] == "") for a in agencies) == {
        ("province", True): 13, ("province", False): 13, ("district", False): 12,
        ("commune", True): 69, ("commune", False): 209,
    }  # fmt: skip
    assert all(any(f <= a["valid_from"] <= t for f, t in areas[a["area_code"]]) for a in agencies)
    assert all(a["basis"] == "illustrative" for a in agencies)


def test_catalogue_meets_the_published_counts() -> None:
    procedures = rows("procedures")
    fields = {f["field_code"]: f for f in rows("procedure_fields")}
    assert len({p["procedure_code"] for p in procedures}) == len(procedures)
    assert sum(p["has_fee"] == "true" for p in procedures) == 334
    assert sum(p["subject"] != "business" for p in procedures) == 1331
    assert {p["field_code"] for p in procedures} == set(fields)
    assert {f["lead_body"] for f in fields.values()} <= {
        a["name"] for a in rows("agencies") if a["level"] == "province"
    }
    assert all(p["procedure_code"].startswith("9.") for p in procedures), "a code that could be a real one"
