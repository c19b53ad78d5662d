"""The rules: what the seed and the SQL give, against figures that the portal published and against JavaScript."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.qd766.explain_method import COMMAND, PAGE, render_method
from pipelines.qd766.rules import DBT_PROJECT, Rules, RulesError, Share, load_rules

from .portal_answers import DIGITISED, GROUPS, SATISFACTION, TRANSPARENCY

COUNTS = st.integers(0, 2**40)


@pytest.fixture(scope="module")
def sql(rules: Rules) -> Iterator[duckdb.DuckDBPyConnection]:
    with rules.connect() as connection:
        yield connection


def points(rules: Rules, code: str, numerator: int | None, denominator: int | None) -> Decimal | None:
    return rules.points([[Share(code, numerator, denominator)]])[0]


def test_the_index_has_a_hundred_points_in_six_groups(rules: Rules) -> None:
    assert rules.group_max == {"CKMB": 18, "TDGQ": 20, "CLGQ": 12, "TTTT": 10, "MDSH": 22, "MDHL": 18}


@pytest.mark.parametrize("metric", [*TRANSPARENCY, *DIGITISED, *SATISFACTION], ids=lambda metric: metric["code"])
def test_points_of_ha_tinh_are_those_published(rules: Rules, metric: dict[str, object]) -> None:
    shown = points(rules, metric["code"], metric["numerator"], metric["denominator"])  # type: ignore[arg-type]
    assert shown == (None if metric["score"] is None else Decimal(str(metric["score"])))


def test_the_index_of_ha_tinh_is_the_published_57_20(rules: Rules) -> None:
    groups: dict[str, list[Share]] = {
        "TDGQ": [Share("DOSSIER_ON_TIME", 168229, 204147)],
        "TTTT": [
            Share("PAYMENT_DOSSIER", 96068, 110621),
            Share("PAYMENT_PROCEDURE", 98, 334),
            Share("PAYMENT_INTEGRATED", 35, 334),
        ],
    }
    for code, metrics in (("CKMB", TRANSPARENCY), ("MDSH", DIGITISED), ("MDHL", SATISFACTION)):
        groups[code] = [Share(m["code"], m["numerator"], m["denominator"]) for m in metrics]
    ours = dict(zip(groups, rules.points(list(groups.values())), strict=True))
    # the counts behind Hà Tĩnh's online services are not published
    assert ours == {code: Decimal(str(GROUPS[code])) for code in groups}
    assert sum(p or 0 for p in ours.values()) + Decimal("8.69") == Decimal("57.20")


def test_online_services_as_observed_in_a_province(rules: Rules) -> None:
    shares = [Share("ONLINE_PROVISION", 52, 89), Share("ONLINE_SERVICE_USED", 449, 1884)]
    assert rules.points([shares, [*shares, Share("ONLINE_DOSSIER", 98797, 100000)]]) == [
        Decimal("2.41"),
        Decimal("8.41"),
    ]


def test_a_tie_is_settled_by_the_binary_value(rules: Rules) -> None:
    assert points(rules, "PUBLISH_ON_TIME", 1, 48) == Decimal("0.12")  # 6 x 2.083333333333333 / 100 < 0.125
    assert points(rules, "DOSSIER_ON_TIME", 29, 32) == Decimal("18.13")  # 18.125 exactly
    assert points(rules, "PAYMENT_PROCEDURE", 1, 4) == Decimal("0.63")  # 0.625 exactly


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("PUBLISH_ON_TIME", None),
        ("ORIGINAL_RESULT_AVAILABLE", None),
        ("DOSSIER_ON_TIME", 0),
        ("PAYMENT_DOSSIER", 0),
        ("DOSSIER_RECEIVING_SATISFACTION", 0),
        ("PETITION_PROCESSING_ON_TIME", 6),
        ("PETITION_HANDLING_SATISFACTION", 6),
        ("ELECTRONIC_CERTIFIED_COPY", 2),
        ("PETITION_CLASSIFICATION_STAFF", None),
    ],
)
def test_every_convention_of_zero_out_of_zero(rules: Rules, code: str, expected: int | None) -> None:
    assert points(rules, code, 0, 0) == expected


def test_missing_counts_are_not_zero(rules: Rules) -> None:
    assert points(rules, "DOSSIER_ON_TIME", None, 5) is None
    assert points(rules, "DOSSIER_ON_TIME", 5, None) is None
    assert points(rules, "PETITION_PROCESSING_ON_TIME", None, 0) is None


def test_a_group_counts_a_component_without_points_as_zero(sql: duckdb.DuckDBPyConnection) -> None:
    assert sql.execute("select qd766_total(p) from (values (1.96), (null), (6.00)) as t (p)").fetchone() == (
        Decimal("7.96"),
    )
    assert sql.execute("select qd766_total(p) from (values (cast(null as decimal(9, 2)))) as t (p)").fetchone() == (0,)


@settings(max_examples=2 * settings.default.max_examples, deadline=None)
@given(
    st.lists(
        st.floats(0, 100) | st.floats(0, 0.02) | st.integers(0, 10**5).map(lambda n: n / 1000), min_size=1, max_size=50
    )
)
def test_rounding_is_that_of_javascript(sql: duckdb.DuckDBPyConnection, values: list[float]) -> None:
    ours = sql.execute("select qd766_to_fixed(unnest(cast(? as double[])))", [values]).fetchall()
    assert [r for (r,) in ours] == [Decimal(v).quantize(Decimal("0.01"), ROUND_HALF_UP) for v in values]


@settings(max_examples=40, deadline=None)
@given(numerator=COUNTS, denominator=COUNTS, more=st.integers(0, 2**20))
def test_points_stay_within_bounds_and_grow_with_the_numerator(
    rules: Rules, numerator: int, denominator: int, more: int
) -> None:
    codes = list(rules.components)
    both = rules.points([[Share(code, n, denominator)] for n in (numerator, numerator + more) for code in codes])
    low, high = both[: len(codes)], both[len(codes) :]
    for code, less, bigger in zip(codes, low, high, strict=True):
        assert (less is None) == (bigger is None)
        assert less is None or (bigger is not None and 0 <= less <= bigger <= rules.components[code].max_points)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=3, max_size=3))
def test_an_observation_is_the_sum_of_its_shares(rules: Rules, counts: list[tuple[int, int]]) -> None:
    codes = ("PAYMENT_DOSSIER", "PAYMENT_PROCEDURE", "PAYMENT_INTEGRATED")
    shares = [Share(code, n, d) for code, (n, d) in zip(codes, counts, strict=True)]
    whole, *parts = rules.points([shares, *([share] for share in shares)])
    assert whole == sum(part or 0 for part in parts)


def test_an_unknown_component_is_named(rules: Rules) -> None:
    with pytest.raises(RulesError, match=r"qd766_components\.csv for NEW_METRIC"):
        points(rules, "NEW_METRIC", 1, 2)


# ------------------------------------------------------------------------------------------------ a seed people edit
@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("seeds/qd766_components.csv", "macros/qd766.sql"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DBT_PROJECT / name, tmp_path / name)
    return tmp_path


def edit(project: Path, old: str, new: str, name: str = "seeds/qd766_components.csv") -> None:
    text = (project / name).read_text(encoding="utf-8")
    assert old in text
    (project / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_later_row_takes_the_place_of_an_earlier_one_from_its_day_on(project: Path) -> None:
    seed = project / "seeds" / "qd766_components.csv"
    row = next(line for line in seed.read_text(encoding="utf-8").splitlines() if line.startswith("SO_HOA"))
    later = row.replace("linear,,", "capped,80,").replace("portal-2026,2026-01-01", "portal-2027,2027-01-01")
    seed.write_text(seed.read_text(encoding="utf-8") + later + "\n", encoding="utf-8")
    assert points(load_rules(project), "SO_HOA_GIAY_TO_GIAI_QUYET", 1, 2) == Decimal("2.50")
    assert points(load_rules(project, dt.date(2026, 12, 31)), "SO_HOA_GIAY_TO_GIAI_QUYET", 1, 2) == Decimal("2.00")
    with pytest.raises(RulesError, match="no row is valid on 1 Jan 2020"):
        load_rules(project, dt.date(2020, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("6,linear", "6,liner", "line 2: rule is 'liner'; allowed: linear, capped"),
        ("6,linear", "six,linear", "line 2: invalid literal"),
        ("2,capped,80", "2,capped,", "threshold_pct, 1 to 100"),
        ("2,capped,80", "2,capped,180", "threshold_pct, 1 to 100"),
        ("6,linear,", "6,linear,80", "threshold_pct, 1 to 100"),
        ("2026-01-01", "01/01/2026", "valid_from a date"),
        ("PUBLIC_UPDATE_ON_TIME", "PUBLISH_ON_TIME", "PUBLISH_ON_TIME appears twice"),
        ("zero_convention", "zero", "the columns must be"),
    ],
)
def test_a_wrong_edit_is_named_with_its_line(project: Path, old: str, new: str, message: str) -> None:
    edit(project, old, new)
    with pytest.raises(RulesError, match=message):
        load_rules(project)


def test_the_functions_hold_no_template(project: Path) -> None:
    edit(project, "pow(2, 60)", "{{ sixty }}", "macros/qd766.sql")
    with pytest.raises(RulesError, match="without templates"):
        load_rules(project)


def test_the_error_of_a_missing_seed_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"qd766_components\.csv: the file is missing: put it back into"):
        load_rules(tmp_path)


def test_the_method_page_is_up_to_date(rules: Rules) -> None:
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert written == render_method(rules), f"docs/methods/qd766.md is out of date: run `{COMMAND}`"


def test_the_method_page_names_every_component_in_both_languages(rules: Rules) -> None:
    page = render_method(rules)
    for component in rules.components.values():
        assert component.title_vi in page
        assert component.title_en in page
    assert page.index("## Tiếng Việt") < page.index("## English")
    assert "create or replace macro qd766_points" in page
