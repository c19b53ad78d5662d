"""Words, figures and shapes: what a reader sees for a value."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scoreboard import words
from pipelines.scoreboard.charts import Charts, geojson
from pipelines.scoreboard.words import Text
from pipelines.settings import PROJECT_ROOT


@given(st.floats(-1e12, 1e12))
def test_a_figure_reads_back_as_itself_in_both_languages(value: float) -> None:
    text = words.number(value)
    for shown, thousands, decimal in ((text.vi, ".", ","), (text.en, ",", ".")):
        read = float(shown.replace(thousands, "").replace(decimal, ".").replace("−", "-"))
        assert read == pytest.approx(round(value, 2), abs=0.0051)


def test_unknown_is_a_dash_and_zero_is_zero() -> None:
    assert words.number(None).vi == "–"
    assert words.number(0.0).vi == "0"
    assert words.number(-0.001).vi == "0"
    assert words.quantity(None, "%").vi == "–"


@pytest.mark.parametrize(
    ("kind", "start", "last", "vi", "en"),
    [
        ("year", date(2026, 1, 1), date(2026, 10, 1), "năm 2026 (đến tháng 10)", "2026 (to October)"),
        ("year", date(2025, 1, 1), date(2025, 12, 1), "năm 2025", "2025"),
        ("half", date(2026, 7, 1), None, "6 tháng cuối năm 2026", "H2 2026"),
        ("quarter", date(2026, 10, 1), None, "quý IV/2026", "Q4 2026"),
        ("month", date(2026, 3, 1), None, "tháng 3/2026", "March 2026"),
        ("day", date(2026, 11, 5), None, "05/11/2026", "5 Nov 2026"),
    ],
)
def test_periods(kind: str, start: date, last: date | None, vi: str, en: str) -> None:
    assert words.period(kind, start, last) == Text(vi, en)


@pytest.mark.parametrize(
    ("distance", "direction", "unit", "vi"),
    [
        (-18.18, "more", "%", "còn thiếu 18,18 điểm %"),
        (17.0, "more", "%", "vượt mục tiêu 17 điểm %"),
        (5.0, "less", "%", "còn phải giảm 5 điểm %"),
        (-3.6, "more", "%/năm", "còn thiếu 3,6 điểm %/năm"),
        (4.7, "none", "%", "cao hơn 4,7 điểm %"),
        (-2.0, "none", "%", "thấp hơn 2 điểm %"),
        (-4.0, "rank", "hạng", "vượt mục tiêu 4 bậc"),
        (0.0, "more", "%", "vừa đúng mục tiêu"),
    ],
)
def test_distances_in_words(distance: float, direction: str, unit: str, vi: str) -> None:
    assert words.gap(distance, direction, unit).vi == vi


@pytest.mark.parametrize(
    ("unit", "direction", "strict", "vi", "en"),
    [
        ("%", "more", False, "≥ 20 %", "≥ 20 %"),
        ("%", "more", True, "> 20 %", "> 20 %"),
        ("%", "less", None, "≤ 20 %", "≤ 20 %"),
        ("%", "less", True, "< 20 %", "< 20 %"),
        ("%", "none", False, "20 %", "20 %"),
        ("hồ sơ", "more", False, "≥ 20 hồ sơ", "≥ 20 dossiers"),
        ("hạng", "rank", False, "hạng 20 trở lên", "rank 20 or better"),
        ("hạng", "rank", True, "cao hơn hạng 20", "better than rank 20"),
        ("%", None, None, "20 %", "20 %"),
    ],
)
def test_what_is_asked_for_says_whether_it_must_be_passed(
    unit: str, direction: str | None, strict: bool | None, vi: str, en: str
) -> None:
    assert words.goal(20.0, unit, direction, strict) == Text(vi, en)
    assert words.goal(None, unit, direction, strict).vi == "–"
    assert words.goal(100.0, "%", "more", False).vi == "100 %", "more is not possible"


def test_every_unit_of_a_target_is_said_in_english_too() -> None:
    seed = Path(__file__).parents[2] / "dbt_project/seeds/targets.csv"
    with seed.open(encoding="utf-8", newline="") as rows:
        units = {row["unit"] for row in csv.DictReader(rows)} - {"%"}
    assert [name for name in sorted(units) if words.unit(name).en == name] == []


def test_a_document_is_known_by_its_short_name() -> None:
    assert words.short("NQ 57-NQ/TW (22/12/2024), mục II.1") == "NQ 57-NQ/TW"
    assert words.short("KH chuyển đổi số tỉnh Hà Tĩnh 2021-2025, định hướng 2030 (UBND tỉnh, 2021)") == (
        "KH chuyển đổi số tỉnh Hà Tĩnh 2021-2025"
    )


def test_the_place_of_a_chart_and_nothing_else_names_its_parts() -> None:
    """A long-lived process draws many pages; the library counts its ids through all of them."""
    shapes = [{"type": "Feature", "properties": {"fill": "var(--m1)", "label": "xã A"},
               "geometry": geojson("POLYGON ((105 18, 106 18, 106 19, 105 18))")}]  # fmt: skip
    first, second = (Charts().choropleth(shapes) for _ in range(2))
    assert first == second
    assert "http" not in first


def test_boundaries_of_every_kind_and_what_is_none() -> None:
    hole = geojson("POLYGON((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))")
    assert [len(ring) for ring in hole["coordinates"][0]] == [4, 4]
    assert len(geojson("MULTIPOLYGON (((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))")["coordinates"]) == 2
    with pytest.raises(ValueError, match="no polygon"):
        geojson("POINT (1 2)")


def test_every_status_of_a_row_has_words() -> None:
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "obs_statuses.csv").open(encoding="utf-8", newline="") as file:
        assert {row["obs_status"] for row in csv.DictReader(file)} == words.OBS_STATUS.keys()
