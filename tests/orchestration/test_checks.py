"""What the gate holds back is red in Dagster, what warns is amber, with reason and remedy in one language."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from pipelines.landing.deliveries import Delivery
from pipelines.language import speaking, use
from pipelines.orchestration.checks import files_result, model_results, publications_result, release_results
from pipelines.orchestration.keys import plain
from pipelines.platform import Project
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.publish import Outcome
from pipelines.release.released import HeldBack
from pipelines.sources.dossiers import SOURCE

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
BLOCKED = Evidence(
    "quarantine:dossiers", "load", "dossiers", "block", False, "More than 5 % <of the rows>", "90 of 100"
)
CUT_OFF = Evidence("whole_files:dossiers", "load", "dossiers", "block", False, "Truncated: a.csv", "1")
REGISTRY = Evidence("registry:targets", "registry", "targets", "block", False, "line 4", "1 faults")
WARNED = Evidence("refused:dossiers", "load", "dossiers", "warn", False, "a.csv: the file is empty", "1")
FINE = Evidence("unique_key", "dbt_test", "one", "block", True)


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    use("vi")


def project() -> Project:
    """A mart `one` of target `first`, on a seed `plan` that has a test."""
    mart = SimpleNamespace(name="one", relation="marts.one", target="first", sources=("dossiers",))
    nodes: dict[str, dict[str, Any]] = {
        "model.one": {"resource_type": "model", "name": "one", "schema": "marts"},
        "seed.plan": {"resource_type": "seed", "name": "plan", "schema": "seeds"},
        "test.one": {"resource_type": "test", "name": "t1", "attached_node": "model.one"},
        "test.plan": {"resource_type": "test", "name": "t2", "attached_node": "seed.plan"},
    }
    manifest = {"nodes": nodes, "sources": {}, "parent_map": {"model.one": ["seed.plan"], "seed.plan": []}}
    return Project(manifest, cast(Any, (mart,)), {}, "")


def gate_of(*evidence: Evidence) -> dg.AssetCheckResult:
    asked = [dg.AssetCheckKey(dg.AssetKey(["marts", "one"]), "gate")]
    (result,) = model_results(project(), {"first": Verdict("first", evidence)}, asked)
    return result


@pytest.mark.parametrize(
    ("evidence", "passed", "severity"),
    [
        ((FINE,), True, WARN),
        ((FINE, WARNED), False, WARN),
        ((WARNED, BLOCKED), False, ERROR),
        ((CUT_OFF,), False, ERROR),
        ((REGISTRY,), False, ERROR),
        ((), False, ERROR),
    ],
)
def test_a_mart_has_the_colour_of_its_verdict(
    evidence: tuple[Evidence, ...], passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    result = gate_of(*evidence)
    assert (result.passed, result.severity if not passed else WARN) == (passed, severity)


def test_reason_and_remedy_are_those_of_what_blocks_in_one_language() -> None:
    metadata = {key: value.value for key, value in gate_of(WARNED, BLOCKED).metadata.items()}
    assert metadata["lý do"] == "quá nhiều dòng của nguồn dossiers bị cách ly"
    assert "xin lại tệp đúng" in str(metadata["cách xử lý"])
    with speaking("en"):
        english = {key: value.value for key, value in gate_of(WARNED, BLOCKED).metadata.items()}
    assert english["reason"] == "too many rows of source dossiers are in quarantine"
    assert "ask for a correct file" in str(english["how to fix"])
    assert metadata.keys() & english.keys() == {"checks"}, "a number keeps its name: Dagster plots it"
    table = str(metadata["không đạt"])
    assert table.index("quarantine:dossiers") < table.index("refused:dossiers"), "what blocks comes first"
    assert "&lt;of the rows>" in table, "shown, not taken for HTML"


def test_the_release_is_red_for_what_it_holds_back_itself() -> None:
    held = HeldBack("first", "2026-11-29T01:00:00Z", "one: column note holds telephone numbers", None)
    outcome = Outcome("nothing", None, [held], targets={"first": "held_back"})
    (result,) = release_results(project(), {"first": Verdict("first", (FINE,))}, outcome)
    assert (result.check_name, result.passed, result.severity) == ("gate_first", False, ERROR)
    assert result.metadata["tóm tắt"].value == held.reason
    (result,) = release_results(project(), {"first": Verdict("first", (FINE,))}, Outcome("released", "r1"))
    assert result.passed


def test_only_the_checks_that_were_asked_for_are_reported() -> None:
    asked = [dg.AssetCheckKey(dg.AssetKey(["seeds", "plan"]), "tests")]
    failed = Evidence("t2", "dbt_test", "plan", "warn", False, "look")
    (result,) = model_results(project(), {"first": Verdict("first", (failed, BLOCKED))}, asked)
    assert (result.asset_key, result.passed, result.severity) == (asked[0].asset_key, False, WARN)


@pytest.mark.parametrize(
    ("change", "delivery", "said"),
    [
        ({}, None, ""),
        ({"refused": ["a.csv: the file is empty"]}, None, "từ chối tệp: a.csv"),
        ({"not_fetched": ["2026-11: HTTP 500"]}, None, "không lấy được"),
        ({"total_quarantined": 6}, None, "bị cách ly"),
        ({"total_quarantined": 5}, None, ""),
        ({}, Delivery("dossiers", 2, None, is_late=True), "chưa nhận được gì"),
        ({}, Delivery("dossiers", 2, None, is_late=False), ""),
    ],
)
def test_the_files_of_a_source_are_amber_when_somebody_should_look(
    change: dict[str, Any], delivery: Delivery | None, said: str
) -> None:
    state = {"total_in": 100, "total_quarantined": 0, "refused": [], "not_fetched": [], **change}
    result = files_result(SOURCE, state, delivery, 5.0)
    assert (result.passed, result.severity) == (not said, WARN)
    assert said in str(result.metadata["vấn đề"].value if said else "")


def test_a_description_is_shown_as_it_is_written() -> None:
    assert plain("data/drop/<source>/ & more") == "data/drop/&lt;source>/ & more"


def test_overdue_publications_are_amber_with_each_publisher() -> None:
    assert publications_result([]).passed
    late = publications_result(["Cục Thống kê: 2 chuỗi, 06/01/2026–06/02/2026 (a, b)", "VNNIC: 1 <chuỗi>"])
    assert (late.passed, late.severity) == (False, WARN)
    text = late.metadata["quá hạn"].value
    assert "- Cục Thống kê: 2 chuỗi" in str(text)
    assert "&lt;chuỗi>" in str(text), "Dagster would take it for HTML"
