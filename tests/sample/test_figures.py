"""The figures that ship: each can be followed to its document, and each day shows what was public by then."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.scoreboard.statistics import AS_OF

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "dbt_project" / "seeds"
PROVINCE, NATION = "42", "VN"


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def statistics() -> Iterator[duckdb.DuckDBPyConnection]:
    """The shipped figures under the name and columns that AS_OF asks for."""
    file = SEEDS / "published_figures.csv"
    with duckdb.connect() as connection:
        connection.execute(
            "create view statistics as select * exclude (area_code), area_code::varchar as area_code, "
            f"published_on as vintage_on from read_csv('{file}', types={{'area_code': 'varchar'}})"
        )
        yield connection


def test_every_figure_can_be_followed_to_its_document() -> None:
    for row in rows("published_figures"):
        assert row["source"], row
        assert row["document"], row
        assert row["grade"] in ("A", "A-copy", "B", "C", "K"), row
        assert date.fromisoformat(row["published_on"]) <= date(2026, 11, 29), row
        assert row["vintage_precision"] in ("day", "not_after"), row
        if row["grade"] == "K" or "erived" in row["note"]:
            assert row["note"], row


def test_every_document_can_be_looked_up() -> None:
    """By an address, by the number of an article, a text or a table, or by its name with month and year."""
    known = re.compile(
        r"[a-z0-9-]+\.(vn|org|com|net|info|int)\b|\b(post|c)\d{5,}|\d/(QĐ|NQ|CĐ|KH|CTr)|PxWeb [EV]\d|\b\d{1,2}/\d{4}\b"
    )
    assert [row for row in rows("published_figures") if not known.search(row["document"])] == []


DECIDED = (
    # what contradicted what, and the words by which the row of each figure states how it was decided
    ("grdp_current_trillion_vnd 42 2022 Wikipedia", "92.960"),
    ("grdp_current_trillion_vnd 42 2022 UBND tỉnh Hà Tĩnh", "97.881"),
    ("grdp_current_trillion_vnd 42 2025 VnEconomy", "120.811"),
    ("grdp_current_trillion_vnd 42 2025 Chi cục Thống kê Hà Tĩnh", "126"),
    ("grdp_per_capita_million_vnd 42 2022 Wikipedia", "70.47"),
    ("grdp_per_capita_million_vnd 42 2022 UBND tỉnh Hà Tĩnh", "75.2"),
    ("grdp_per_capita_million_vnd 42 2020 Tạp chí Cộng sản", "62.12"),
    ("grdp_per_capita_million_vnd 42 2025 VnEconomy", "120.811"),
    ("grdp_agriculture_share_pct 42 2020 Cục Thống kê Hà Tĩnh", "15.82"),
    ("grdp_services_share_pct 42 2021 Cục Thống kê Hà Tĩnh", "taxes"),
    ("grdp_services_share_excl_tax_pct 42 2021 Cục Thống kê Hà Tĩnh", "40.53"),
    ("grdp_growth_pct 42 2022 UBND tỉnh Hà Tĩnh", "2.54"),
    ("grdp_growth_pct 42 2022 Cục Thống kê Hà Tĩnh", "3.98"),
    ("population_count 42 2025 TCCS", "[Rr]egistered"),
    ("population_count 42 2022 Wikipedia", "1,317,254"),
    ("population_count 42 2022 Cục Thống kê", "[Aa]verage"),
    ("population_urban_count 42 2022 Wikipedia", "293,700"),
    ("area_km2 42 2025 TCCS", "out of date"),
    ("area_km2 42 2025 Bộ dữ liệu sáp nhập", "rounding"),
    ("area_km2 42 2021 Cục Thống kê", "5,994.45"),
    ("retail_sales_billion_vnd 42 2025 VnEconomy", "GOODS only"),
    ("sipas_pct 42 2022 Báo Hà Tĩnh", "not comparable"),
    ("coverage_5g_population_pct VN 2025 Bộ Khoa học và Công nghệ", "more than 91"),
    ("dti_rank 42 2021 Tạp chí Thương hiệu và Công luận", "Agrees"),
    ("dti_rank 42 2023 Báo Hà Tĩnh", "end of May 2025"),
    ("dti_government_rank 42 2022 Báo Hà Tĩnh", "Derived"),
    ("digital_economy_share_pct VN 2025 Cục Thống kê", "ministry"),
    ("fibre_households_pct VN 2024 Bộ Thông tin và Truyền thông (Cục Viễn thông)", "access"),
    ("science_technology_budget_share_pct VN 2024 Bộ Tài chính", "WITHOUT digital transformation"),
    ("enterprises_active_count 42 2025 VnEconomy", "15,000"),
    ("new_enterprises_mean_count 42 2025 VnEconomy", "each year"),
    ("pii_rank 42 2024 Báo Hà Tĩnh", "42 in 2023"),
)


@pytest.mark.parametrize(("figure", "words"), DECIDED)
def test_a_contradiction_is_decided_in_the_note_of_its_row(figure: str, words: str) -> None:
    indicator, area, year, source = figure.split(" ", 3)
    notes = [
        row["note"]
        for row in rows("published_figures")
        if (row["indicator"], row["area_code"], row["source"]) == (indicator, area, source)
        and row["period_start"].startswith(year)
    ]
    assert notes, "the figure is not held any more"
    assert any(re.search(words, note) for note in notes), notes


def test_a_printed_about_or_more_than_is_the_qualifier_of_a_figure() -> None:
    opening = {"more_than": re.compile(r"^More than\b"), "about": re.compile(r"^(About|Nearly)\b")}
    # "About 2022." is the period, other texts may be about another quantity
    other = re.compile(r"^(About (2022\.|72\.1 billion)|More than 18 million)")
    for row in rows("published_figures"):
        for qualifier, words in opening.items():
            if words.match(row["note"]) and not other.match(row["note"]):
                assert row["qualifier"] == qualifier, row


@pytest.mark.parametrize(
    ("series", "day", "expected"),
    [
        ("digital_economy_share_pct VN 2022", "2023-12-30", {12.67}),
        ("digital_economy_share_pct VN 2022", "2024-06-30", {12.63}),
        ("digital_economy_share_pct VN 2022", "2025-01-06", {12.83}),
        ("digital_economy_share_pct VN 2025", "2025-12-31", set()),
        ("digital_economy_share_pct VN 2025", "2026-01-04", set()),
        ("digital_economy_share_pct VN 2025", "2026-01-05", {14.02}),
        ("dti_rank 42 2022", "2023-07-11", set()),
        ("dti_rank 42 2022", "2023-07-12", {37.0}),
        ("dti_rank 42 2022", "2026-11-29", {37.0}),
        ("grdp_growth_pct 42 2022", "2022-12-29", set()),
        ("grdp_growth_pct 42 2022", "2022-12-30", {3.98}),
        ("grdp_growth_pct 42 2022", "2023-12-31", {3.98, 2.54}),
        ("grdp_per_capita_million_vnd 42 2021", "2021-12-28", set()),
        ("grdp_per_capita_million_vnd 42 2021", "2021-12-29", {67.03}),
        ("grdp_per_capita_million_vnd 42 2021", "2022-12-30", {67.03, 66.7}),
        ("egdi_rank VN 2024", "2024-09-16", set()),
        ("egdi_rank VN 2024", "2024-09-17", {71.0}),
        ("egdi_rank VN 2024", "2026-11-29", {71.0}),
    ],
)
def test_a_day_shows_what_was_public_by_then(
    statistics: duckdb.DuckDBPyConnection, series: str, day: str, expected: set[float]
) -> None:
    indicator, area, year = series.split()
    found = statistics.execute(
        f"select value from ({AS_OF}) where indicator = $i and area_code = $a and period_type = 'year' "
        "and year(period_start) = $y",
        {"day": date.fromisoformat(day), "i": indicator, "a": area, "y": int(year)},
    ).fetchall()
    assert {value for (value,) in found} == expected


def test_shares_of_a_structure_sum_to_100() -> None:
    """Agriculture, industry and services with taxes on products, of one source and year."""
    parts = {"grdp_agriculture_share_pct", "grdp_industry_share_pct", "grdp_services_share_pct"}
    sums: Counter[tuple[str, str]] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows("published_figures"):
        if row["indicator"] in parts and row["period_type"] == "year":
            key = (row["source"], row["period_start"])
            sums[key] += float(row["value"])  # type: ignore[assignment]
            counts[key] += 1
    assert set(counts.values()) == {3}
    assert all(abs(total - 100) <= 0.05 for total in sums.values()), sums


def test_points_of_the_digital_economy_sum_to_its_share() -> None:
    points = [row for row in rows("published_figures") if row["indicator"].endswith(("_points",))]
    by_year: Counter[str] = Counter()
    for row in points:
        if row["unit"] == "điểm % GDP":
            by_year[row["period_start"][:4]] += float(row["value"])  # type: ignore[assignment]
    assert {year: round(total, 2) for year, total in by_year.items()} == {"2025": 14.02, "2022": 12.75}


def test_figures_reach_the_targets_and_every_target_names_who_reports_it() -> None:
    figures = {(row["indicator"], row["area_code"]) for row in rows("published_figures") if row["grade"] != "K"}
    substitutes: dict[str, list[str]] = {}
    for row in rows("indicator_substitutes"):
        substitutes.setdefault(row["indicator"], []).append(row["substitute"])
    targets = rows("targets")
    own, any_area = set(), set()
    for target in targets:
        names = [target["indicator"], *substitutes.get(target["indicator"], [])]
        area = NATION if target["measured_for"] == "nation" else PROVINCE
        if any((name, area) in figures for name in names):
            own.add(target["target_id"])
        if any((name, code) in figures for name in names for code in (PROVINCE, NATION)):
            any_area.add(target["target_id"])
        assert target["responsible_agency"], target
        assert bool(target["ended_reason_vi"]) == bool(target["ended_reason_en"]), target
    assert len(own) >= 45, own
    assert len(any_area) >= 75, any_area


def test_every_shipped_series_has_a_row_of_the_release_calendar() -> None:
    shipped = {(row["indicator"], row["area_code"]) for row in rows("published_figures")}
    calendar = {(row["indicator"], row["area_code"]) for row in rows("release_calendar")}
    assert shipped == calendar


def test_what_was_left_out_is_in_no_registry() -> None:
    page = (ROOT / "docs" / "figures-left-out.md").read_text(encoding="utf-8")
    left = [
        tuple(cell.strip(" `") for cell in line.split("|")[1:7]) for line in page.splitlines() if line.startswith("| `")
    ]
    assert len(left) == 37
    assert all(reason for *_, reason in left)
    held = {
        (row["indicator"], row["area_code"], row["value"], row["document"][:60]) for row in rows("published_figures")
    }
    again = {(indicator, area, value, document[:60]) for indicator, area, _, value, document, _ in left} & held
    # the one figure of a state that was also found as one of the year
    assert {indicator for indicator, *_ in again} == {"eid_accounts_count"}
