"""`hatinh area`: what a person who asks for a name or a code reads, what waits for an answer, and when nothing fits."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from geography_world import Render, Stated, reviewed, seeded
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.warehouse.connection import Warehouse


def ask(*arguments: str, data: Path | None = None) -> tuple[int, str]:
    environment = {"COLUMNS": "80", "NO_COLOR": "1", **({"HATINH_DATA_DIR": str(data)} if data else {})}
    result = CliRunner().invoke(app, ["area", *arguments], env=environment)
    return result.exit_code, re.sub(r"\s+", " ", result.output)


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        (["X. Kỳ Lợi"], ["18796 · xã Kỳ Lợi"]),
        (["Kỳ", "Lợi"], ["18796 · xã Kỳ Lợi"]),
        (["ky loi"], ["18796 · xã Kỳ Lợi"]),
        (["Trần Phú"], ["18094 · phường Trần Phú", "18100 · phường Trần Phú"]),
        (["Trần Phú", "--on", "2025-06-30"], ["18094 · phường Trần Phú"]),
        (["P.Trần Phú", "--on", "01/07/2025"], ["18100 · phường Trần Phú"]),
        (["18100"], ["18100 · phường Thạch Hạ", "18100 · phường Trần Phú"]),
        (["18100", "--on", "2025-06-30"], ["18100 · phường Thạch Hạ"]),
        (["Kỳ Anh"], ["447 · huyện Kỳ Anh", "449 · thị xã Kỳ Anh", "18775 · xã Kỳ Anh"]),
        (["TX Kỳ Anh"], ["449 · thị xã Kỳ Anh"]),
        (["Cỗ Đạm"], ["18391 · xã Cỗ Đạm", "18394 · xã Cổ Đạm"]),
        (["xã Cỗ Đạm"], ["18391 · xã Cỗ Đạm", "18394 · xã Cổ Đạm"]),
        (["X. Cổ Đạm"], ["18391 · xã Cỗ Đạm", "18394 · xã Cổ Đạm"]),
        (["Cổ Đạm", "--on", "2025-06-30"], ["18391 · xã Cỗ Đạm"]),
        (["Yên Hoà", "--on", "2026-01-01"], ["18682 · xã Yên Hòa"]),
        (["UBND xã Yên Hòa", "--on", "2026-01-01"], ["18682 · xã Yên Hòa"]),
        (["Uỷ ban nhân dân X. Kỳ Lợi"], ["18796 · xã Kỳ Lợi"]),
        (["ubnd ky loi"], ["18796 · xã Kỳ Lợi"]),
    ],
)
def test_all_that_fit_are_listed_and_no_other(asked: list[str], titles: list[str]) -> None:
    code, output = ask(*asked)
    assert code == 0
    assert sorted(re.findall(r"\d+ · [\w ]+?(?= Valid)", output)) == sorted(titles)


def test_a_card_shows_what_a_unit_became_and_what_is_not_known() -> None:
    _, output = ask("18796")
    assert "≤ 1 Jan 2025 – 30 Jun 2025" in output
    for part in ("18754 phường Sông Trí", "18823 phường Vũng Áng", "18832 phường Hoành Sơn"):
        assert f"{part} a part" in output
    assert "unknown part of 18796" in output
    _, output = ask("18073", "--on", "2025-07-01")
    assert "1 Jul 2025 – now" in output
    assert "18082 phường Đại Nài a part" in output
    assert "unknown part" not in output
    assert "90,983 người 17 Jul 2025, C" in output
    assert "Same code phường Nam Hà" in output


def test_a_district_lists_the_communes_that_it_had() -> None:
    _, output = ask("huyện Cẩm Xuyên")
    assert "what each commune became: hatinh area CODE" in output
    assert "Had 18673 thị trấn Cẩm Xuyên 18676 thị trấn Thiên Cầm 18679 xã Yên Hòa" in output
    assert len(re.findall(r"\d{5} (?:xã|thị trấn)", output)) == 21
    assert "Nghị quyết 1665/NQ-UBTVQH15 · A: official" in output
    # two of one name, each with its own
    _, output = ask("Kỳ Anh", "--on", "2025-06-30")
    assert len(re.findall(r"\d{5} (?:xã|phường|thị trấn)", output)) == 20 + 11


def test_of_a_district_older_than_the_registry_nothing_is_claimed() -> None:
    _, output = ask("448")
    assert "7 Feb 2007 – 31 Dec 2024" in output
    assert "ended, not recorded in the registry (its communes begin 1 Jan 2025)" in output
    assert "K: general knowledge" in output
    assert "Had" not in output


def test_names_that_wait_are_listed_with_candidates_and_how_to_answer(render: Render, tmp_path: Path) -> None:
    assert ask("--review", data=tmp_path) == (2, "Nothing is loaded yet: hatinh run ")
    warehouse = _warehouse(
        tmp_path, render, (None, "Xã Lạ, huyện Xa", "2026-03-31"), ("18079", "Thành Sen", "2026-06-30")
    )
    code, output = ask("--review", data=tmp_path)
    assert code == 0
    assert "village_coverage · Xã Lạ, huyện Xa Rows 1 · 31 Mar 2026" in output
    assert "no commune has this name on its day Files viettel-thon.csv" in output
    assert "village_coverage · 18079 Thành Sen" in output
    assert "18073, by its name" in output
    assert "18079 phường Tân Giang (until 2025-06-30) → 18073 phường Thành Sen" in output
    assert "area_aliases.csv" in output
    assert 'alias,area_code,valid_from,source "Xã Lạ, huyện Xa",…,…,…' in output
    assert "ask the source for the codes of its day" in output
    with Warehouse(warehouse).hold("a test", datetime(2026, 12, 1, tzinfo=UTC)):
        code, output = ask("--review", data=tmp_path)
    assert code == 4
    assert "held by process" in output


def test_without_an_open_name_the_review_asks_for_nothing(render: Render, tmp_path: Path) -> None:
    _warehouse(tmp_path, render, ("18073", "Thành Sen", "2026-06-30"))
    assert ask("--review", data=tmp_path) == (
        0,
        "No name waits: every commune and village is known. ",
    )


def test_villages_under_two_names_are_listed_by_commune(render: Render, tmp_path: Path) -> None:
    villages = [
        ("18073", "phường Thành Sen", "Thôn Hạ", "4G, fibre", "Viettel", "Hạ Vàng (VNPT); Thôn Hạ Mới (VNPT)"),
        ("18073", "phường Thành Sen", "Thôn Tây", "4G", "Viettel, VNPT", "Tây Hồ (MobiFone)"),
    ]
    _warehouse(tmp_path, render, ("18073", "Thành Sen", "2026-06-30"), villages=villages)
    code, output = ask("--review", data=tmp_path)
    assert code == 0
    assert output.count("18073 phường Thành Sen") == 1
    assert "Village Thôn Hạ (Viettel) Unknown 4G, fibre May be Hạ Vàng (VNPT)" in output
    assert "Thôn Hạ Mới (VNPT) Village Thôn Tây (Viettel, VNPT)" in output
    assert "village_aliases.csv area_code,alias,village,source 18073,Thôn Hạ,…,…" in output
    assert "area_aliases.csv" not in output


def _warehouse(data: Path, render: Render, *stated: Stated, villages: Sequence[tuple[str, ...]] = ()) -> Path:
    """A warehouse that holds the review of villages' communes, and such villages."""
    path = data / "warehouse" / "warehouse.duckdb"
    path.parent.mkdir()
    world = seeded(render)
    reviewed(world, render, *stated)
    world.execute(f"attach '{path}' as kept")
    world.execute("create schema kept.intermediate")
    world.execute("create table kept.intermediate.int_area_name_review as from int_area_name_review")
    columns = "area_code, area_name, village_name, technologies, operators, candidates"
    world.execute(
        f"create table kept.intermediate.int_village_name_review ({columns.replace(',', ' varchar,')} varchar)"
    )
    if villages:
        world.executemany("insert into kept.intermediate.int_village_name_review values (?, ?, ?, ?, ?, ?)", villages)
    world.close()
    return path


def test_figures_that_disagree_stand_side_by_side() -> None:
    _, output = ask("18118", "--on", "2025-07-01")
    assert "36.47 km² 2 Aug 2026, C" in output
    assert "Another source 52.21 km² 17 Jul 2025, C · sapnhap.bando.com.vn" in output


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["Thanh Xen"], "phường Thành Sen"),
        (["UBND phường Thanh Xen"], "phường Thành Sen"),
        (["UBND"], "No unit"),
        (["99999"], "No unit"),
        (["zzzz"], "No unit"),
        ([""], "No unit"),
        (["Thành Sen", "--on", "2024-01-01"], "The registry begins on 2025-01-01"),
        (["Thành Sen", "--on", "2025-06-30"], "18073 phường Thành Sen (2025-07-01 – now)"),
        (["Kỳ Lợi", "--on", "2025-07-01"], "18796 xã Kỳ Lợi (2025-01-01 – 2025-06-30)"),
        (["Kỳ Lợi", "--on", "31/02/2025"], "--on"),
        ([], "NAME is missing"),
        (["Kỳ Lợi", "--review"], "without NAME"),
    ],
)
def test_an_unknown_name_is_reported_with_exit_code_2(asked: list[str], said: str) -> None:
    code, output = ask(*asked)
    assert code == 2
    assert said in output


def test_as_json_a_unit_has_what_it_became_and_the_same_in_every_language() -> None:
    code, english = ask("18796", "--json")
    assert code == 0
    (unit,) = json.loads(english)
    assert (unit["code"], unit["name"], unit["valid_to"]) == ("18796", "Kỳ Lợi", "2025-06-30")
    assert {"code": "18754", "valid_from": "2025-07-01", "relation": "split"} in unit["became"]
    shown = CliRunner().invoke(app, ["--lang", "vi", "area", "18796", "--json"])
    assert json.loads(shown.output) == [unit]
