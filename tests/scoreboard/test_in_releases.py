"""Page and workbook as part of a release: described, verified, unchanged without news, no risk to the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from board_world import FULL, PAGE_ONLY, PLACE, release, target
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.release.files import ReleaseError
from pipelines.release.pages import Page
from pipelines.release.released import Release
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.pages import pages
from pipelines.settings import PROJECT_ROOT

SMALL = {"target_progress": [target("on_time")]}


def broken() -> Sequence[Page]:
    """The page cannot be drawn, the workbook can; their design is the real one."""

    def fail(release: Release) -> bytes:
        raise ValueError("no font for 'Kỳ Anh'")

    page, *others = pages(PLACE)
    return [replace(page, draw=fail), *others]


def test_they_are_described_read_only_and_verified(tmp_path: Path) -> None:
    outcome = release(tmp_path, SMALL)
    store = ReleaseStore(tmp_path)
    current = store.verify(str(outcome.release_id))
    described = {page["path"]: page for page in current.package["pages"]}
    assert set(described) == {"brief.html", "scoreboard.html", "scoreboard.xlsx"}
    for name, page in described.items():
        assert page["bytes"] == (current.path / name).stat().st_size
        assert (current.path / name).stat().st_mode & 0o222 == 0
        assert page["mediatype"]
    assert "scoreboard.html" not in [resource["path"] for resource in current.package["resources"]]
    assert outcome.release_id is not None
    assert outcome.release_id in (current.path / "scoreboard.html").read_text(encoding="utf-8")

    changed = current.path / "scoreboard.html"
    changed.chmod(0o644)
    changed.write_text(changed.read_text(encoding="utf-8").replace("81,82", "99,99"), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"scoreboard\.html is not the file that was published"):
        store.verify(current.id)
    changed.unlink()
    with pytest.raises(ReleaseError, match=r"scoreboard\.html is missing"):
        store.verify(current.id)


def test_a_run_without_news_leaves_them_and_news_draws_them_anew(tmp_path: Path) -> None:
    release(tmp_path, SMALL, with_pages=PAGE_ONLY)
    assert release(tmp_path, SMALL, day=1, with_pages=PAGE_ONLY).status == "unchanged"
    changed = {"target_progress": [target("on_time", value=82.0)]}
    assert release(tmp_path, changed, day=2, with_pages=PAGE_ONLY).status == "released"
    assert "82\u00a0%" in (tmp_path / "current" / "scoreboard.html").read_text(encoding="utf-8")


def test_a_new_design_is_news(tmp_path: Path) -> None:
    release(tmp_path, SMALL, with_pages=PAGE_ONLY)
    redesigned = [replace(page, design="another") for page in PAGE_ONLY]
    assert release(tmp_path, SMALL, day=1, with_pages=redesigned).status == "released"
    assert release(tmp_path, SMALL, day=2, with_pages=redesigned).status == "unchanged"


def test_the_design_knows_the_registries_it_reads(tmp_path: Path) -> None:
    for name in ("pillars", "indicators", "areas"):
        (tmp_path / f"{name}.csv").write_bytes((PLACE.seeds / f"{name}.csv").read_bytes())
    place = replace(PLACE, seeds=tmp_path)
    before = pages(place)[0].design
    assert before == pages(PLACE)[0].design
    (tmp_path / "pillars.csv").write_text("pillar,position,title_vi,title_en\n", encoding="utf-8")
    assert pages(place)[0].design != before


def test_a_page_that_cannot_be_drawn_costs_no_data_and_is_tried_again(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    first = release(tmp_path, SMALL, with_pages=broken())
    assert first.status == "released"
    assert first.undrawn == {"scoreboard.html": "ValueError: no font for '…'"}
    current = store.verify(str(first.release_id))
    assert current.undrawn == first.undrawn
    assert [path.name for path in current.files if path.suffix in (".html", ".xlsx")] == [
        "brief.html",
        "scoreboard.xlsx",
    ]

    again = release(tmp_path, SMALL, day=1, with_pages=broken())
    assert (again.status, again.undrawn) == ("unchanged", first.undrawn)
    assert len(store.list()) == 1

    fixed = release(tmp_path, SMALL, day=2)
    assert (fixed.status, fixed.undrawn) == ("released", {})
    assert (tmp_path / "current" / "scoreboard.html").exists()
    store.verify(str(fixed.release_id))
    assert release(tmp_path, SMALL, day=3).status == "unchanged"


def test_a_run_that_is_stopped_while_a_page_asks_duckdb_releases_nothing(tmp_path: Path) -> None:
    def stopped(release: Release) -> bytes:
        raise RuntimeError("Query interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        release(tmp_path, SMALL, with_pages=[replace(pages(PLACE)[0], draw=stopped)])
    assert ReleaseStore(tmp_path).list() == []


def test_the_command_shows_the_page_and_draws_it_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = release(tmp_path / "marts", FULL, with_pages=PAGE_ONLY)
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HATINH_HOME", str(PROJECT_ROOT))
    run = CliRunner().invoke
    shown = run(app, ["page"])
    assert shown.exit_code == 0
    assert Path(shown.output.strip()).read_bytes().startswith(b"<!DOCTYPE html>")

    out = tmp_path / "out.html"
    assert run(app, ["--lang", "vi", "page", "--out", str(out), "--release", str(outcome.release_id)]).exit_code == 0
    assert out.read_bytes() == (tmp_path / "marts" / "current" / "scoreboard.html").read_bytes()
    assert run(app, ["page", "--release", "nothing"]).exit_code == 2


def test_codes_in_the_list_of_reports_are_whole_at_eighty_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(tmp_path / "marts", {"reported_indicators": FULL["reported_indicators"]}, with_pages=[])
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["reports"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("work_files_online_pct") == 2, "two periods"
    assert "2026-Q3, due 15 Oct 2026" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


def test_without_a_page_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release(tmp_path / "marts", SMALL, with_pages=[])
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    shown = CliRunner().invoke(app, ["page"])
    assert shown.exit_code == 1
    assert "hatinh page --out" in shown.output
