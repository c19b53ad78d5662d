"""The section of measurements and its plot, of made-up measurements."""
# ruff: noqa: S101

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.engines import DUCKDB, Compared, EngineRun, table
from benchmarks.pipeline import PHASES
from benchmarks.processes import Measured
from benchmarks.report import (
    BARE,
    ENGINES,
    MODELS,
    PEERS,
    PIPELINE,
    SIZES,
    Comparison,
    Size,
    comparison,
    draw,
    marks,
    section,
    write,
)

DAY = datetime(2026, 11, 30, tzinfo=UTC)


def run(seconds: float) -> Measured:
    return Measured(seconds, 900.0, DAY, cpu_seconds=2 * seconds)


def size(rows: int, factor: float) -> Size:
    programs = {BARE: [run(factor)], MODELS: [run(2 * factor)], PIPELINE: [run(9 * factor), run(8 * factor), run(90)]}
    phases = {"load": 3 * factor, "build": 6 * factor}
    return Size(rows, f"{rows:,} dossiers", programs, {"nothing new": run(2)}, phases, 40.0, is_equal=rows < 10_000)


def test_the_ratio_is_of_medians_to_bare_script_and_models_together() -> None:
    text = section([size(1_000, 1), size(10_000, 2)], "one machine", "python -m benchmarks")
    assert "| 1,000 dossiers | 1.0 | 2.0 | 9.0 | **3.0** | 900 | +40 | equal |" in text
    assert "| **3.0** | 900 | +40 | DIFFERENT |" in text
    assert "| nothing new | 2.0 | 2.0 |" in text
    assert "| build | 6.0 | 12.0 |" in text
    assert "30 November 2026" in text


def test_the_section_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    page, (begin, end), (other, closing) = tmp_path / "page.md", marks(SIZES), marks(PEERS)
    page.write_text(f"above\n{begin}\nold\n{end}\nbelow\n{other}\nold\n{closing}\n")
    write(page, "new")
    write(page, "newer")
    write(page, "peers", PEERS)
    assert page.read_text() == f"above\n{begin}\nnewer\n{end}\nbelow\n{other}\npeers\n{closing}\n"
    page.write_text("above\n")
    with pytest.raises(ValueError, match="no place for measurements"):
        write(page, "new")


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    draw([size(1_000, 1), size(10_000, 2)], tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "Phases of the pipeline" in drawn


@pytest.mark.parametrize("name", [SIZES, PEERS, ENGINES])
def test_the_page_of_the_project_has_its_places(name: str) -> None:
    text = (Path(__file__).parent.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    begin, end = marks(name)
    assert text.count(begin) == text.count(end) == 1
    assert text.index(begin) < text.index(end)


def test_programs_side_by_side_have_ratios_to_the_first_and_what_did_not_run_has_its_reason() -> None:
    programs = {BARE: [run(2), run(3), run(2)], "polars": [run(3), run(5), run(4)]}
    figures = {BARE: "equal", "polars": "DIFFERENT", "PySpark": "not installed: no java"}
    text = comparison([Comparison("1,000 dossiers", programs, figures)], "one machine", "python -m benchmarks --peers")
    assert "| polars | 4.0 | 3.0–5.0 | 2.00 | 8.0 | 900 | 900–900 | 1.00 | DIFFERENT |" in text
    assert "| PySpark | – | – | – | – | – | – | – | not installed: no java |" in text
    assert "**1,000 dossiers**" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_runs_on_an_engine_are_shown_by_step_with_the_memory_of_both() -> None:
    phases = dict.fromkeys(PHASES, 2.0)
    runs = {
        "Sail": EngineRun(Measured(12.0, 900.0, DAY, 4_000.0), phases, "released"),
        DUCKDB: EngineRun(Measured(9.0, 1_900.0, DAY), phases, "released"),
    }
    text = table(Compared("1,000 dossiers", runs, (), 250.0))
    assert "1,000 dossiers; 250 MB of disk" in text
    assert "| 12.0 | 900 | 4,000 |" in text
    assert "| 9.0 | 1,900 | – |" in text
    assert text.endswith("equal, every one in every row and column.")
    assert "DIFFERENT" in table(Compared("", runs, ("a.b: 1 of 2 rows differ",), 0.0))
