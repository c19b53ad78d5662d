"""Who owes which report by which form: kept beside the indicators, and true for earlier periods."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from workbooks import DAY

from pipelines.reporting.obligations import COMMAND, renewed
from pipelines.reporting.registry import form_of
from pipelines.seeds import seed_rows
from pipelines.settings import load_settings

SEEDS = load_settings().seeds
INDICATORS = list(seed_rows(SEEDS, "indicators"))
HELD = list(seed_rows(SEEDS, "report_obligations"))


def test_every_reported_indicator_is_owed_by_the_form_that_it_has_now() -> None:
    assert renewed(INDICATORS, HELD, DAY) == HELD, f"indicators.csv has moved on; look at it, then: {COMMAND}"


def test_obligations_do_not_overlap() -> None:
    rows = sorted(HELD, key=lambda row: (row["indicator"], row["agency_level"], row["valid_from"]))
    for before, row in pairwise(rows):
        if (before["indicator"], before["agency_level"]) == (row["indicator"], row["agency_level"]):
            assert before["valid_to"] < row["valid_from"], row
            assert before["valid_to"], row


@pytest.mark.parametrize("field", ["title_vi", "unit", "definition_vi", "valid_max", "frequency"])
def test_a_changed_question_gets_a_new_form_and_keeps_the_old_for_its_periods(field: str) -> None:
    asked = next(row for row in INDICATORS if row["indicator"] == "digital_skills_trained_pct")
    (held,) = renewed([asked], [], DAY)
    assert (held["valid_from"], held["form"]) == ("2025-07-01", form_of(asked))
    changed = {**asked, field: "khác"}
    assert renewed([changed], [held], date(2027, 1, 1)) == [
        {**held, "valid_to": "2026-12-31"},
        {**held, "valid_from": "2027-01-01", "form": form_of(changed)},
    ]
    # before anybody was asked, the question is simply put otherwise
    assert renewed([changed], [held], date(2025, 7, 1)) == [{**held, "form": form_of(changed)}]


def test_what_is_reported_no_longer_is_owed_no_longer() -> None:
    asked = {**next(row for row in INDICATORS if row["indicator"] == "it_staff"), "reported_by": "province+commune"}
    both = renewed([asked], [], DAY)
    assert [row["agency_level"] for row in both] == ["province", "commune"]
    left = renewed([{**asked, "reported_by": "commune"}], both, date(2027, 1, 1))
    assert [(row["agency_level"], row["valid_to"]) for row in left] == [("province", "2026-12-31"), ("commune", "")]


def test_what_does_not_change_the_question_does_not_change_the_form() -> None:
    row = INDICATORS[-1]
    assert form_of({**row, "title_en": "x", "definition_en": "x", "defined_by": "x"}) == form_of(row)
