"""The check as a person sees it: answers in, counts, disagreements and an exit code out."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipelines.landing.receipts import RECEIPT_SUFFIX
from pipelines.qd766.answers import ENDPOINTS
from pipelines.qd766.check import CheckReport, check_files, render
from pipelines.qd766.rules import Rules
from pipelines.settings import PROJECT_ROOT

from .conftest import Record
from .portal_answers import (
    DIGITISED,
    GROUPS,
    PLACE,
    SATISFACTION,
    TRANSPARENCY,
    listed,
    metric,
    payment,
    progress,
    results,
    unit,
)

RECORDED = Path(os.environ.get("SHARED_FACTS", PROJECT_ROOT.parent / "shared")) / "data" / "qd766"


def shown(report: CheckReport) -> str:
    out = io.StringIO()
    Console(file=out, width=300).print(render(report))
    return out.getvalue()


def only(report: CheckReport) -> str:
    """The one finding, as kind, item and detail."""
    assert len(report.findings) == 1, shown(report)
    finding = report.findings[0]
    return f"{finding.kind} {finding.item}: {finding.detail}"


# --------------------------------------------------------------------------------------------------- recorded answers
@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are absent: set SHARED_FACTS to their folder")
def test_every_recorded_observation_is_reproduced(rules: Rules) -> None:
    report = check_files([RECORDED], rules)
    assert report.findings == ()
    assert report.exit_code == 0
    agreeing, compared = report.agreement("score")
    assert agreeing == compared >= 331
    # nothing drops out silently: what cannot be recomputed is listed with its reason
    assert {(e, item): n for (e, item, _), n in report.not_checkable.items()} == {("provide-online-tree", "CLGQ"): 489}
    assert not any("new to us" in note for note in report.notes)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are absent: set SHARED_FACTS to their folder")
def test_recorded_payments_are_reproduced_to_the_hundredth(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.qd766.check.TOLERANCE", 0.0)
    trees = [RECORDED / name for name in ("formality-online-payment-tree", "dvc-progress-tree", "provide-online-tree")]
    report = check_files(trees, rules)
    assert report.agreement("score") == (331, 331)


# ------------------------------------------------------------------------------------------------- answers that agree
def test_all_that_is_published_for_ha_tinh_agrees(record: Record, rules: Rules) -> None:
    for name, data in {
        "transparency": listed(unit(*TRANSPARENCY, averageScore=7.9), unit(*TRANSPARENCY)),
        "digitised": listed(unit(*DIGITISED, departmentCode="H27")),
        "satisfaction": listed(unit(*SATISFACTION, totalPetitions=116, classifiedPetitions=114, totalDossiers=204147)),
        "progress": progress(),
        "payment": payment(),
        "results": results(),
    }.items():
        path = record(data, f"{name}.json")
    report = check_files([path.parent], rules)
    assert report.exit_code == 0, shown(report)
    assert {tally.endpoint for tally in report.tallies} == set(ENDPOINTS) - {"provide-online-tree"}
    assert report.agreement("score") == (22, 22)
    assert "6 files: 22 of 22 scores and 7 of 7 sums agree within 0.01." in shown(report)


def test_the_portals_flags_are_kept(record: Record, rules: Rules) -> None:
    report = check_files([record(listed(unit(*TRANSPARENCY)))], rules)
    assert report.flags == {("DOSSIER_SYNC", "TEMP_NATIONAL_REPORT_DENOMINATOR"): 1}
    assert "TEMP_NATIONAL_REPORT_DENOMINATOR" in shown(report)


def test_a_component_without_points_keeps_its_maximum(record: Record, rules: Rules) -> None:
    metrics = (metric("PUBLISH_ON_TIME", 0, 0, None, 6), *TRANSPARENCY[1:])
    assert check_files([record(listed(unit(*metrics)))], rules).exit_code == 0


def test_receipts_beside_the_answers_of_a_folder_are_passed_over(record: Record, rules: Rules) -> None:
    path = record(progress())
    path.with_name("answer.json" + RECEIPT_SUFFIX).write_text('{"sha256": "00"}', encoding="utf-8")
    assert check_files([path.parent], rules).exit_code == 0


def test_a_bare_data_object_and_a_byte_order_mark_are_read(tmp_path: Path, rules: Rules) -> None:
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(progress()), encoding="utf-8-sig")
    assert check_files([path], rules).exit_code == 0


def test_one_hundredth_is_agreement_and_two_are_not(record: Record, rules: Rules) -> None:
    assert check_files([record(progress(totalScore=16.47))], rules).exit_code == 0
    report = check_files([record(progress(totalScore=16.46))], rules)
    assert report.exit_code == 1
    assert only(report) == "formula DOSSIER_ON_TIME: 16.46 published, 16.48 by our rules from 168229/204147"


def test_the_content_names_the_endpoint_and_the_folder_only_helps(record: Record, rules: Rules) -> None:
    report = check_files([record(progress(), "transparency/month.json")], rules)
    assert {t.endpoint for t in report.tallies} == {"dvc-progress-tree"}
    child = {**PLACE, "level": "COMMUNE", "totalScore": 6, "totalMaxScore": 12, "ratio": 50, "scoreDelta": None}
    children = {"children": [child], "monthlyChart": []}
    assert "not an answer" in shown(check_files([record(children, "unknown/a.json")], rules))
    report = check_files([record(children, "provide-online-tree/a.json")], rules)
    assert list(report.not_checkable.values()) == [1]


# ---------------------------------------------------------------------------------------------- answers that disagree
def test_a_changed_threshold_is_detected_and_named(record: Record, rules: Rules) -> None:
    digitised = [
        listed(unit(metric("SO_HOA_GIAY_TO_GIAI_QUYET", n, 204147, score, 4)))
        for n, score in ((59407, 1.46), (100000, 2.45), (180000, 4))
    ]
    report = check_files([record(data, f"{number}.json") for number, data in enumerate(digitised)], rules)
    assert report.exit_code == 1
    assert {f.item for f in report.findings} == {"SO_HOA_GIAY_TO_GIAI_QUYET"}
    assert all(f.kind == "formula" and f.unit == "UBND tỉnh Hà Tĩnh" for f in report.findings)
    assert any(
        note.startswith("SO_HOA_GIAY_TO_GIAI_QUYET: full points at 80 % would give all 3 published scores")
        for note in report.notes
    )


@pytest.mark.parametrize(("published", "counts"), [(None, (15, 79)), (0, (0, 0)), (0, (None, None))])
def test_null_is_not_zero(
    record: Record, rules: Rules, published: float | None, counts: tuple[int | None, ...]
) -> None:
    report = check_files([record(listed(unit(metric("PUBLIC_UPDATE_ON_TIME", *counts, published, 4))))], rules)
    assert [f.kind for f in report.findings] == ["formula"]
    assert "none" in report.findings[0].detail


def test_a_changed_maximum_and_a_new_component_are_named(record: Record, rules: Rules) -> None:
    report = check_files([record(listed(unit(metric("PUBLISH_ON_TIME", 1, 2, 2.5, 5))))], rules)
    assert only(report) == "formula PUBLISH_ON_TIME: maximum 5 published, 6 in our rules"
    report = check_files([record(listed(unit(*TRANSPARENCY[1:], metric("BRAND_NEW", 1, 2, 3, 6))))], rules)
    assert only(report).startswith("formula BRAND_NEW: BRAND_NEW has no row in qd766_components.csv")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (progress(totalOnTime=204148, ratio=100, totalScore=20), "204148/204147: numerator above denominator"),
        (progress(totalOnTime=-1, ratio=0, totalScore=0), "-1/204147: a negative count"),
        (progress(ratio=82.47), "82.47 % published, 168229/204147 is 82.41 %"),
        (payment(ratio=52), "52 % published, 6.2 of 10 points is not"),
        (results({"groupScores": GROUPS | {"CKMB": 9.76}}), "57.2 published, parts sum to 58.2"),
        (results(totalScore=67.2, ratio=67.2), "67.2 published, parts sum to 57.2"),
        (
            results({"groupScores": GROUPS | {"CKMB": 18.76, "TDGQ": 6.48}}),
            "CKMB: 18.76 points, outside 0 to 18",
        ),
        (listed(unit(*TRANSPARENCY, totalScore=9.76, ratio=54.22)), "9.76 published, parts sum to 8.76"),
        (
            listed(unit(*TRANSPARENCY, totalMaxScore=20, ratio=43.8)),
            "maximum 20 published, maxima of the parts sum to 18",
        ),
        (
            listed(unit(metric("PETITION_CLASSIFICATION_TTHC", 117, 116, None, 0), *SATISFACTION[1:])),
            "117/116: numerator above denominator",
        ),
    ],
)
def test_impossible_arithmetic_is_its_own_kind(record: Record, rules: Rules, data: Any, expected: str) -> None:
    report = check_files([record(data)], rules)
    assert report.exit_code == 1
    assert expected in [f.detail for f in report.findings if f.kind == "arithmetic"], shown(report)
    assert not [f for f in report.findings if f.kind == "formula"]


def test_overdue_and_on_time_sum_to_received(record: Record, rules: Rules) -> None:
    child = {
        k: v for k, v in progress()["parent"].items() if k not in ("totalScore", "totalMaxScore", "totalCompleted")
    }
    child |= {"level": "COMMUNE", "scoreDelta": None, "score": 16.48, "maxScore": 20, "totalOverdue": 35919}
    report = check_files([record(progress() | {"children": [child]})], rules)
    assert only(report) == "arithmetic totalReceived: 204147 published, parts sum to 204148"


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (({"rank": 1}, {"rank": 2}), None),  # equal totals may split a place or share it
        (({"rank": 1}, {"rank": 1}), None),
        (({"rank": 1}, {"rank": 3}), "place 3 published, 57.2 points are place 1 of 2"),
        (
            ({"totalScore": 56.2, "groupScores": GROUPS | {"CKMB": 7.76}, "ratio": 56.2}, {}),
            "57.2 points are listed below 56.2",
        ),
    ],
)
def test_ranks_follow_the_totals(record: Record, rules: Rules, units: Any, expected: str | None) -> None:
    report = check_files([record(results(*units))], rules)
    if expected is None:
        assert report.exit_code == 0, shown(report)
    else:
        assert expected in only(report)


def test_unknown_fields_are_reported_and_do_not_stop_the_check(record: Record, rules: Rules) -> None:
    report = check_files([record(progress(colour="đỏ") | {"extra": 1})], rules)
    assert report.exit_code == 0
    assert {note.split(": field ")[1].split(" is new")[0] for note in report.notes} == {"parent.colour", "data.extra"}


def test_payment_without_its_third_numerator_is_listed_as_not_checkable(record: Record, rules: Rules) -> None:
    data = payment()
    del data["parent"]["totalFeeDossierFormality"]
    report = check_files([record(data), record(progress(), "p.json")], rules)
    assert report.exit_code == 0
    assert list(report.not_checkable) == [
        (
            "formality-online-payment-tree",
            "TTTT",
            "totalFeeDossierFormality, the numerator of part c, is not in the file",
        )
    ]


# -------------------------------------------------------------------------------------------------- what is no answer
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>403 Forbidden</body></html>", "HTML or XML page"),
        (json.dumps(progress()).encode()[:200], "ends too early"),
        (b'{"code":"OK","data":{"parent":{"departmentName":"UBND t', "ends too early"),
        (b'{"code":"ERROR","data":null,"message":"x"}', "data is null, not an object (code 'ERROR')"),
        (b'{"code":"ERROR","message":"x"}', "an envelope without data"),
        (b"[1, 2]", "a JSON list, not an object"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"data": {"hello": "world"}}', "not an answer of one of the seven endpoints"),
        (b'{"data": {"parent": {"totalReceived": NaN}}}', "NaN is no number"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[" * 200_000, "JSON"),
        (b'{"overview":{"totalReceived":1,"totalFeeFormality":1}}', "a mixture of endpoints"),
        (b'{"overview":{"totalReceived":1}}', "an answer of dvc-progress-tree without any unit"),
        (b'{"parent":{"totalReceived":1}}', "parent row 1: parent.departmentName is missing"),
        (b'{"radar":[],"evaluation":{}}', "data.evaluation is object, not a list"),
    ],
)
def test_a_file_that_is_no_answer_is_named_and_the_others_go_on(
    record: Record, rules: Rules, tmp_path: Path, content: bytes, reason: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    report = check_files([bad, record(progress())], rules)
    assert report.exit_code == 2
    assert report.agreement("score") == (1, 1)
    assert [p.file for p in report.problems] == [bad]
    assert reason in report.problems[0].reason
    assert "bad.json" in shown(report)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"totalReceived": "204147"}, "parent.totalReceived is text, not a number"),
        ({"totalReceived": None}, "parent.totalReceived is null"),
        ({"totalReceived": True}, "parent.totalReceived is true or false"),
        ({"totalReceived": 1.5}, "parent.totalReceived is not a whole number"),
        ({"totalReceived": 10**400}, "parent.totalReceived is too large"),
        ({"totalScore": [1]}, "parent.totalScore is list"),
        ({"departmentName": 7}, "parent.departmentName is number, not text"),
    ],
)
def test_a_wrong_type_is_a_clear_line(record: Record, rules: Rules, changes: dict[str, Any], reason: str) -> None:
    report = check_files([record(progress(**changes)), record(payment(), "payment.json")], rules)
    assert report.exit_code == 2
    assert report.agreement("score") == (1, 1)
    assert reason in report.problems[0].reason


def test_one_malformed_metric_spares_its_neighbours_and_the_sum(record: Record, rules: Rules) -> None:
    broken = {**TRANSPARENCY[0], "score": "0"}
    report = check_files([record(listed(unit(*TRANSPARENCY) | {"metrics": [broken, *TRANSPARENCY[1:]]}))], rules)
    assert report.agreement("score") == (3, 3)
    assert report.findings == ()
    assert [p.reason for p in report.problems] == [
        "UBND tỉnh Hà Tĩnh, metrics row 1: metrics.score is text, not a number"
    ]


@pytest.mark.parametrize("path", ["missing.json", "empty"])
def test_nothing_to_check_is_exit_code_2(tmp_path: Path, rules: Rules, path: str) -> None:
    (tmp_path / "empty").mkdir()
    report = check_files([tmp_path / path], rules)
    assert report.exit_code == 2
    assert "Nothing could be checked" in shown(report)
    assert check_files([], rules).exit_code == 2


def test_names_survive_as_they_are(record: Record, rules: Rules) -> None:
    report = check_files([record(progress(totalScore=1, departmentName="UBND xã [bold]Đức Thọ[/]"))], rules)
    assert "UBND xã [bold]Đức Thọ[/] (H27)" in shown(report)
