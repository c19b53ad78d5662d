"""The first screen: each indicator in one list, by the target that decides, with certainty and what changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from board_world import BOUNDARIES, PAGE_ONLY, PLACE, release, target, without_data
from hypothesis import given
from hypothesis import strategies as st
from reading import Node, read

from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.answers import GROUPS, answers, change, group_of, moved
from pipelines.scoreboard.charts import Charts
from pipelines.scoreboard.rows import STATUSES, Rows
from pipelines.scoreboard.words import Text


def tile(target_id: str, **fields: Any) -> dict[str, Any]:
    given = {
        "is_overdue": False,
        "no_data_reason": None,
        "level": "province",
        "is_strict": False,
        "sureness": "real",
        "responsible_agency": None,
        "change": None,
    }
    return target(target_id, **{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "group"),
    [
        ({"status": "away"}, "behind"),
        ({"status": "moderate"}, "behind"),
        ({"status": "met"}, "met"),
        ({"status": "met_provisional"}, "met"),
        ({"status": "on_track"}, "on_track"),
        ({"status": "no_data", "no_data_reason": "due_and_missing"}, "needed"),
        ({"status": "no_data", "no_data_reason": "not_due_yet"}, "not_due_yet"),
        ({"status": "no_data", "no_data_reason": "only_national_value"}, "only_national_value"),
        ({"status": "no_data", "is_overdue": True}, "needed"),
        ({"status": "not_assessed", "is_overdue": True}, "needed"),
        ({"status": "not_assessed"}, "not_assessed"),
        ({"status": "not_assessed", "is_overdue": True, "target_value": None}, "not_assessed"),
        ({"status": "no_longer_in_force"}, "ended"),
        ({"status": "insufficient", "area_code": "VN"}, "nation"),
    ],
)
def test_each_target_belongs_to_one_list(fields: dict[str, Any], group: str) -> None:
    assert group_of(tile("a", **fields)) == group


def test_an_indicator_is_listed_once_and_what_is_behind_decides() -> None:
    every = [
        tile("met", indicator="a", status="met", target_value=50.0, target_year=2025),
        tile("behind", indicator="a", status="insufficient", target_value=80.0),
        tile("same_mark", indicator="a", status="insufficient", target_value=80.0, level="national"),
        tile("met_too", indicator="a", status="met", target_value=50.0, target_year=2025),
        tile("other", indicator="b", status="met"),
    ]
    found = answers(every)
    assert found.indicators == 2
    (line,) = found.lines["behind"]
    assert line.tile["target_id"] == "behind"
    assert [other["target_id"] for other in line.same] == ["same_mark"]
    assert [other["target_id"] for other in line.others] == ["met"], "a mark of two documents is named once"
    assert [line.tile["target_id"] for line in found.lines["met"]] == ["other"]


def test_certainties_are_those_of_the_verdicts_and_agencies_those_of_the_lists() -> None:
    found = answers(
        [
            tile("a", indicator="a", status="met", sureness="sample", responsible_agency="Sở Y tế"),
            tile("b", indicator="b", status="away", sureness="proxy"),
            tile("c", indicator="c", status="not_assessed", sureness="real"),
        ]
    )
    assert found.certainties == {"real": 0, "preliminary": 0, "proxy": 1, "sample": 1}
    assert found.without_agency == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(STATUSES), st.sampled_from(["42", "VN"]), st.booleans()),
        max_size=12,
    )
)
def test_every_indicator_is_in_exactly_one_line(drawn: list[tuple[str, str, str, bool]]) -> None:
    every = [
        tile(f"t{number}", indicator=indicator, status=status, area_code=area, is_overdue=overdue)
        for number, (indicator, status, area, overdue) in enumerate(drawn)
    ]
    found = answers(every)
    lines = [line for group in GROUPS for line in found.lines[group]]
    assert len(lines) == len({(indicator, area) for indicator, _, area, _ in drawn})
    assert found.indicators == found.others + sum(len(found.lines[group]) for group in ("behind", "needed", "met"))


@pytest.mark.parametrize(
    ("direction", "before", "now", "verdict"),
    [("more", 1.0, 2.0, "up"), ("less", 1.0, 2.0, "down"), ("rank", 20.0, 11.0, "up"), ("more", 2.0, 2.0, "same")],
)
def test_better_and_worse_follow_the_direction(direction: str, before: float, now: float, verdict: str) -> None:
    points = [{"value": value, "is_comparable": True, "period": Text("2024", "2024")} for value in (before, now)]
    found = moved(tile("a", direction=direction, series=points))
    assert found is not None
    assert found["direction"] == verdict
    assert moved(tile("a", series=[points[0], points[1] | {"is_comparable": False}])) is None


def test_a_change_is_of_value_or_status() -> None:
    now = tile("a", value=82.0, status="met")
    assert change(now, None) is None
    assert change(now, tile("a", value=82.0, status="met")) is None
    found = change(now, tile("a", value=79.0, status="met"))
    assert found is not None
    assert (found["value"].vi, found["status"]) == ("79 %", None)


def section(root: Path, name: str = "tong-quan") -> Node:
    page = read((root / "current" / "scoreboard.html").read_text(encoding="utf-8"))
    return page.all("section", id=name)[0]


def test_the_first_screen_names_value_target_agency_and_certainty(tmp_path: Path) -> None:
    rows = [
        target("late", indicator="a", certainty="proxy", value_grade="B", responsible_agency="Sở Y tế",
               target_year=2025, status="insufficient"),
        target("good", indicator="b", certainty="preliminary", value_grade="B", status="met_provisional"),
        without_data("due", indicator="c", no_data_reason="due_and_missing", responsible_agency="Sở Nội vụ"),
    ]  # fmt: skip
    release(tmp_path, {"target_progress": rows}, with_pages=PAGE_ONLY)
    found = section(tmp_path)
    assert "3 chỉ số của tỉnh" in found.text
    behind, needed, met = (found.all("section", id=f"ds-{group}")[0].text for group in ("behind", "needed", "met"))
    for text in (
        "Chỉ tiêu late",
        "81,82 %",
        "≥ 100 %" if "≥ 100 %" in behind else "100 %",
        "Sở Y tế",
        "số thay thế",
        "quá hạn",
    ):
        assert text in behind
    assert "Chỉ tiêu due" in needed
    assert "Sở Nội vụ" in needed
    assert "còn thiếu 18,18 điểm %" in behind
    assert "Tạm tính đạt" in met
    assert "Đã đạt hoặc tạm tính đạt" in met
    assert "sơ bộ" in met
    tiles = {
        node.attrs["href"]: node.all("b")[0].text for node in found.all("a") if "count" in node.attrs.get("class", "")
    }
    assert tiles == {"#ds-behind": "1", "#ds-needed": "1", "#ds-met": "1"}
    assert "Chưa có bản công bố trước" in found.text


def test_what_changed_since_the_previous_release_is_named(tmp_path: Path) -> None:
    release(tmp_path, {"target_progress": [target("a", value=70.0), target("b", indicator="b")]}, with_pages=PAGE_ONLY)
    release(
        tmp_path,
        {"target_progress": [target("a", value=82.0), target("b", indicator="b")]},
        day=1,
        with_pages=PAGE_ONLY,
    )
    found = section(tmp_path)
    assert "1 chỉ số thay đổi" in found.text
    assert "23/11/2026" in found.text, "the day of the previous release"
    assert "bản trước: previous release: 70 %" in found.text


def test_value_and_status_of_the_previous_release_are_given_by_target(tmp_path: Path) -> None:
    first = release(tmp_path, {"target_progress": [target("a", value=70.0), without_data("b")]}, with_pages=[])
    rows = [target("a", value=82.0, status="met"), target("b"), target("new")]
    release(tmp_path, {"target_progress": rows}, day=1, with_pages=[])
    store = ReleaseStore(tmp_path)
    now = store.current()
    assert now
    before = Rows(now, PLACE).previous
    assert before
    assert {name: (was["value"], was["status"], before.id) for name, was in before.targets.items()} == {
        "a": (70.0, "moderate", first.release_id),
        "b": (None, "no_data", first.release_id),
    }
    assert first.release_id
    assert Rows(store.get(first.release_id), PLACE).previous is None


def test_documents_of_one_mark_and_verdict_share_a_card(tmp_path: Path) -> None:
    rows = [
        target("national", mark_key="m", level="national", document="QĐ 749/QĐ-TTg"),
        target("own", mark_key="m", level="province", document="NQ 05-NQ/TU"),
        target("differs", mark_key="m", status="away", document="QĐ 411/QĐ-TTg"),
    ]
    release(tmp_path, {"target_progress": rows}, with_pages=PAGE_ONLY)
    found = section(tmp_path, "chi-tieu")
    assert {node.attrs["id"] for node in found.all("article")} == {"ct-own", "ct-differs"}
    (note,) = found.all("li", id="ct-national")
    assert "QĐ 749/QĐ-TTg" in note.text


def height(svg: str, label: str) -> float:
    """The height of a bold label in the chart."""
    (y,) = re.findall(rf'<text[^>]*translate\([\d.]+,([\d.]+)\)[^>]*font-weight="bold"[^>]*>{label}</text>', svg)
    return float(y)


def test_a_chart_labels_its_ends_and_a_rank_rises_when_it_improves() -> None:
    points = [{"at": 2021.5, "value": 59.0}, {"at": 2024.5, "value": 11.0}]
    svg = Charts().spark(points, [], {"at": 2030.5, "value": 15.0}, is_rank=True)
    assert height(svg, "11") < height(svg, "15") < height(svg, "59"), "the best rank is at the top"
    svg = Charts().spark(points, [], {"at": 2030.5, "value": 15.0})
    assert height(svg, "59") < height(svg, "15"), "the largest share is at the top"


def test_one_point_is_drawn_with_its_value_in_both_languages() -> None:
    svg = Charts().spark([{"at": 2024.5, "value": 1234.5}], [], {"at": 2030.5, "value": 2000.0})
    assert '<text class="t" lang="vi"' in svg
    assert ">1.234,5</text>" in svg
    assert ">1,234.5</text>" in svg
    assert {"2024", "2030"} <= set(re.findall(r">(\d{4})</text>", svg)), "the years of the axis"


def test_the_lowest_communes_are_named_and_few_dossiers_are_marked(tmp_path: Path) -> None:
    rows = [
        {"commune_code_today": code, "commune_name_today": name, "month": target("a")["last_month"],
         "received": received, "early": early, "on_time": 0, "in_process": 0}
        for code, name, received, early in (("18073", "phường Thành Sen", 100, 80), ("18100", "phường Trần Phú", 29, 1))
    ]  # fmt: skip
    release(tmp_path, {"dossier_timeliness": rows, "commune_boundaries": BOUNDARIES}, with_pages=PAGE_ONLY)
    found = section(tmp_path, "ban-do")
    (lowest,) = [node for node in found.all("ol") if "Thành Sen" in node.text]
    assert "Trần Phú" not in lowest.text, "too few dossiers to be ranked"
    (row,) = found.all("tr", id="xa-18100")
    assert "29 △" in row.text
    assert found.all("path", **{"data-code": "18073"})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"year": 2024}, "chưa có số của năm 2025"),
        ({"year": 2025, "certainty": "proxy"}, "chỉ biết mức tối thiểu: còn thiếu 18,18 điểm % hoặc ít hơn"),
        ({"year": 2025, "qualifier": "about", "distance": 0.0}, "nguồn in khoảng đúng bằng mức"),
        ({"year": 2025, "value_grade": "K"}, "số dựa trên giả định"),
    ],
)
def test_a_value_that_is_not_evaluated_has_its_reason(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    rows = [target("health", target_year=2025, status="not_assessed", **fields)]
    release(tmp_path, {"target_progress": rows}, with_pages=PAGE_ONLY)
    [needed] = section(tmp_path).all("section", id="ds-needed")
    assert reason in needed.text
    reasons = ("chưa có số của năm", "mức tối thiểu", "nguồn in khoảng", "giả định")
    assert sum(other in needed.text for other in reasons) == 1


def test_a_proposed_agency_is_explained_where_one_is_named(tmp_path: Path) -> None:
    for basis, expected in (("proposed", True), ("document", False)):
        rows = [target("late", status="away", responsible_agency="Sở Y tế", responsible_basis=basis)]
        release(tmp_path / basis, {"target_progress": rows}, with_pages=PAGE_ONLY)
        assert ("chưa có văn bản giao" in section(tmp_path / basis).text) == expected
