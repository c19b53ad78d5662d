"""The scoreboard in the terminal: it fits the width, counts every target, and in full names what is counted."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from board_world import PLACE, TARGETS, release, target
from rich.cells import cell_len
from rich.console import Console

from pipelines.reasons import REASONS
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.terminal import scoreboard
from pipelines.scoreboard.words import STATUS
from pipelines.sources import all_sources, framing, statistic_rows, tables

LOADS = {
    "dossiers": {"total_in": 14219, "total_quarantined": 42, "reasons": {"bad_date: NgayTiepNhan": 42}},
    "ispeed": {"total_in": 120, "total_quarantined": 0},
    "itu": {"total_in": 0, "total_quarantined": 0, "refused": ["so-lieu-2026.csv: the file is empty"]},
    "nso_pxweb": {"total_in": 9, "total_quarantined": 0, "not_fetched": ["2026: 2026-11-24 01:00 V02.01: status 404"]},
}
RUNS: list[dict[str, Any]] = [{"status": "released", "loads": LOADS}]


def shown(root: Path, width: int, *, whole: bool = False, runs: Any = RUNS, holder: str | None = None) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(scoreboard(ReleaseStore(root), runs, PLACE, in_full=whole, holder=holder), highlight=False)
    return captured.get().splitlines()


def reported(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("board")
    release(root, with_pages=[])
    return root


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("whole", [False, True])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(root: Path, width: int, whole: bool) -> None:
    lines = shown(root, width, whole=whole)
    assert max(cell_len(line) for line in lines) <= width
    assert "…" not in "".join(lines)


def test_the_first_line_after_the_band_counts_every_target_once(root: Path) -> None:
    line = next(line for line in shown(root, 200) if " chỉ tiêu" in line)
    ids = {row["target_id"] for row in TARGETS}
    assert line.startswith(f"{len(ids)} chỉ tiêu")
    assert sum(int(count) for count in re.findall(r"(\d+)(?= ·|$)", line.strip())) == len(ids)


def test_a_target_is_one_line_with_value_period_target_year_and_verdict(root: Path) -> None:
    line = next(line for line in shown(root, 120) if "Chỉ tiêu online" in line)
    assert " ".join(line.split()) == "Chỉ tiêu online 97,44 % 10/2026 mẫu ≥ 80 % 2030 ✓ Đã đạt"


def test_what_has_no_data_is_counted_and_named_in_full_only(root: Path) -> None:
    short, full = reported(shown(root, 120)), reported(shown(root, 120, whole=True))
    silent = next(row["title_vi"] for row in TARGETS if row["target_id"] == "villages")
    assert f"? {STATUS['no_data'].vi}: 1" in short
    assert silent not in short
    assert silent in full
    for word in ("QĐ 766/QĐ-TTg; bằng chứng A", "dossier_timeliness"):
        assert word in full


def test_targets_that_would_read_alike_are_one_line_in_the_short_form(tmp_path: Path) -> None:
    twins = [target(name, title_vi="Tỷ trọng", document=name) for name in ("qd411", "qd749")]
    release(
        tmp_path, {"target_progress": [*twins, target("later", title_vi="Tỷ trọng", target_year=2045)]}, with_pages=[]
    )
    assert sum("Tỷ trọng" in line for line in shown(tmp_path, 120)) == 2
    assert sum("Tỷ trọng · 2 văn bản" in line for line in shown(tmp_path, 120)) == 1
    assert sum("Tỷ trọng" in line for line in shown(tmp_path, 120, whole=True)) == 3


def test_one_reason_is_told_once_for_all_that_it_holds_back(tmp_path: Path) -> None:
    root = tmp_path
    release(root, with_pages=[])
    current = ReleaseStore(root).current()
    assert current is not None
    since, reason = "2026-11-24T02:00:00Z", "whole_files:ispeed, truncated"
    resources = [{**r, "held_back": {"since": since, "reason": reason}} for r in current.package["resources"]]
    held = [{"target": t, "since": since, "reason": reason, "from_release": None} for t in current.targets]
    path = current.path / "datapackage.json"
    path.write_text(json.dumps({**current.package, "resources": resources, "held_back": held}), encoding="utf-8")
    short = reported(shown(root, 80))
    assert f"{len(resources)} giữ bản trước" in short
    assert short.count("whole_files:ispeed") == 1
    assert all(target in short for target in current.targets)


def test_a_warning_is_told_once_in_full(root: Path) -> None:
    assert reported(shown(root, 80, whole=True)).count("stg_boundaries Previous codes.") == 1
    assert "Previous codes" not in reported(shown(root, 80))


def test_a_refused_file_and_set_aside_rows_are_told_and_sound_sources_take_one_line(root: Path) -> None:
    short = reported(shown(root, 80))
    assert "dossiers: 14.219 dòng = 14.177 nạp + 42 cách ly" in short
    assert "42 × ngày không có thật hoặc sai định dạng (bad_date: NgayTiepNhan)" in short
    assert "Từ chối tệp: so-lieu-2026.csv: tệp trống" in short
    assert "hatinh withdraw itu" in short
    assert "Nạp hết: ispeed 120" in short


@pytest.mark.parametrize(
    ("last", "holder", "said"),
    [
        ({"status": "running"}, None, "Lần chạy cuối: bị ngắt giữa chừng"),
        ({"status": "running"}, "process 7", "Đang chạy: process 7"),
        ({"status": "failed", "error": "step x failed"}, None, "Lần chạy cuối: thất bại – step x failed"),
        ({"status": "released", "kind": "rollback", "release": "20261101T0"}, None, "quay lui về 20261101T0"),
    ],
)
def test_how_the_last_run_ended_is_told(root: Path, last: dict[str, Any], holder: str | None, said: str) -> None:
    assert said in reported(shown(root, 80, runs=[*RUNS, last], holder=holder))
    assert said not in reported(shown(root, 80))


def test_a_source_that_could_not_be_fetched_is_told_though_nothing_of_it_is_wrong(root: Path) -> None:
    short = reported(shown(root, 80))
    assert "nso_pxweb: 9 dòng = 9 nạp" in short
    assert "Lần lấy gần nhất không được, dùng tệp cũ: 2026: 2026-11-24 01:00 V02.01: status 404" in short


def test_every_reason_of_quarantine_has_words() -> None:
    rules = {rule.reason for source in all_sources().values() for rule in source.table.rules}
    framed = {str(reason) for reasons in (framing.Reason, tables.Reason, statistic_rows.Reason) for reason in reasons}
    of_the_load = {"duplicate_record", "invalid_json", "not_an_object"}
    assert (rules | framed | of_the_load) - REASONS.keys() == set()


def test_verdicts_that_are_not_final_and_targets_that_ended_have_words_of_their_own(tmp_path: Path) -> None:
    targets = [
        target("soon", status="met_provisional", certainty="proxy", value=85.0, target_value=80.0, distance=5.0),
        target("ended", status="no_longer_in_force", value=None, ended_reason_vi="hết", ended_reason_en="over"),
        target("kept", status="no_longer_in_force", value=25.0, ended_reason_vi="hết", ended_reason_en="over"),
    ]
    release(tmp_path, {"target_progress": targets}, with_pages=[])
    lines = shown(tmp_path, 200)
    counted = next(line for line in lines if " chỉ tiêu" in line)
    assert f"{STATUS['met_provisional'].vi} 1" in counted
    assert f"{STATUS['no_longer_in_force'].vi} 2" in counted
    assert STATUS["no_data"].vi not in counted


def test_publishers_with_overdue_figures_are_listed_of_the_day_asked_for(tmp_path: Path) -> None:
    release(tmp_path, with_pages=[])
    current = ReleaseStore(tmp_path).current()
    assert current is not None
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select * from (
                    values
                        ('dti_rank', 'Bộ Một', date '2026-10-21'),
                        ('dti_value', 'Bộ Một', date '2026-10-22'),
                        ('gii_rank', 'WIPO', date '2026-11-29'),
                        ('once', null, null)
                ) as t (indicator, publisher, expected_on)
            ) to '{current.path}/publication_calendar.parquet'
            """
        )

    def lines(day: date | None, whole: bool = False) -> str:
        console = Console(width=200, color_system=None)
        with console.capture() as captured:
            console.print(scoreboard(ReleaseStore(tmp_path), RUNS, PLACE, today=day, in_full=whole), highlight=False)
        return captured.get()

    assert "Quá hạn công bố" not in lines(None)
    assert "Quá hạn công bố" not in lines(date(2026, 10, 21)), "on the day itself it may still come"
    assert "Bộ Một: 1 chuỗi, 21/10/2026" in lines(date(2026, 10, 22))
    late = lines(date(2026, 11, 29), whole=True)
    assert "Bộ Một: 2 chuỗi, 21/10/2026 – 22/10/2026 (dti_value, dti_rank)" in late
    assert "WIPO" not in late
