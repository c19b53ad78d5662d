"""Registry changed, release out: no figure has two values in it, and a corrected day of publication holds nothing."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from pipelines.platform import Platform
from pipelines.release.released import Release
from pipelines.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from walk_world import Province

pytestmark = pytest.mark.slow

FIGURE = ("indicator", "area_code", "period_type", "period_start", "source", "vintage_on")
SHARE = "digital_economy_share_pct"


def edit(path: Path, change: Callable[[dict[str, str]], dict[str, str] | None]) -> int:
    """Change cells of a registry: `change` gives the new cells of a row, or None. Returns how many rows it changed."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    changes = [change(row) for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | (cells or {}) for row, cells in zip(rows, changes, strict=True))
    return sum(cells is not None for cells in changes)


def of_2022(value: str) -> Callable[[dict[str, str]], dict[str, str] | None]:
    """The nation's share of 2022 as the publication of January 2025 has it."""
    where = {"indicator": SHARE, "area_code": "VN", "published_on": "2025-01-06", "period_start": "2022-01-01"}
    return lambda row: {"value": value} if where.items() <= row.items() else None


def ten_days_earlier(row: dict[str, str]) -> dict[str, str] | None:
    """The day on which it was published is found out, of what was known to be out by a later day."""
    if row["vintage_precision"] != "not_after" or row["indicator"] == SHARE:
        return None
    day = date.fromisoformat(row["published_on"]) - timedelta(days=10)
    return {"published_on": day.isoformat(), "vintage_precision": "day"}


def figures(release: Release) -> Iterator[tuple[str, dict[tuple[object, ...], float]]]:
    """Of each table of figures in the release: value by figure and vintage."""
    with duckdb.connect(str(release.path / "marts.duckdb"), read_only=True) as connection:
        for table in release.tables:
            columns = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            if {*FIGURE, "value"} <= columns:
                rows = connection.execute(f"select {', '.join(FIGURE)}, value from {table} where value is not null")
                yield table, {tuple(row[:-1]): row[-1] for row in rows.fetchall()}


def contradictions(release: Release) -> set[str]:
    """Tables of the release that give a figure of one source and day another value than another table does."""
    every = dict(figures(release))
    assert {"statistics", "digital_economy", "indicator_values"} <= every.keys()
    return {
        f"{one}, {other}: {figure}"
        for one in every
        for other in every
        for figure, value in every[one].items()
        if value != every[other].get(figure, value)
    }


def test_a_figure_is_held_in_every_table_that_shows_it(new_province: Callable[[], Province]) -> None:
    province = new_province()
    seeds = province.settings.data / "seeds"
    shutil.copytree(PROJECT_ROOT / "dbt_project" / "seeds", seeds)
    settings = province.settings.model_copy(update={"seeds_dir": seeds})
    province.platform = Platform(settings, now=province.platform.now, sleep=lambda seconds: None)
    province.sample(60)

    def released() -> Release:
        assert province.walk().success
        release = province.platform.releases.current()
        assert release is not None
        return release

    first = released()
    assert first.held_back == ()
    assert contradictions(first) == set()

    registry = seeds / "published_figures.csv"
    assert edit(registry, of_2022("12.93")) == 1
    changed = released()
    held = {held.target for held in changed.held_back}
    assert {"statistics", "digital_economy", "target_progress"} <= held
    assert "dossier_timeliness" not in held
    assert contradictions(changed) == set()
    shown = {key[:4]: value for key, value in dict(figures(changed))["digital_economy"].items()}
    assert shown[SHARE, "VN", "year", date(2022, 1, 1)] == 12.83

    # the value is put back, and days of publication are known better than before
    edit(registry, of_2022("12.83"))
    assert edit(registry, ten_days_earlier) > 5
    corrected = released()
    assert corrected.held_back == ()
    assert contradictions(corrected) == set()
    assert revisions(corrected) == revisions(first), "a date that is corrected revises no figure"


def revisions(release: Release) -> list[tuple[object, ...]]:
    with duckdb.connect(str(release.path / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(
            "select indicator, area_code, period_start, source, value, previous_value from revisions order by all"
        ).fetchall()
