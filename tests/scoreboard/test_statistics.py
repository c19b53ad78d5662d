"""Statistics as of a day: the national series on three days, by the command and by the documented SQL."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from pipelines.scoreboard.statistics import NotPublished, statistics_as_of, statistics_table
from pipelines.settings import PROJECT_ROOT

SHARE = "digital_economy_share_pct"
KNOWN = {
    date(2023, 12, 30): {2022: 12.67},
    date(2024, 6, 30): {2020: 12.66, 2021: 12.88, 2022: 12.63, 2023: 12.33},
    date(2025, 1, 6): {2020: 12.66, 2021: 12.87, 2022: 12.83, 2023: 12.87, 2024: 13.17},
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release's table with the figures that ship with the project, each row as the mart has it."""
    folder = Path(tmp_path_factory.mktemp("release"))
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select f.* exclude (published_on), published_on as vintage_on, i.title_vi,
                       f.value - lag(f.value) over (
                           partition by indicator, area_code, period_type, period_start, source order by published_on
                       ) as revision
                from read_csv('{seeds}/published_figures.csv', types = {{'area_code': 'varchar'}}) as f
                join read_csv('{seeds}/indicators.csv') as i using (indicator)
            ) to '{folder}/statistics.parquet'
            """
        )
    return folder


@pytest.mark.parametrize("day", KNOWN, ids=str)
def test_the_national_series_as_it_was_known(release: Path, day: date) -> None:
    rows = [row for row in statistics_as_of(release, day, SHARE) if row["area_code"] == "VN"]
    assert {row["period_start"].year: row["value"] for row in rows} == KNOWN[day]
    assert all(row["vintage_on"] <= day for row in rows)


def test_the_documented_query_says_the_same(release: Path) -> None:
    page = (PROJECT_ROOT / "docs" / "methods" / "statistics.md").read_text(encoding="utf-8")
    found = re.search(r"```sql\n(.+?)```", page, re.DOTALL)
    assert found
    with duckdb.connect() as connection:
        connection.execute(f"create view statistics as from '{release}/statistics.parquet'")
        answer = connection.execute(
            f"select year(period_start), value from ({found[1]}) where indicator = ? and area_code = 'VN'", [SHARE]
        )
        assert dict(answer.fetchall()) == KNOWN[date(2024, 6, 30)]


def test_what_cannot_be_shown_says_what_to_do(release: Path, tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="hatinh status"):
        statistics_as_of(tmp_path, date(2026, 1, 1))
    with pytest.raises(NotPublished, match=f"Published are: .*{SHARE}"):
        statistics_as_of(release, date(2026, 1, 1), "kinh_te_so")
    assert statistics_as_of(release, date(2010, 1, 1)) == []


def test_the_table_shows_value_revision_and_day_of_publication(release: Path) -> None:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    day = date(2025, 1, 6)
    console.print(statistics_table(statistics_as_of(release, day), day))
    text = console.export_text()
    assert re.search(r"cả nước / nation\s+2023\s+12.87 %\s+\+0.54\s+06/01/2025\s+Tổng cục Thống kê \(B\)", text)
    assert "1,212,847 thuê bao" in text
