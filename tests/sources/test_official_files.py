"""Files of the statistics office as they were published: every row is accounted for, and its figures are read rightly.

The files are not part of the project; without them these tests skip.
"""

from __future__ import annotations

import csv
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from loads import Loaded, loaded

from pipelines.settings import PROJECT_ROOT
from pipelines.sources import nso_pxweb, sdmx

FILES = PROJECT_ROOT.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="the official files (../shared/data) are not here")


def read(path: str) -> Loaded:
    """Load one file; that rows in are rows loaded and rows rejected is asserted by `loaded`."""
    file = FILES / path
    source = sdmx.SOURCE if path.startswith("sdmx/") else nso_pxweb.SOURCE
    return loaded(source, file.read_bytes(), name=Path(path).name)


@pytest.mark.parametrize(
    ("path", "rows", "series"),
    [
        ("sdmx/CPIVNM.xml", 1683, 33),
        ("sdmx/GDPVNM.xml", 5818, 193),
        ("sdmx/LMIVNM.xml", 737, 15),
        ("sdmx/MOF_CGD_Vietnam.xml", 245, 70),
        ("sdmx/POPVNM.xml", 165, 11),
        ("nso/E02.01.json", 70 * 14 * 3, 70 * 3),
        ("nso/E02.02.json", 3 * 35 * 5, 3 * 5),
        ("nso/E02.03-07.json", 71 * 5 * 30, 71 * 5),
    ],
)
def test_every_row_of_an_official_file_is_loaded(path: str, rows: int, series: int) -> None:
    got = read(path)
    assert (got.reasons, got.refusals) == ([], ())
    assert (len(got.rows), len({row["series"] for row in got.rows})) == (rows, series)


def test_marks_and_groups_of_digits_of_the_labour_file() -> None:
    got = read("sdmx/LMIVNM.xml").rows
    assert Counter(row["missing_mark"] for row in got) == {None: 695, "na": 42}
    read_as = {row["value_text"]: (row["value"], row["obs_flag"]) for row in got}
    assert read_as["8 339.9"] == (8339.9, None)
    assert read_as["519.4sb"] == (519.4, "P")


def test_decimal_commas_of_the_budget_file() -> None:
    read_as = {row["value_text"]: row["value"] for row in read("sdmx/MOF_CGD_Vietnam.xml").rows}
    assert read_as["1.067.817,12"] == 1_067_817.12
    assert read_as["164,25"] == 164.25
    assert read_as["1528066.24"] == 1_528_066.24


def test_places_units_and_unknown_day_of_update_of_the_population_table() -> None:
    got = read("nso/E02.01.json").rows
    assert {row["unit_label"] for row in got} == {"Km2", "Thous. pers.", "Person/km2"}
    assert {row["updated_on"] for row in got} == {None}  # 9999-12-31 is not known
    own = {
        row["unit_label"]: round(row["value"], 3)
        for row in got
        if row["area_label"] == "Ha Tinh" and row["period_start"].year == 2024
    }
    assert own == {"Km2": 5994.45, "Thous. pers.": 1329.825, "Person/km2": 221.843}
    assert "Thai Nguyen" in {row["area_label"] for row in got}  # "Thai  Nguyen" in the file


def test_the_preliminary_year_of_the_population_table() -> None:
    got = read("nso/E02.03-07.json").rows
    assert Counter(row["obs_flag"] for row in got) == {None: 71 * 5 * 29, "P": 71 * 5}


@pytest.mark.parametrize("folder", ["sdmx", "nso"])
def test_every_series_is_mapped_or_has_a_reason(folder: str) -> None:
    """`docs/methods/statistics_sources.md` lists why a series is not mapped; a line that nothing fits is no reason."""
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    with (seeds / "statistic_series.csv").open(encoding="utf-8", newline="") as file:
        registry = [(row["dataset"], row["series"], row["area_label"]) for row in csv.DictReader(file)]
    page = (PROJECT_ROOT / "docs" / "methods" / "statistics_sources.md").read_text(encoding="utf-8")
    table = page.partition("### Not mapped, with reason")[2].partition("\n### ")[0]
    cells = [[cell.strip(" `") for cell in line.split("|")[1:4]] for line in table.splitlines() if line.count("|") == 4]
    reasons = [(dataset, pattern) for dataset, pattern, reason in cells[2:] if reason]
    rows = [row for path in sorted((FILES / folder).iterdir()) for row in read(f"{folder}/{path.name}").rows]
    series = {(row["dataset"], row["series"], row["area_label"]) for row in rows}
    unmapped = {
        (dataset, name, area)
        for dataset, name, area in series
        if not any(d == dataset and fnmatchcase(name, p) and label in ("", area) for d, p, label in registry)
    }
    fits = {row: [r for r in reasons if r[0] == row[0] and fnmatchcase(row[1], r[1])] for row in unmapped}
    assert [row for row, found in fits.items() if not found] == []
    used = {reason for found in fits.values() for reason in found}
    assert {r for r in reasons if r[0] in {row[0] for row in series}} == used
