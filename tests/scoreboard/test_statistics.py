"""Statistics as of a day and what was revised: the national series on three days, by the command and by the SQL."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from rich.console import Console, RenderableType

from pipelines.scoreboard.statistics import (
    HELD,
    NotPublished,
    possibly_known,
    revisions_table,
    revisions_until,
    statistics_as_of,
    statistics_table,
    waiting_for_review,
)
from pipelines.settings import PROJECT_ROOT

SHARE = "digital_economy_share_pct"
KNOWN = {
    date(2023, 12, 30): {2022: 12.67},
    date(2024, 6, 30): {2020: 12.66, 2021: 12.88, 2022: 12.63, 2023: 12.33},
    date(2025, 1, 6): {2020: 12.66, 2021: 12.87, 2022: 12.83, 2023: 12.87, 2024: 13.17},
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release's two tables with the figures that ship with the project, each row as the marts have it."""
    folder = Path(tmp_path_factory.mktemp("release"))
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table publications as
            select f.* exclude (published_on), published_on as vintage_on, i.title_vi,
                   case f.area_code when 'VN' then 'Việt Nam' when '45' then 'tỉnh Quảng Trị' end as area_name,
                   lag(f.value) over figure as previous_value, lag(published_on) over figure as previous_vintage_on,
                   f.value - previous_value as revision
            from read_csv('{seeds}/published_figures.csv', types = {{'area_code': 'varchar'}}) as f
            join read_csv('{seeds}/indicators.csv') as i using (indicator)
            window figure as (
                partition by indicator, area_code, period_type, period_start, source order by published_on
            );
            copy (select * exclude (previous_vintage_on) from publications) to '{folder}/statistics.parquet';
            copy (
                select *, round(100 * revision / previous_value, 4) as revision_pct from publications
                where previous_vintage_on is not null
            ) to '{folder}/revisions.parquet'
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
    with pytest.raises(NotPublished) as few:
        statistics_as_of(release, date(2026, 1, 1), "digital_economy_shares")
    text = str(few.value)
    assert text.startswith("Chưa có số liệu nào được công bố: digital_economy_shares. ")
    near = text.partition("Gần giống: ")[2].partition(". Xem")[0].split(", ")
    assert near[0] == SHARE
    assert len(near) == 3
    assert text.endswith("Xem tất cả: hatinh statistics")
    with pytest.raises(NotPublished, match=r"công bố: x\. Xem tất cả: hatinh statistics$"):
        statistics_as_of(release, date(2026, 1, 1), "x")
    assert statistics_as_of(release, date(2010, 1, 1)) == []


def test_what_moved_is_told_with_both_publications(release: Path) -> None:
    """From 31 December 2023 to 6 January 2025 the nation's 2023 moved from 12.33 to 12.87: +0.54, 4.38 % of 12.33."""
    rows = revisions_until(release, date(2025, 1, 6), SHARE)
    assert {(row["period_start"].year, row["previous_value"], row["value"]) for row in rows} == {
        (2022, 12.67, 12.63),
        (2020, 12.66, 12.66),
        (2021, 12.88, 12.87),
        (2022, 12.63, 12.83),
        (2023, 12.33, 12.87),
    }
    text = printed(revisions_table(rows, date(2025, 1, 6)))
    assert "5 lần, 4 lần số liệu thay đổi" in text
    assert re.search(r"2023\s+12,33 %\s+12,87 %\s+\+0,54 điểm %\s+\+4,38 %\s+Tổng cục Thống kê", text)
    assert re.search(r"31/12/2023\s+06/01/2025", text)


def test_what_was_revised_later_was_not_known_before(release: Path) -> None:
    assert [row["value"] for row in revisions_until(release, date(2024, 6, 30))] == [12.63]
    assert revisions_until(release, date(2023, 12, 30)) == []
    with pytest.raises(NotPublished, match=r"lần nào: population_count\..*hatinh statistics --revisions"):
        revisions_until(release, date(2025, 1, 6), "population_count")


def test_what_may_have_been_out_is_counted_and_not_shown(release: Path) -> None:
    day = date(2023, 12, 30)
    later = possibly_known(release, day, SHARE)
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "published_figures.csv").open(encoding="utf-8", newline="") as file:
        by_the_31st = [
            row
            for row in csv.DictReader(file)
            if row["indicator"] == SHARE
            and row["vintage_precision"] == "not_after"
            and row["published_on"] > f"{day}"
            and row["period_start"] <= f"{day}"
        ]
    assert later == len(by_the_31st) >= 4, "the release of December 2023 was out by the 31st, on a day not known"
    text = printed(statistics_table(statistics_as_of(release, day, SHARE), day, later))
    assert f"có thể thêm {later}" in text
    assert possibly_known(release, date(2023, 12, 31), SHARE) < later
    shown = printed(statistics_table(statistics_as_of(release, date(2024, 6, 30), SHARE), day))
    assert "≤ 31/12/2023" in shown


def test_the_table_shows_value_revision_and_day_of_publication(release: Path) -> None:
    day = date(2025, 1, 6)
    text = printed(statistics_table(statistics_as_of(release, day), day))
    assert re.search(r"Việt Nam\s+2023\s+12,87 %\s+\+0,54 điểm %\s+06/01/2025\s+Tổng cục Thống kê \(B\)", text)
    assert re.search(r"tỉnh Quảng Trị\s+2023\s+7,09 %", text)
    assert re.search(r"\n\s*42 .*1\.212\.847 thuê bao", text), "without a name its code"


def printed(table: RenderableType) -> str:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table)
    return console.export_text()


def test_what_waits_stands_beside_what_is_in_force(tmp_path: Path) -> None:
    """Of a series the newest figure is shown, and how many wait; what an accepted one replaced waits for nobody."""
    assert waiting_for_review(tmp_path) == []
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select *, 'S' as source, '42' as area_code, 'tỉnh Hà Tĩnh' as area_name, 'year' as period_type,
                       date '2026-10-01' as vintage_on, date '2026-07-01' as previous_vintage_on
                from (values
                    ('jump', 'users', date '2024-01-01', 85.5, '%', '%', 40.0, 1.0),
                    ('jump', 'users', date '2023-01-01', 80.0, '%', '%', 39.0, 1.0),
                    ('unit_changed', 'people', date '2024-01-01', 1.31, 'Triệu người', 'người', 1300500.0, null),
                    ('out_of_range', 'users', date '2025-01-01', 105, '%', '%', null, null),
                    ('replaced', 'old', date '2024-01-01', 1, '%', '%', 2, null)
                ) as t (
                    held_reason, indicator, period_start, value, unit, registered_unit, previous_value, revision_limit
                )
            ) to '{tmp_path}/statistics_review.parquet'
            """
        )
    assert [line.split(": ", 1)[1] for line in waiting_for_review(tmp_path)] == [
        "users, tỉnh Hà Tĩnh, năm 2024, S: 85,5 % (01/10/2026), đang dùng 40 % (01/07/2026, ±1) · 2 số liệu",
        "users, tỉnh Hà Tĩnh, năm 2025, S: 105 % (01/10/2026), đang dùng –",
        "people, tỉnh Hà Tĩnh, năm 2024, S: 1,31 Triệu người (01/10/2026), đang dùng 1.300.500 người (01/07/2026)",
    ]
    assert set(HELD) | {"replaced", "rounding"} == held_reasons()


def held_reasons() -> set[str]:
    model = (PROJECT_ROOT / "dbt_project" / "models" / "intermediate" / "int_statistics_judged.yml").read_text("utf-8")
    found = re.search(r"held_reason: \[(.+?)\]", model)
    assert found
    return set(found[1].split(", "))


def test_a_day_before_every_publication_is_answered_in_words(release: Path) -> None:
    day = date(1990, 1, 1)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(statistics_table(statistics_as_of(release, day, SHARE), day))
    assert "Chưa có số liệu nào được công bố đến ngày đó" in console.export_text()


def test_no_two_indicators_have_one_title() -> None:
    # whoever picks from a list of titles in a BI tool must not get the sum of persons and per cent
    indicators = PROJECT_ROOT / "dbt_project" / "seeds" / "indicators.csv"
    with duckdb.connect() as connection:
        for title in ("title_vi", "title_en"):
            twice = f"select {title} from read_csv('{indicators}') group by all having count(*) > 1"
            assert connection.execute(twice).fetchall() == []
