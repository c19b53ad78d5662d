"""The page of a release: nobody's target is missing, nothing is fetched, and what is not there is said."""

from __future__ import annotations

import csv
import re
import unicodedata
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from board_world import FULL, HOSTILE, PAGE_ONLY, PLACE, REPORTS, TARGETS, TIMELINESS, release, target, without_data
from reading import Node, read

from pipelines.scoreboard.charts import _series
from pipelines.scoreboard.page import _templates
from pipelines.scoreboard.pages import prepare
from pipelines.scoreboard.words import STATUS


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("board")
    release(root, with_pages=PAGE_ONLY)
    return (root / "current" / "scoreboard.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Node:
    return read(html)


def tile(page: Node, target_id: str) -> Node:
    (found,) = page.all("article", id=f"ct-{target_id}")
    return found


def section(page: Node, name: str) -> str:
    (found,) = page.all("section", id=name)
    return found.text


def page_of(root: Path) -> Node:
    return read((root / "current" / "scoreboard.html").read_text(encoding="utf-8"))


def test_what_is_the_same_for_every_page_can_be_compiled_before_there_are_figures() -> None:
    prepare()
    compiled = _templates.cache_info().misses, _series.cache_info().misses
    prepare()
    assert (_templates.cache_info().misses, _series.cache_info().misses) == compiled
    assert {name for (_, name) in _templates().cache} >= {"scoreboard.html", "tile.html"}


def test_every_target_has_one_tile_with_its_status_in_words_and_as_a_symbol(page: Node) -> None:
    latest = {row["target_id"]: row["status"] for row in TARGETS}
    assert {node.attrs["id"].removeprefix("ct-") for node in page.all("article")} == set(latest)
    for target_id, status in latest.items():
        shown = tile(page, target_id)
        assert STATUS[status].vi in shown.text
        assert STATUS[status].en in shown.text
        assert shown.all("use", href=f"#s-{status}")
        assert page.all("symbol", id=f"s-{status}")
    linked = {node.attrs["href"] for node in page.all("section", id="tong-quan")[0].all("a")}
    assert {"#ct-nation", "#ct-coverage", "#ds-behind", "#ds-needed", "#ds-met"} <= linked


def test_every_pillar_of_the_registry_has_its_section_with_a_tile_for_each_target(tmp_path: Path) -> None:
    registry = {}
    for seed in ("pillars", "targets"):
        with (PLACE.seeds / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
            registry[seed] = list(csv.DictReader(file))
    words = ("target_id", "pillar", "title_vi", "title_en", "level", "indicator", "direction", "unit", "document")
    rows = [
        without_data(**{name: row[name] for name in words}, target_year=int(row["target_year"] or 0) or None)
        for row in registry["targets"]
    ]
    release(tmp_path, {"target_progress": rows}, with_pages=PAGE_ONLY)
    page = page_of(tmp_path)
    for pillar in (row["pillar"] for row in registry["pillars"]):
        (found,) = page.all("section", id=f"tru-{pillar}")
        asked = {f"ct-{row['target_id']}" for row in registry["targets"] if row["pillar"] == pillar}
        assert asked, pillar
        assert {node.attrs["id"] for node in found.all("article")} == asked
        named = [node.text for node in found.all("h4")]
        assert len(set(named)) == len(named), "no two tiles of a pillar read alike"


def test_figures_are_written_as_each_language_writes_them(page: Node) -> None:
    shown = tile(page, "on_time").text
    assert "81,82 %" in shown
    assert "81.82 %" in shown
    assert "năm 2026 (đến tháng 10)" in shown
    assert "còn thiếu 18,18 điểm %" in shown
    assert "vượt mục tiêu 17,44 điểm %" in tile(page, "online").text
    assert "hạng 32" in tile(page, "rank").text
    assert "còn cách mục tiêu 17 bậc" in tile(page, "rank").text
    assert "2029 (khoảng 2028–2031)" in tile(page, "signed").text
    assert "2021 chưa đủ nhanh, 2023 tiến độ vừa phải" in tile(page, "reuse").text


def test_a_target_says_who_asks_for_what_by_when(page: Node) -> None:
    (heading,) = tile(page, "online").all("h4")
    assert heading.text == ("Chỉ tiêu online Target online quốc gia · NQ 57-NQ/TW · 2030 national · NQ 57-NQ/TW · 2030")
    assert "≥ 80 %" in tile(page, "online").text
    assert "> 70 %" in tile(page, "signed").text, "the text asks for more than that"
    assert "hạng 15 trở lên" in tile(page, "rank").text


def test_the_certainty_of_the_verdicts_is_at_the_top(page: Node, tmp_path: Path) -> None:
    assert "1 dữ liệu mẫu synthetic" in section(page, "tong-quan"), "one indicator of the province is assessed"
    assert "dữ liệu mẫu synthetic : 9" in section(page, "chi-tieu")
    release(
        tmp_path,
        {"target_progress": [target("a", value_grade="A"), target("b", value_grade="B")]},
        with_pages=PAGE_ONLY,
    )
    assert "mức grade A: 1 mức grade B: 1" in section(page_of(tmp_path), "chi-tieu")


def test_a_target_past_its_deadline_says_so(tmp_path: Path) -> None:
    release(
        tmp_path,
        {"target_progress": [target("late", target_year=2025), target("last", target_year=2026)]},
        with_pages=PAGE_ONLY,
    )
    page = page_of(tmp_path)
    assert "đã quá hạn" in tile(page, "late").text
    assert "đã quá hạn" not in tile(page, "last").text


def test_a_figure_of_long_ago_is_said_to_be_old(tmp_path: Path) -> None:
    rows = [target(f"of_{year}", year=year, period_start=date(year, 1, 1), last_month=None) for year in (2024, 2025)]
    release(tmp_path, {"target_progress": rows}, with_pages=PAGE_ONLY)
    page = page_of(tmp_path)
    assert "Số cũ: năm 2024" in tile(page, "of_2024").text.replace("Old figure: ", "")
    assert "Số cũ" not in tile(page, "of_2025").text
    assert "Chỉ tiêu of_2024" in section(page, "con-thieu")
    assert "Chỉ tiêu of_2025" not in section(page, "con-thieu")


def test_a_target_without_data_shows_no_figure_and_is_named_among_what_is_missing(page: Node) -> None:
    shown = tile(page, "villages")
    assert not [node for node in shown.all("p") if node.attrs.get("class") == "value"]
    assert not shown.all("figure")
    assert "Thôn thông minh ở Đức Thọ, Kỳ Xuân" in section(page, "con-thieu")
    tally = (
        "11 chỉ tiêu trong các văn bản: 8 đã đánh giá được, 1 có số liệu nhưng chưa đánh giá được, 2 chưa có số liệu."
    )
    assert tally in section(page, "chi-tieu")


def test_every_figure_opens_to_method_source_document_and_grade(page: Node) -> None:
    for shown in page.all("article"):
        (more,) = shown.all("details")
        for said in ("Cách tính", "Văn bản giao chỉ tiêu", "Mức bằng chứng của chỉ tiêu"):
            assert said in more.text
    (table,) = tile(page, "on_time").all("table")
    assert "91,58" in table.text
    assert "93,26" in table.text


def test_a_spark_line_is_drawn_for_what_has_a_series_and_a_target(page: Node) -> None:
    assert tile(page, "on_time").all("svg")
    drawn = [node.attrs["id"] for node in page.all("article") if node.all("figure")]
    assert "ct-new" not in drawn
    assert "ct-on_time" in drawn


def test_hostile_text_stays_text(html: str, page: Node) -> None:
    assert "<script>alert" not in html
    assert HOSTILE in " ".join(node.text for node in tile(page, "hostile").all("h4"))
    assert len(page.all("script")) == 1
    assert "phường <b>lạ</b>: –" in [node.text for node in page.all("title")]


def test_nothing_is_fetched_and_every_link_leads_somewhere(html: str, page: Node) -> None:
    ids = [node.attrs["id"] for node in page.all() if "id" in node.attrs]
    assert len(ids) == len(set(ids))
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)
    for node in page.all():
        assert "src" not in node.attrs
        href = node.attrs.get("href", "#noi-dung")
        assert re.match(r"#|data:,$|[a-z0-9_.]+\.(parquet|xlsx|json|html)$", href), href
        if href.startswith("#"):
            assert href[1:] in ids, href
        for name in ("aria-labelledby", "for"):
            if name in node.attrs:
                assert node.attrs[name] in ids
        for reference in re.findall(r"url\(#([^)]+)\)", " ".join(node.attrs.values())):
            assert reference in ids


def test_landmarks_headings_and_languages(page: Node) -> None:
    (root,) = page.all("html")
    assert root.attrs["lang"] == "vi"
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(node.tag[1]) for node in page.all() if re.fullmatch(r"h[1-6]", node.tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for node in page.all():
        if node.attrs.get("role") == "img":
            assert node.attrs["aria-labelledby"]
        if node.tag == "th":
            assert node.attrs["scope"] in ("row", "col")
    both = [node for node in page.all("span") if node.attrs.get("class") == "t"]
    assert len(both) % 2 == 0
    assert {node.attrs["lang"] for node in both} == {"vi", "en"}


def test_text_is_composed(html: str) -> None:
    assert unicodedata.is_normalized("NFC", html)
    assert "Thôn thông minh ở Đức Thọ, Kỳ Xuân" in html


def test_the_map_says_what_is_schematic_and_what_is_unknown(page: Node) -> None:
    text = section(page, "ban-do")
    assert "Sơ đồ, không phải ranh giới" in text
    fills = {node.text: node.attrs["fill"] for node in page.all("path") if node.all("title")}
    assert fills == {
        "phường Thành Sen: 90 %": "var(--m3)",
        "phường Thành Sen: 95 %": "var(--m4)",
        "phường Thành Sen: 75 %": "var(--m2)",
        "phường <b>lạ</b>: –": "url(#hatch)",
    }
    (row,) = [node for node in page.all("tr") if "phường Trần Phú" in node.text]
    assert "60" in row.text


def test_gaps_in_coverage_are_counted_by_technology_and_named_by_commune(page: Node) -> None:
    (found,) = page.all("section", id="con-thieu")
    by_technology, by_commune, _ = found.all("table")
    assert by_technology.all("tr")[1].text.split()[:5] == ["5G", "7", "1", "4", "1"]
    assert "quý IV/2025" in by_commune.text
    assert "phường Trần Phú" not in by_commune.text
    assert by_commune.all("tr")[1].text.split()[-4:] == ["Tổ", "dân", "phố", "<5>"], "villages not covered, by name"
    assert "dữ liệu mẫu" in found.text


def test_reports_that_are_late_or_missing_are_counted_and_named(page: Node, tmp_path: Path) -> None:
    (found,) = page.all("section", id="con-thieu")
    (row,) = found.all("table")[2].all("tr")[1:]
    assert "quý III/2026" in row.text, "the newest period due, not the one before"
    assert [cell.text for cell in row.all("td", **{"class": "n"})] == ["1", "1", "1"]
    assert row.all("td")[-1].text == "UBND xã 3"
    release(tmp_path, {"reported_indicators": REPORTS[:1]}, with_pages=PAGE_ONLY)
    assert "đã đến đúng hạn" in section(page_of(tmp_path), "con-thieu")


def test_qd766_shows_points_won_and_lost_of_the_latest_year(page: Node) -> None:
    text = section(page, "qd766")
    assert "8,79" in text
    assert "13,21" in text
    assert "Năm cũ" not in text


def test_publishers_whose_next_figures_are_overdue_are_listed_with_the_sources(tmp_path: Path) -> None:
    calendar = [
        {"publisher": "Bộ <b>Một", "indicator": "a", "expected_on": date(2026, 10, 21)},
        {"publisher": "Bộ <b>Một", "indicator": "b", "expected_on": date(2026, 10, 22)},
        {"publisher": "Bộ Hai", "indicator": "c", "expected_on": date(2026, 12, 1)},
    ]
    release(tmp_path, {**FULL, "publication_calendar": calendar}, with_pages=PAGE_ONLY)
    page = read((tmp_path / "current" / "scoreboard.html").read_text(encoding="utf-8"))
    (section,) = page.all("details", id="qua-han")
    (row,) = section.all("tr")[1:]
    assert row.all("th")[0].text == "Bộ <b>Một"
    assert row.all("td")[0].text == "2"


def test_a_sample_is_marked_whoever_is_said_to_have_reported_it(tmp_path: Path) -> None:
    rows = [
        target("made_up", basis="reported", value_source="Văn phòng UBND tỉnh"),
        target("real", basis="published", value_grade="A-copy", value_source="Cổng Dịch vụ công quốc gia"),
    ]
    release(tmp_path, {**FULL, "target_progress": rows}, with_pages=PAGE_ONLY)
    made_up, real = (
        page_of(tmp_path).all("article", id=f"ct-{target_id}")[0].text for target_id in ("made_up", "real")
    )
    assert "dữ liệu mẫu" in made_up
    assert "dữ liệu mẫu" not in real
    assert "A-copy: bản sao" in real
    assert "QĐ 766/QĐ-TTg" in real


def test_no_path_leads_down_to_a_target_that_was_met_from_the_start(page: Node) -> None:
    def dashed(target_id: str) -> int:
        return sum("stroke-dasharray" in node.attrs for node in tile(page, target_id).all("path"))

    assert (dashed("online"), dashed("on_time")) == (0, 1)


def test_no_path_starts_from_a_first_value_after_the_deadline(tmp_path: Path) -> None:
    late = target(
        "late", baseline_value=81.82, baseline_year=2026, path_value=90.0, target_value=90.0, target_year=2025
    )
    release(tmp_path, {**FULL, "target_progress": [late]}, with_pages=PAGE_ONLY)
    (tile,) = page_of(tmp_path).all("article", id="ct-late")
    (path,) = [node for node in tile.all("path") if node.attrs.get("stroke-dasharray")]
    heights = re.findall(r",([\d.]+)", path.attrs["d"])
    assert len(heights) == 2
    assert len(set(heights)) == 1


def test_synthetic_data_are_marked_and_real_ones_are_not(page: Node, tmp_path: Path) -> None:
    assert page.all("aside", **{"class": "synthetic"})
    release(tmp_path, synthetic=False, with_pages=PAGE_ONLY)
    assert not page_of(tmp_path).all("aside")


def test_a_release_without_the_tables_says_so_in_their_place(tmp_path: Path) -> None:
    release(tmp_path, {"dossier_timeliness": TIMELINESS}, with_pages=PAGE_ONLY)
    page = page_of(tmp_path)
    for name, table in (
        ("tong-quan", "target_progress"),
        ("ban-do", "commune_boundaries"),
        ("qd766", "qd766_scores"),
        ("con-thieu", "coverage_gaps"),
    ):
        assert f"không có bảng {table}" in section(page, name)
    assert "phường Thành Sen" in section(page, "ban-do")


def test_what_is_held_back_is_said_with_its_reason(tmp_path: Path) -> None:
    release(tmp_path, held=["qd766_scores"], with_pages=PAGE_ONLY)
    page = page_of(tmp_path)
    assert "three rows too many" in section(page, "so-lieu")
    assert "three rows too many" in section(page, "qd766")


def test_old_figures_of_the_targets_are_announced_at_the_top(tmp_path: Path) -> None:
    release(tmp_path, with_pages=PAGE_ONLY)
    assert not page_of(tmp_path).all("aside", **{"class": "stale"})
    good = (tmp_path / "current").resolve().name
    release(tmp_path, held=["target_progress"], with_pages=PAGE_ONLY)
    (band,) = page_of(tmp_path).all("aside", **{"class": "stale"})
    assert "CHỈ TIÊU LÀ SỐ CŨ" in band.text
    assert good in band.text
    release(tmp_path, held=["qd766_scores"], with_pages=PAGE_ONLY)
    (band,) = page_of(tmp_path).all("aside", **{"class": "stale"})
    assert "1 nhóm bảng không qua kiểm tra" in band.text


def test_a_table_of_an_older_release_with_fewer_columns_is_read(tmp_path: Path) -> None:
    tables = {"target_progress": [{k: v for k, v in row.items() if k != "status"} for row in TARGETS]}
    release(tmp_path, tables, with_pages=PAGE_ONLY)
    assert "Chưa đánh giá được" in tile(page_of(tmp_path), "on_time").text


def test_the_same_release_is_the_same_page_and_book(tmp_path: Path) -> None:
    for name in ("one", "two"):
        release(tmp_path / name, FULL)
    for file in ("scoreboard.html", "scoreboard.xlsx"):
        one, two = (tmp_path / name / "current" / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
