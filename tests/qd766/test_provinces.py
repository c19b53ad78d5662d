"""All provinces in `rank_history`, as the portal's list showed them on the days that ship with the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pipelines.qd766.rules import Rules, Share

from .test_check import RECORDED

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow
"""A build of their own; the rules of both tables have golden cases."""
COLUMNS = ("total", "ckmb", "tdgq", "clgq", "tttt", "mdsh", "mdhl")


@pytest.fixture(scope="module")
def history(fresh_world: Callable[[], World]) -> World:
    world = fresh_world()
    world.load()
    world.build(select="+rank_history +rank_components")
    return world


def test_every_list_has_34_provinces_and_places_from_1(history: World) -> None:
    found = history.rows(
        "select published_on::varchar, count(*), min(rank), max(rank), min(ranked_units), count(problem) from ("
        "select *, published_problem as problem from marts.rank_history) "
        "where published_on <> date '2026-09-28' group by 1 order by 1"
    )
    days = ("2026-09-17", "2026-09-27", "2026-10-04", "2026-10-10")
    assert found == [(day, 34, 1, 34, 34, 0) for day in days]


def test_ha_tinh_stands_among_its_peers(history: World) -> None:
    own = history.rows(
        "select published_on::varchar, total_points, rank, ranked_units from marts.rank_history "
        "where is_own_province order by 1"
    )
    assert own == [
        ("2026-09-17", 56.94, 32, 34),
        ("2026-09-27", 56.6, 32, 34),
        ("2026-09-28", 56.6, 32, 34),
        ("2026-10-04", 56.6, 31, 34),
        ("2026-10-10", 57.2, 32, 34),
    ]
    first = "select agency_name, total_points from marts.rank_history where rank = 1 order by published_on"
    assert history.rows(first)[-1] == ("UBND tỉnh Đồng Tháp", 68.8)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are absent: set SHARED_FACTS to their folder")
def test_the_table_is_the_recorded_answer_within_a_hundredth(history: World) -> None:
    answer = json.loads((RECORDED / "service-results.json").read_text(encoding="utf-8"))["data"]["evaluation"]
    columns = ", ".join(f"{name}_points" for name in COLUMNS)
    rows = history.rows(f"select agency_code, {columns} from marts.rank_history where published_on = '2026-09-17'")
    published = {code: points for code, *points in rows}
    assert set(published) == {row["departmentCode"] for row in answer}
    for row in answer:
        recorded = [row["totalScore"], *(row["groupScores"][name.upper()] for name in COLUMNS[1:])]
        assert published[row["departmentCode"]] == pytest.approx(recorded, abs=0.01)


def test_every_province_has_its_components_and_they_sum_to_the_groups_of_the_list(history: World) -> None:
    """The counts were recorded apart from the list of the same day; online services have no counts on record."""
    assert history.rows(
        "select count(*), count(distinct agency_code), count(distinct item_code), min(grade), count(published_problem) "
        "from marts.rank_components"
    ) == [(34 * 19, 34, 19, "A-copy", 0)]
    sums = history.rows(
        "with parts as (select agency_code, group_code, sum(published_points) as points from marts.rank_components "
        "where published_on = date '2026-10-10' and group_code <> 'TTTT' group by all), "
        "groups as (unpivot (select agency_code, ckmb_points as CKMB, tdgq_points as TDGQ, mdsh_points as MDSH, "
        "mdhl_points as MDHL from marts.rank_history where published_on = date '2026-10-10') "
        "on CKMB, TDGQ, MDSH, MDHL into name group_code value listed) "
        "select count(*), max(abs(points - listed)) from parts join groups using (agency_code, group_code)"
    )
    assert sums[0][0] == 34 * 4
    assert sums[0][1] <= 0.01 + 1e-9


def test_points_of_components_follow_from_their_counts(history: World, rules: Rules) -> None:
    rows = history.rows(
        "select item_code, published_numerator, published_denominator, published_points from marts.rank_components "
        "where published_denominator > 0 and published_points is not null"
    )
    scored = rules.points([[Share(code, numerator, denominator)] for code, numerator, denominator, _ in rows])
    assert len(rows) > 400
    assert [(*row, points) for row, points in zip(rows, scored, strict=True) if float(points or 0) != row[-1]] == []


def test_ha_tinh_stands_among_its_peers_by_component(history: World) -> None:
    """Counted by hand on the record: 29 provinces were on time more often."""
    own = "select item_code, published_share_pct, rank, ranked_units from marts.rank_components where is_own_province"
    found = {code: rest for code, *rest in history.rows(own)}
    assert found["DOSSIER_ON_TIME"] == [82.41, 30, 34]
    assert found["PUBLISH_ON_TIME"][:1] == [0.0]
    assert found["ELECTRONIC_CERTIFIED_COPY"] == [None, None, 0]
