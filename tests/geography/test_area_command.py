"""`hatinh area`: what a person who asks for a name or a code reads, and what happens when nothing fits."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from pipelines.cli import app


def ask(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["area", *arguments], env={"COLUMNS": "80", "NO_COLOR": "1"})
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
        (["Yên Hoà", "--on", "2026-01-01"], ["18682 · xã Yên Hòa"]),
        (["UBND xã Yên Hòa", "--on", "2026-01-01"], ["18682 · xã Yên Hòa"]),
        (["Uỷ ban nhân dân X. Kỳ Lợi"], ["18796 · xã Kỳ Lợi"]),
        (["ubnd ky loi"], ["18796 · xã Kỳ Lợi"]),
    ],
)
def test_all_that_fit_are_listed_and_no_other(asked: list[str], titles: list[str]) -> None:
    code, output = ask(*asked)
    assert code == 0
    assert sorted(re.findall(r"\d+ · [\w ]+?(?= Hiệu lực)", output)) == sorted(titles)


def test_a_card_tells_what_a_unit_became_and_what_is_not_known() -> None:
    _, output = ask("18796")
    assert "≤ 01/01/2025 – 30/06/2025" in output
    for part in ("18754 phường Sông Trí", "18823 phường Vũng Áng", "18832 phường Hoành Sơn"):
        assert f"{part} một phần / a part" in output
    assert "unknown part of 18796" in output
    _, output = ask("18073", "--on", "2025-07-01")
    assert "01/07/2025 – nay / now" in output
    assert "18082 phường Đại Nài một phần / a part" in output
    assert "unknown part" not in output
    assert "90.983 người 17/07/2025, C" in output
    assert "Cùng mã / same code phường Nam Hà" in output


def test_figures_that_disagree_stand_side_by_side() -> None:
    _, output = ask("18118", "--on", "2025-07-01")
    assert "36,47 km² 02/08/2026, C" in output
    assert "nguồn khác / another source 52,21 km² 17/07/2025, C · sapnhap.bando.com.vn" in output


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["Thanh Xen"], "phường Thành Sen"),
        (["UBND phường Thanh Xen"], "phường Thành Sen"),
        (["UBND"], "no unit"),
        (["99999"], "no unit"),
        (["zzzz"], "no unit"),
        ([""], "no unit"),
        (["Thành Sen", "--on", "2024-01-01"], "The registry begins on 2025-01-01"),
        (["Thành Sen", "--on", "2025-06-30"], "18073 phường Thành Sen (2025-07-01 – nay)"),
        (["Kỳ Lợi", "--on", "2025-07-01"], "18796 xã Kỳ Lợi (2025-01-01 – 2025-06-30)"),
        (["Kỳ Lợi", "--on", "31/02/2025"], "--on"),
    ],
)
def test_what_is_not_known_is_said_and_exits_with_2(asked: list[str], said: str) -> None:
    code, output = ask(*asked)
    assert code == 2
    assert said in output
