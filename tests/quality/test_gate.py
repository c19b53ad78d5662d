"""The gate: each kind of evidence on a small manifest, and that nothing promised may be left out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.gate import judge
from pipelines.quality.registries import Fault
from pipelines.quality.suites import Expectation, Suite
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.transform.dbt_results import NodeResult, Status
from pipelines.transform.marts import Mart, ancestors


def model(name: str, *parents: str, kind: str = "model", materialized: str = "table") -> dict[str, Any]:
    depends_on = {"nodes": list(parents)}
    return {"resource_type": kind, "name": name, "depends_on": depends_on, "config": {"materialized": materialized}}


def dbt_test(name: str, *reads: str, attached: str | None, severity: str = "ERROR") -> dict[str, Any]:
    return {
        "resource_type": "test",
        "name": name,
        "depends_on": {"nodes": list(reads)},
        "attached_node": attached,
        "config": {"severity": severity},
    }


# portal -> stg (view) -> trimmed -> timeliness        target 01
#         areas (seed) ------>/  \-> backlog           target 02
NODES = {
    "model.h.stg": model("stg", "source.h.portal.dossier", materialized="view"),
    "seed.h.areas": model("areas", kind="seed", materialized="seed"),
    "model.h.trimmed": model("trimmed", "model.h.stg", "seed.h.areas"),
    "model.h.timeliness": model("timeliness", "model.h.trimmed"),
    "model.h.backlog": model("backlog", "model.h.trimmed"),
    "test.h.stg_key": dbt_test("stg_key", "model.h.stg", attached="model.h.stg"),
    "test.h.key": dbt_test("key", "model.h.timeliness", attached="model.h.timeliness"),
    "test.h.odd": dbt_test("odd", "model.h.timeliness", attached="model.h.timeliness", severity="warn"),
    "test.h.known_area": dbt_test(
        "known_area", "model.h.backlog", "seed.h.areas", attached="model.h.backlog", severity="error"
    ),
    "test.h.sums_agree": dbt_test("sums_agree", "model.h.timeliness", "model.h.backlog", attached=None),
    "test.h.fresh": dbt_test("fresh", "source.h.portal.dossier", attached="source.h.portal.dossier"),
}
MANIFEST = {
    "nodes": NODES,
    "unit_tests": {"unit_test.h.rounding": {"resource_type": "unit_test", "name": "rounding"}},
    "parent_map": {unique_id: node["depends_on"]["nodes"] for unique_id, node in NODES.items()}
    | {"source.h.portal.dossier": []},
}
MARTS = [
    Mart(name, f"marts.{name}", target, "Hồ sơ", "Dossiers", "", (), (), ("portal",))
    for name, target in (("timeliness", "01"), ("backlog", "02"))
]
RESULTS = [
    NodeResult(unique_id, kind, node["name"], "pass" if kind == "test" else "success", "", None, 0.1)
    for unique_id, node in NODES.items()
    for kind in (node["resource_type"],)
]
SUITES = {
    mart.name: Suite(
        mart.name, tuple(Expectation(f"{c}:{mart.name}", c, {}, "block", "reason") for c in ("range", "rows"))
    )
    for mart in MARTS
}
FOUND = [
    Evidence(e.id, "expectation", suite.table, e.severity, passed=True)
    for suite in SUITES.values()
    for e in suite.expectations
]


def verdicts_of(**changes: Any) -> dict[str, Verdict]:
    arguments: dict[str, Any] = {
        "marts": MARTS,
        "manifest": MANIFEST,
        "dbt": RESULTS,
        "expectations": FOUND,
        "suites": SUITES,
        "quarantined": {"portal": (1000, 50)},
        "max_quarantined_pct": 5.0,
    }
    return judge(**(arguments | changes))


def with_status(unique_id: str, status: Status, message: str = "") -> list[NodeResult]:
    changed: dict[str, Any] = {"status": status, "message": message, "failures": 3}
    return [replace(r, **changed) if r.unique_id == unique_id else r for r in RESULTS]


def held_back(verdicts: dict[str, Verdict]) -> set[str]:
    return {target for target, verdict in verdicts.items() if not verdict.passed}


def test_all_that_was_promised_and_passed_lets_both_targets_out() -> None:
    verdicts = verdicts_of()
    assert list(verdicts) == ["01", "02"]
    assert held_back(verdicts) == set()
    assert {(e.check, e.observed) for e in verdicts["01"].evidence if e.kind == "load"} == {
        ("quarantine:portal", "50 of 1000"),
        ("whole_files:portal", "0"),
        ("refused:portal", "0"),
        ("unread:portal", "0"),
        ("replaced:portal", None),
    }
    expected = "build:areas build:stg build:trimmed build:timeliness fresh key odd stg_key sums_agree "
    expected += "range:timeliness rows:timeliness quarantine:portal whole_files:portal refused:portal replaced:portal"
    expected += " registry:areas unread:portal"
    assert sorted(e.check for e in verdicts["01"].evidence) == sorted(expected.split())


@pytest.mark.parametrize(
    ("unique_id", "status", "blocked", "warned"),
    [
        ("model.h.timeliness", "error", {"01"}, set()),
        ("model.h.timeliness", "skipped", {"01"}, set()),
        ("model.h.stg", "error", {"01", "02"}, set()),
        ("seed.h.areas", "error", {"01", "02"}, set()),
        ("test.h.key", "fail", {"01"}, set()),
        ("test.h.key", "error", {"01"}, set()),
        ("test.h.key", "warn", set(), {"01"}),
        ("test.h.key", "skipped", {"01"}, set()),
        ("test.h.odd", "warn", set(), {"01"}),
        ("test.h.odd", "fail", set(), {"01"}),
        ("test.h.odd", "error", set(), {"01"}),
        ("test.h.odd", "skipped", {"01"}, set()),
        ("test.h.stg_key", "fail", {"01", "02"}, set()),
        ("test.h.known_area", "fail", {"02"}, set()),
        ("test.h.sums_agree", "fail", {"01", "02"}, set()),
        ("test.h.fresh", "fail", {"01", "02"}, set()),
    ],
)
def test_a_dbt_result_holds_back_what_is_computed_from_it(
    unique_id: str, status: Status, blocked: set[str], warned: set[str]
) -> None:
    verdicts = verdicts_of(dbt=with_status(unique_id, status))
    assert held_back(verdicts) == blocked
    assert {target for target, verdict in verdicts.items() if verdict.warnings} == warned


def test_messages_of_dbt_are_not_passed_on_because_they_may_quote_a_row() -> None:
    message = "Conversion Error: Could not convert string 'Nguyễn Văn A' to INT32"
    for unique_id in ("model.h.stg", "test.h.key"):
        verdict = verdicts_of(dbt=with_status(unique_id, "error", message))["01"]
        assert verdict.blocking[0].detail
        assert "Nguyễn" not in repr(verdict)


def test_rows_that_a_test_found_are_counted() -> None:
    (key,) = verdicts_of(dbt=with_status("test.h.key", "fail"))["01"].blocking
    assert (key.kind, key.table, key.observed) == ("dbt_test", "timeliness", "3 failures")


def test_each_rule_of_a_test_of_column_rules_is_evidence_of_its_own() -> None:
    arguments = {"not_null": ["agency", "month"], "accepted_values": {"level": ["commune"]}}
    test = {**NODES["test.h.key"], "test_metadata": {"name": "column_rules", "kwargs": arguments}}
    manifest = {**MANIFEST, "nodes": {**NODES, "test.h.key": test}}

    def judged(**changes: Any) -> dict[str, tuple[str, bool, str | None]]:
        results = [replace(r, **changes) if r.unique_id == "test.h.key" else r for r in RESULTS]
        evidence = verdicts_of(manifest=manifest, dbt=results)["01"].evidence
        return {e.check: (e.kind, e.passed, e.observed) for e in evidence if "_timeliness_" in e.check}

    agency, month = "not_null_timeliness_agency", "not_null_timeliness_month"
    level = "accepted_values_timeliness_level"
    found = (("not_null_agency", 3), ("not_null_month", 0), ("accepted_values_level", 0))
    assert judged(status="fail", failures=3, rules=found) == {
        agency: ("dbt_test", False, "3 failures"),
        month: ("dbt_test", True, "0 failures"),
        level: ("dbt_test", True, "0 failures"),
    }
    assert judged(status="error", failures=None) == dict.fromkeys((agency, month, level), ("missing", False, None))
    assert judged(status="skipped") == dict.fromkeys((agency, month, level), ("missing", False, None))
    assert all(passed for _, passed, _ in judged(status="pass", failures=0).values())


def test_the_description_of_a_test_is_the_text_of_its_warning() -> None:
    described = {**NODES, "test.h.odd": {**NODES["test.h.odd"], "description": "Look at the codes.\n"}}
    verdict = verdicts_of(manifest={**MANIFEST, "nodes": described}, dbt=with_status("test.h.odd", "warn"))["01"]
    assert [(e.check, e.detail) for e in verdict.warnings] == [("odd", "Look at the codes.")]


@given(left_out=st.sampled_from([*RESULTS, *FOUND]))
def test_no_single_result_can_be_left_out_unseen(left_out: NodeResult | Evidence) -> None:
    verdicts = verdicts_of(
        dbt=[r for r in RESULTS if r is not left_out], expectations=[e for e in FOUND if e is not left_out]
    )
    missing = [e for verdict in verdicts.values() for e in verdict.blocking]
    assert missing
    assert {e.kind for e in missing} == {"missing"}


def test_a_table_without_a_suite_is_held_back_with_what_to_do() -> None:
    verdicts = verdicts_of(suites={"backlog": SUITES["backlog"]})
    assert held_back(verdicts) == {"01"}
    assert "expectations/timeliness.yml" in verdicts["01"].blocking[0].detail


@pytest.mark.parametrize(("severity", "blocked"), [("block", {"02"}), ("warn", set())])
def test_an_expectation_counts_with_its_severity(severity: Any, blocked: set[str]) -> None:
    changed = [replace(e, passed=False, severity=severity) if e.check == "rows:backlog" else e for e in FOUND]
    verdicts = verdicts_of(expectations=changed)
    assert held_back(verdicts) == blocked
    assert [e.check for e in (*verdicts["02"].blocking, *verdicts["02"].warnings)] == ["rows:backlog"]


@pytest.mark.parametrize(
    ("counts", "blocked"),
    [
        ((1000, 0), False),
        ((1000, 50), False),
        ((1000, 51), True),
        # no floor for a small source: one row of ten is a tenth of every count, see decision 0005
        ((20, 1), False),
        ((19, 1), True),
        ((10, 1), True),
        ((1, 1), True),
        ((0, 0), False),
        (None, True),
    ],
)
def test_a_source_with_too_much_in_quarantine_or_no_load_blocks(counts: tuple[int, int] | None, blocked: bool) -> None:
    verdicts = verdicts_of(quarantined={"portal": counts} if counts else {"other": (10, 10)})
    assert held_back(verdicts) == ({"01", "02"} if blocked else set())


def test_a_mart_that_dbt_does_not_know_is_held_back() -> None:
    stray = Mart("stray", "marts.stray", "03", "", "", "", (), (), ())
    verdicts = verdicts_of(marts=[*MARTS, stray])
    assert held_back(verdicts) == {"03"}
    assert {e.check for e in verdicts["03"].blocking} == {"model", "suite"}


def test_one_bad_mart_holds_back_all_of_its_target() -> None:
    together = [replace(mart, target="01") for mart in MARTS]
    verdicts = verdicts_of(marts=together, dbt=with_status("model.h.backlog", "error"))
    assert held_back(verdicts) == {"01"}
    checks = [e.check for e in verdicts["01"].evidence]
    assert len(checks) == len(set(checks))


GRAPHS = st.dictionaries(st.integers(0, 8).map(str), st.lists(st.integers(0, 8).map(str), max_size=4))


@given(parents=GRAPHS, start=st.sets(st.integers(0, 8).map(str)))
def test_ancestors_are_closed_and_no_larger_than_need_be(parents: dict[str, list[str]], start: set[str]) -> None:
    found = ancestors(parents, start)
    assert start <= found
    assert all(parent in found for node in found for parent in parents.get(node, []))
    assert all(node in start or any(node in parents.get(child, []) for child in found) for node in found)


def test_a_truncated_file_holds_back_what_is_computed_from_it() -> None:
    verdicts = verdicts_of(truncated={"portal": [("hoso-2026-10.ndjson.gz", "truncated_gzip")]})
    blocking = verdicts["01"].blocking
    assert [e.check for e in blocking] == ["whole_files:portal"]
    assert "hoso-2026-10.ndjson.gz" in blocking[0].detail
    assert "hatinh withdraw" in blocking[0].detail


def test_a_workbook_with_a_further_sheet_is_not_reported_as_truncated() -> None:
    two_sheets, broken_off = ("tram-2026-09-30.xlsx", "further_sheet"), ("tram-2026-06-30.xlsx", "unreadable_workbook")
    (blocking,) = verdicts_of(truncated={"portal": [two_sheets]})["01"].blocking
    assert "Figures on more than one sheet, of which only the first was read: tram-2026-09-30.xlsx." in blocking.detail
    assert "Truncated" not in blocking.detail
    assert blocking.detail.endswith("or `hatinh withdraw` it.")
    (both,) = verdicts_of(truncated={"portal": [two_sheets, broken_off]})["01"].blocking
    assert both.observed == "2"
    assert "Truncated, the end is lost: tram-2026-06-30.xlsx. Land the complete file" in both.detail
    assert "only the first was read: tram-2026-09-30.xlsx." in both.detail


def test_what_is_lost_of_facts_that_stand_alone_warns_of_it() -> None:
    lost: dict[str, Any] = {
        "truncated": {"portal": [("bang-2026.csv", "truncated_table")]},
        "quarantined": {"portal": (10, 5)},
    }
    assert held_back(verdicts_of(**lost)) == {"01", "02"}
    verdicts = verdicts_of(**lost, stand_alone={"portal"})
    assert held_back(verdicts) == set()
    assert {e.check for e in verdicts["01"].warnings} == {"quarantine:portal", "whole_files:portal"}
    assert held_back(verdicts_of(emptied={"portal"}, stand_alone={"portal"})) == {"01", "02"}, "all of it is gone"


@pytest.mark.parametrize(("may_be_lost", "held"), [(2, set()), (3, {"01", "02"})])
def test_a_truncated_file_whose_loss_is_estimated_counts_like_rows_in_quarantine(
    may_be_lost: int, held: set[str]
) -> None:
    """950 of 1000 rows were taken, 5 % may be missing: 48 in quarantine and 2 lost of 1002 are 4.99 %, 3 are 5.08 %."""
    verdicts = verdicts_of(
        quarantined={"portal": (1000, 48)},
        truncated={"portal": [("hoso-2026-10-05.json.gz", "truncated_gzip")]},
        lost={"portal": {"hoso-2026-10-05.json.gz": may_be_lost}},
    )
    assert held_back(verdicts) == held
    warned = {evidence.check for evidence in verdicts["01"].warnings}
    assert warned == {"whole_files:portal"}, "somebody has to look in any case"
    share = next(e.observed for e in verdicts["01"].evidence if e.check == "quarantine:portal")
    assert share == f"{48 + may_be_lost} of {1000 + may_be_lost}, {may_be_lost} of them estimated for truncated files"


def test_one_truncated_file_without_an_estimate_holds_back() -> None:
    files = [("a-05.json.gz", "truncated_gzip"), ("a-06.json.gz", "truncated_gzip")]
    lost = {"portal": {"a-05.json.gz": 1}}
    verdicts = verdicts_of(quarantined={"portal": (1000, 0)}, truncated={"portal": files}, lost=lost)
    assert [e.check for e in verdicts["01"].blocking] == ["whole_files:portal"]


@pytest.mark.parametrize(
    ("changes", "is_final"),
    [
        ({"emptied": {"portal"}}, True),
        ({"dbt": with_status("test.h.key", "fail")}, True),
        ({"dbt": with_status("test.h.key", "error")}, False),
        ({"dbt": with_status("model.h.timeliness", "error")}, False),
        ({"expectations": []}, False),
    ],
)
def test_a_verdict_is_final_where_what_holds_back_was_seen_in_the_data(changes: dict[str, Any], is_final: bool) -> None:
    verdict = verdicts_of(**changes)["01"]
    assert (verdict.passed, verdict.is_final) == (False, is_final)


def test_columns_that_are_not_read_are_reported_by_file() -> None:
    verdicts = verdicts_of(unread={"portal": [("thon.xlsx", ["Phủ sóng 4G", "5G NSA"])]})
    assert held_back(verdicts) == set()
    (warning,) = verdicts["01"].warnings
    assert warning.check == "unread:portal"
    assert "thon.xlsx: Phủ sóng 4G, 5G NSA" in warning.detail
    assert "operator_headings.csv" in warning.detail


def test_a_refused_file_warns_and_a_truncated_one_is_reported_once() -> None:
    reason = "no record of portal in it (1 rows, first reason missing_column: tests)"
    refused = {"portal": [(f"quy-{number}.parquet", reason) for number in range(5)], "another": [("x", "empty")]}
    verdicts = verdicts_of(refused=refused)
    assert held_back(verdicts) == set()
    (warning,) = verdicts["01"].warnings
    assert (warning.check, warning.observed) == ("refused:portal", "5")
    assert f"quy-0.parquet: {reason}" in warning.detail
    assert "and 2 more" in warning.detail
    assert "hatinh withdraw" in warning.detail
    broken_off = verdicts_of(
        refused={"portal": [("quy-0.parquet", reason)]}, truncated={"portal": [("quy-0.parquet", "unreadable_parquet")]}
    )
    assert {(e.check, e.severity) for e in broken_off["01"].evidence if not e.passed} == {
        ("whole_files:portal", "block")
    }


def test_a_source_whose_files_all_were_refused_in_place_of_sound_ones_holds_its_targets_back() -> None:
    blocking = verdicts_of(emptied={"portal"})["01"].blocking
    assert [e.check for e in blocking] == ["replaced:portal"]
    assert "hatinh withdraw" in blocking[0].detail
    assert not held_back(verdicts_of(emptied={"another"}))


def test_a_wrong_registry_holds_back_what_rests_on_it_and_names_the_cell() -> None:
    seed = "seed.h.targets"
    manifest = {
        **MANIFEST,
        "nodes": {**NODES, seed: model("targets", kind="seed", materialized="seed")},
        "parent_map": {**MANIFEST["parent_map"], "model.h.backlog": ["model.h.trimmed", seed], seed: []},
    }
    results = [*RESULTS, NodeResult(seed, "seed", "targets", "success", "", None, 0.1)]
    wrong = Fault("targets", 4, "target_value", "a milestone of 2030 without a value", "write the value")
    assert not held_back(verdicts_of(manifest=manifest, dbt=results))
    verdicts = verdicts_of(manifest=manifest, dbt=results, faults=[wrong] * 5)
    assert held_back(verdicts) == {"02"}
    (blocking,) = verdicts["02"].blocking
    assert "targets.csv, line 4, target_value: a milestone of 2030 without a value: write the value" in blocking.detail
    assert "and 2 more" in blocking.detail


def test_a_mart_computed_from_another_one_is_as_good_as_that_one() -> None:
    chained = {
        **MANIFEST,
        "parent_map": {**MANIFEST["parent_map"], "model.h.backlog": ["model.h.timeliness"]},
    }
    found = [replace(e, passed=e.check != "range:timeliness") for e in FOUND]
    assert held_back(verdicts_of(expectations=found)) == {"01"}
    assert held_back(verdicts_of(expectations=found, manifest=chained)) == {"01", "02"}


def with_figure_of(model_name: str | None) -> dict[str, Suite]:
    """The suites, in which the range of `timeliness` is a check of a figure of the named model."""
    suite = SUITES["timeliness"]
    checks = tuple(replace(e, figure_of=model_name) if e.type == "range" else e for e in suite.expectations)
    return {**SUITES, "timeliness": Suite("timeliness", checks)}


@pytest.mark.parametrize(
    ("figure_of", "blocked"),
    [(None, {"01"}), ("trimmed", {"01", "02"}), ("stg", {"01", "02"}), ("areas", {"01"}), ("backlog", {"01", "02"})],
)
def test_what_fails_of_a_figure_holds_every_table_of_the_figure(figure_of: str | None, blocked: set[str]) -> None:
    failed = [replace(e, passed=False) if e.check == "range:timeliness" else e for e in FOUND]
    verdicts = verdicts_of(expectations=failed, suites=with_figure_of(figure_of))
    assert held_back(verdicts) == blocked
    if "02" in blocked:
        assert [(e.check, e.table) for e in verdicts["02"].blocking] == [("range:timeliness", "timeliness")]
    assert held_back(verdicts_of(suites=with_figure_of("trimmed"))) == set()


def test_a_check_of_a_shared_figure_that_was_not_run_holds_both() -> None:
    without = [e for e in FOUND if e.check != "range:timeliness"]
    verdicts = verdicts_of(expectations=without, suites=with_figure_of("trimmed"))
    assert held_back(verdicts) == {"01", "02"}
    assert {e.kind for verdict in verdicts.values() for e in verdict.blocking} == {"missing"}


def test_two_deliveries_of_one_name_and_day_warn_with_the_command_that_keeps_one() -> None:
    verdict = verdicts_of(repeated={"portal": [("hoso-2026-10-05.ndjson", ["a" * 64, "b" * 64])], "other": []})["01"]
    assert verdict.passed
    (warning,) = verdict.warnings
    assert warning.observed == "2"
    assert "aaaaaaaaaaaa, bbbbbbbbbbbb, oldest first" in warning.detail
    assert "hatinh withdraw portal aaaaaaaaaaaa" in warning.detail
