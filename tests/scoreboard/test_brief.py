"""The brief of half a sheet, the view by agency and the province among its peers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from board_world import BRIEF_ONLY, FULL, PAGE_ONLY, PLACE, RANKS, release, target, without_data
from reading import Node, read

from pipelines.scoreboard.answers import agencies, answers
from pipelines.scoreboard.pages import pages

TARGETS = [
    target("late", status="away", responsible_agency="Sở Tư pháp", responsible_basis="proposed", certainty="real",
           value_grade="A", title_vi="Hồ sơ đúng hạn"),
    without_data("lacking", indicator="coverage_5g_pct", target_year=2025, responsible_agency="Sở Y tế"),
    target("good", indicator="work_files_online_pct", status="met", certainty="preliminary", value_grade="A"),
]  # fmt: skip


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Node:
    root = tmp_path_factory.mktemp("brief")
    release(root, {**FULL, "target_progress": TARGETS}, with_pages=BRIEF_ONLY)
    return read((root / "current" / "brief.html").read_text(encoding="utf-8"))


def test_it_names_what_is_behind_lacks_data_and_is_met_with_agency_and_certainty(brief: Node) -> None:
    behind, needed, met = ([item.text for item in section.all("li")] for section in brief.all("section"))
    (late,) = behind
    assert late.startswith("Hồ sơ đúng hạn : 81,82 % (đến 10/2026) → 100 % (2030).")
    assert late.endswith("số chính thức ; Sở Tư pháp*.")
    assert needed == ["Chỉ tiêu lacking : chưa có số → 100 % (2025, quá hạn ). Sở Y tế."]
    assert met[0].endswith("sơ bộ ; chưa rõ cơ quan phụ trách.")


def test_it_has_points_rank_and_trend_of_the_index_and_who_has_to_act(brief: Node) -> None:
    assert "QĐ 766: 57,2/100 điểm, hạng 3/4. ▲ +0,26 điểm từ 17/09/2026, khi đó hạng 4." in brief.text
    assert "Mất nhiều nhất: Số hóa hồ sơ 13,21 ." in brief.text
    assert "Cơ quan chịu trách nhiệm: Sở Tư pháp (1 chậm); Sở Y tế (1 cần số liệu)." in brief.text.replace(" :", ":")
    assert "DỮ LIỆU MẪU" in brief.text


def test_in_english_it_has_no_vietnamese_but_names(tmp_path: Path) -> None:
    release(tmp_path, {**FULL, "target_progress": TARGETS}, with_pages=[pages(replace(PLACE, language="en"))[-1]])
    brief = read((tmp_path / "current" / "brief.html").read_text(encoding="utf-8"))
    assert "rank 3 of 4. ▲ +0.26 points since 17 Sep 2026, rank 4 then" in brief.text
    assert "Target lacking : no value → 100 % (2025, overdue ). Sở Y tế." in brief.text
    assert all(word not in brief.text for word in ("hạng", "điểm", "Chậm", "quá hạn"))


def test_what_changed_since_the_previous_release_is_in_it(tmp_path: Path) -> None:
    release(tmp_path, {"target_progress": [target("a", value=70.0)]}, with_pages=[])
    release(tmp_path, {"target_progress": [target("a", value=82.0)]}, day=1, with_pages=BRIEF_ONLY)
    brief = read((tmp_path / "current" / "brief.html").read_text(encoding="utf-8"))
    assert "; bản trước: 70 %" in brief.text
    assert "So với bản công bố 23/11/2026: 1 chỉ số thay đổi." in brief.text


def test_without_ranks_and_targets_it_still_is_a_brief(tmp_path: Path) -> None:
    release(tmp_path, {"target_progress": [without_data("a")]}, with_pages=BRIEF_ONLY)
    brief = read((tmp_path / "current" / "brief.html").read_text(encoding="utf-8"))
    assert "QĐ 766" not in brief.text
    assert brief.text.count("Không có.") == 3


def test_the_page_shows_each_agency_with_what_it_delivers_and_loses_and_the_province_among_its_peers(
    tmp_path: Path,
) -> None:
    release(tmp_path, {**FULL, "target_progress": TARGETS}, with_pages=PAGE_ONLY)
    page = read((tmp_path / "current" / "scoreboard.html").read_text(encoding="utf-8"))
    (section,) = page.all("section", id="co-quan")
    justice, health = section.all("details", **{"class": "agency"})
    assert "Sở Tư pháp 1 Chậm" in justice.text.replace("  ", " ")
    assert "5,75" in justice.text, "1.5 + 4.25 points"
    assert "Phần B" in justice.text, "where most of them are lost"
    assert "Chỉ tiêu lacking" in health.text
    assert "UBND xã 1 2" in section.text
    (index,) = page.all("section", id="qd766")
    first, every = (table for table in index.all("table") if table.attrs.get("class") == "peers")
    assert [row.all("th")[0].text for row in every.all("tr")[1:]] == [
        f"tỉnh {name}" for name in ("Đồng Tháp", "Nghệ An", "Hà Tĩnh", "Hà Nội")
    ]
    assert [row.all("th")[0].text for row in first.all("tr", **{"class": "own"})] == ["tỉnh Hà Tĩnh"]


def test_a_province_that_the_ranks_do_not_name_has_a_page_too(tmp_path: Path) -> None:
    others = [row | {"is_own_province": False} for row in RANKS]
    release(tmp_path, {**FULL, "rank_history": others}, with_pages=PAGE_ONLY)
    page = read((tmp_path / "current" / "scoreboard.html").read_text(encoding="utf-8"))
    assert [table.all("tr", **{"class": "own"}) for table in page.all("table", **{"class": "peers"})] == [[], []]


def test_agencies_are_sorted_by_what_they_have_to_act_on() -> None:
    def tile(name: str, agency: str | None, status: str) -> dict[str, object]:
        return target(name, indicator=name, status=status) | {
            "level": None, "responsible_agency": agency, "is_overdue": False, "no_data_reason": None, "mark": name
        }  # fmt: skip

    found = answers(
        [tile("a", "Sở B", "met"), tile("b", "Sở A", "away"), tile("c", None, "away"), tile("d", "Sở B", "met")]
    )
    lost = [
        {"agency_name": "Sở C", "agency_level": "province", "points_lost": 9.0},
        {"agency_name": "UBND xã 1", "agency_level": "commune", "points_lost": 9.0},
    ]
    assert [(a.name, len(a.lines), bool(a.lost)) for a in agencies(found, lost)] == [
        ("Sở A", 1, False), ("Sở C", 0, True), ("Sở B", 2, False)
    ]  # fmt: skip


def test_why_a_target_is_held_back_is_in_vietnamese_by_its_check_and_in_english_as_recorded(tmp_path: Path) -> None:
    release(tmp_path, {**FULL, "target_progress": TARGETS}, held=["coverage_gaps"], with_pages=PAGE_ONLY)
    page = read((tmp_path / "current" / "scoreboard.html").read_text(encoding="utf-8"))
    (held,) = page.all("ul", **{"class": "held"})
    assert "một kiểm tra của bảng không đạt (a check); xem chi tiết của kiểm tra" in held.text
    assert "three rows too many" in held.text
