"""Registries as people save them: typed cells, and errors that name the cell and the fix."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.seeds import SeedError, seed_rows, seed_sql


def write(folder: Path, text: str) -> Path:
    (folder / "units.csv").write_text(text, encoding="utf-8-sig")  # as Excel saves it
    return folder


def test_cells_have_types_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    seeds = write(tmp_path, 'code,name,since,until,size,is_own\n01,"Một, hai",2025-07-01,,1.5,true\n')
    (row,) = seed_rows(seeds, "units")
    assert (row["code"], row["name"], row.day("since"), row.day_or_none("until"), row.number("size")) == (
        "01",
        "Một, hai",
        date(2025, 7, 1),
        None,
        1.5,
    )
    assert row.is_true("is_own")
    relation = seed_sql(seeds, "'units'")
    assert duckdb.sql(f"select code, name, until from {relation}").fetchall() == [("01", "Một, hai", None)], (
        "SQL reads the same"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,since\n1,2025-02-30\n", r"units\.csv, line 2, since: '2025-02-30' is no date: write it as 2026-01-31"),
        ("code\n1\n", r"units\.csv: there is no column since: put its heading back"),
        ("code,since\n1,2025-01-01\n1,2,3\n", r"units\.csv, line 3: 3 cells where the heading has 2"),
    ],
)
def test_an_error_names_the_cell_and_the_fix(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SeedError, match=message):
        [row.day("since") for row in seed_rows(write(tmp_path, text), "units")]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"units\.csv: the file is missing: put it back into"):
        list(seed_rows(tmp_path, "units"))
