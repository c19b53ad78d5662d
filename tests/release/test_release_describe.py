"""What the description of a table from a registry states: its source and its licence, though no file was landed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from release_world import COVERAGE, GOOD, RECEIPTS, RUN, release

from pipelines.release.about import UNSTATED, About
from pipelines.release.describe import fingerprint, package, resource, states_samples
from pipelines.release.store import ReleaseStore
from pipelines.transform.marts import Column, Disclosure

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
        about=About(), resources=[], held_back=[], removed=[], states={}, verdicts=GOOD, receipts=receipts, run=RUN
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


def test_a_licence_is_an_identifier_with_its_address_where_the_text_begins_with_one() -> None:
    texts = [
        "CC BY 4.0, as generally stated; attribution: World Bank",
        "MIT for names of units",
        "Terms of its publisher",
    ]
    receipts = [{**RECEIPTS[0], "licence": text} for text in texts]
    by_name = {known["name"]: known for known in described(*receipts)["licenses"]}
    assert by_name["CC-BY-4.0"]["path"] == "https://creativecommons.org/licenses/by/4.0/"
    assert by_name["CC-BY-4.0"]["title"] == texts[0], "the attribution is kept"
    assert by_name["MIT"] == {"name": "MIT", "path": "https://spdx.org/licenses/MIT", "title": texts[1]}
    assert by_name["other"] == {"name": "other", "title": texts[2]}


def test_figures_of_internal_records_leave_under_the_licence_of_the_publisher() -> None:
    receipts = [{**RECEIPTS[1], "licence": "Internal; counts by commune may be published"}]
    public = replace(COVERAGE, disclosure=Disclosure("public"))
    assert resource(public, TYPES, receipts, own_licence="CC-BY-4.0")["licenses"][0]["name"] == "CC-BY-4.0"
    assert resource(public, TYPES, receipts)["licenses"] == [{"name": "other", "title": UNSTATED}]
    assert resource(COVERAGE, TYPES, receipts)["licenses"][0]["title"].startswith("Internal"), "the table stays inside"


def test_publisher_contact_and_citation_are_stated_and_another_publisher_makes_another_release(tmp_path: Path) -> None:
    mine = About("Số liệu", "Sở X", "so-lieu@example.test", "CC-BY-4.0", "https://example.test/so-lieu/")
    ids = [release(tmp_path, day=day, about=about).release_id for day, about in enumerate((About("Số liệu"), mine))]
    current = ReleaseStore(tmp_path).current()
    assert current is not None
    assert ids[0] != ids[1] == current.id
    stated = current.package
    assert stated["contributors"] == [
        {"title": "Sở X", "email": "so-lieu@example.test", "roles": ["publisher", "contact"]}
    ]
    assert stated["homepage"] == "https://example.test/so-lieu/"
    assert stated["citation"] == f"Sở X (2026). Số liệu [bộ dữ liệu]. Bản {current.id}. https://example.test/so-lieu/"


def test_a_foreign_key_leads_to_a_table_that_is_published() -> None:
    mart = replace(COVERAGE, references=(("commune", "dim_area", "name"), ("commune", "not_published", "name")))
    assert resource(mart, TYPES, [], tables={"broadband", "dim_area"})["schema"]["foreignKeys"] == [
        {"fields": ["commune"], "reference": {"resource": "dim_area", "fields": ["name"]}}
    ]
    assert "foreignKeys" not in resource(mart, TYPES, [])["schema"]
