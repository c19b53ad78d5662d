"""What the description of a table from a registry states: its source and its licence, though no file was landed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from release_world import COVERAGE, GOOD, RECEIPTS, RUN

from pipelines.release.describe import fingerprint, package, resource, states_samples
from pipelines.transform.marts import Column

SHIPPED = replace(COVERAGE, registries=(("published_figures", "Terms of each publisher"),))
TYPES = ("VARCHAR", "DOUBLE")


def test_a_registry_is_named_where_there_is_no_receipt() -> None:
    reported = resource(SHIPPED, TYPES, [])
    assert reported["licenses"] == [{"name": "other", "title": "Terms of each publisher"}]
    assert reported["sources"] == [
        {"title": "speed_tests", "files": 0, "landed_at": None},
        {"title": "published_figures.csv, a registry of the project"},
    ]


def test_a_registry_stands_beside_receipts() -> None:
    reported = resource(SHIPPED, TYPES, RECEIPTS)
    assert {"name": "other", "title": "Terms of each publisher"} in reported["licenses"]
    assert len(reported["licenses"]) > 1


def described(*receipts: dict[str, Any]) -> dict[str, Any]:
    """A package of these receipts without tables."""
    return package(
        title="", resources=[], held_back=[], removed=[], states={}, verdicts=GOOD, receipts=receipts, run=RUN
    )


WITHDRAWN = {
    **RECEIPTS[0],
    "status": "withdrawn",
    "reason": "Gửi nhầm, gọi 0912 345 678",
    "withdrawn_at": "2026-11-20T08:00:00+00:00",
    "synthetic": True,
}


def test_a_withdrawal_is_in_the_release_with_its_reason_and_time_and_makes_another_one() -> None:
    (shown,) = described(WITHDRAWN)["sources"]
    assert (shown["status"], shown["withdrawn_at"]) == ("withdrawn", "2026-11-20T08:00:00+00:00")
    assert shown["reason"].startswith("Gửi nhầm, gọi")
    assert "345" not in shown["reason"], "the reason was typed by a person, and goes out"
    assert described(WITHDRAWN)["synthetic"] is False, "what was taken out marks nothing"
    assert described(WITHDRAWN)["licenses"] == []
    assert fingerprint(described(WITHDRAWN)) != fingerprint(described())
    assert resource(replace(COVERAGE, sources=("portal",)), TYPES, [WITHDRAWN])["sources"][0]["files"] == 0


def test_two_deliveries_of_one_name_and_day_name_each_other() -> None:
    first = {**RECEIPTS[0], "extracted_on": "2026-10-05"}
    again, later = {**first, "sha256": "ee" * 32}, {**first, "sha256": "ff" * 32, "extracted_on": "2026-10-06"}
    beside = {item["sha256"]: item.get("counts_beside") for item in described(first, again, later)["sources"]}
    assert beside == {"ab" * 32: ["ee" * 32], "ee" * 32: ["ab" * 32], "ff" * 32: None}
    replaced = {**again, "status": "replaced", "replaced_by": first["sha256"]}
    assert all("counts_beside" not in item for item in described(first, replaced)["sources"])


def test_a_mart_with_its_own_has_samples_gets_no_second_column() -> None:
    column = Column("has_samples", "boolean", "Có dữ liệu mẫu", "Has samples", None, "Of the row.")
    own = replace(COVERAGE, columns=(*COVERAGE.columns, column))
    assert states_samples(own)
    assert not states_samples(COVERAGE)
    names = [field["name"] for field in resource(own, (*TYPES, "BOOLEAN"), RECEIPTS)["schema"]["fields"]]
    assert names == ["commune", "download_mbps", "has_samples"]
