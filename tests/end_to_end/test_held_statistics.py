"""Bytes in, mart out: a table that moves, a unit and a year label that change, a revision that jumps.

What was published before stays active, the new figure waits beside it, and the run reports it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl
import pytest
from doubles.statistic_interfaces import PxTable, PxWeb
from openpyxl import Workbook
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.landing.http import HttpClient
from pipelines.landing.pull import PullError, pull
from pipelines.sources import all_sources
from pipelines.sources.published_tables import FIELDS

if TYPE_CHECKING:
    from walk_world import Province

pytestmark = pytest.mark.slow

NSO = all_sources()["nso_pxweb"]
PATH = "Dân số và lao động/V02.01.px"
YEARS = [(str(n), str(1999 + n)) for n in range(25)]
POPULATION, RECORDS = "population_count", "ehealth_record_pct"


def table(unit: str, people: float, updated: str, last_year: str) -> PxTable:
    """The province's population by year, the last year under a label of its own. Made up."""
    years = [*YEARS, (str(len(YEARS)), last_year)]
    return PxTable(
        title="Diện tích, dân số và mật độ dân số phân theo địa phương",
        variables=[
            ("Địa phương", [("0", "CẢ NƯỚC"), ("30", "..Hà Tĩnh")]),
            ("Năm", years),
            ("Chỉ tiêu", [("0", "Diện tích (Km2)"), ("1", f"Dân số trung bình ({unit})")]),
        ],
        cells={("30", year, "1"): people for year, _ in years},
        updated=updated,
    )


def published(value: str, day: str) -> bytes:
    row = f"{RECORDS},42,năm,2024,{value},%,,{day},Sở Y tế (bịa),Bản in,,B,"
    return "\n".join([",".join(FIELDS), row]).encode()


def workbook() -> bytes:
    book, content = Workbook(), BytesIO()
    book.create_sheet("Số liệu", 0).append(list(FIELDS))
    book.save(content)
    return content.getvalue()


def test_what_was_published_stays_active_and_the_run_reports_what_waits(new_province: Callable[[], Province]) -> None:
    province = new_province()
    server = PxWeb(tables={PATH: table("Nghìn người", 1300.5, "2026-07-01T08:00:00Z", "Sơ bộ 2024")})

    def pulled() -> None:
        pull(
            province.platform.landing,
            NSO,
            "2026",
            f"{server.address}/api/v1/vi",
            now=province.platform.now,
            credentials={"tables": PATH},
            client=lambda: HttpClient(sleep=lambda _: None),
        )

    with server.serving():
        province.sample(60)
        province.drop("bang-2026-06-30.csv", published("40", "01/06/2026"), "published_tables")
        pulled()
        assert province.walk().success

        # the table is in millions, and its last year has no label; then it is gone
        server.tables[PATH] = table("Triệu người", 1.31, "2026-10-01T08:00:00Z", "Tổng số")
        pulled()
        del server.tables[PATH]
        with pytest.raises(PullError, match="status 404"):
            pulled()
        province.drop("bang-2026-11-20.csv", published("85", "01/11/2026"), "published_tables")
        province.drop("bang-2026-11-21.xlsx", workbook()[:1500], "published_tables")
        assert province.walk().success

    release = province.platform.releases.current()
    assert release is not None
    assert release.held_back == (), "a truncated table of figures makes no other figure wrong"
    figures = pl.read_parquet(release.path / "statistics.parquet").filter(
        pl.col("indicator").is_in([POPULATION, RECORDS]) & pl.col("source").is_in(["Cục Thống kê", "Sở Y tế (bịa)"])
    )
    kept = {(row["indicator"], row["value"], str(row["vintage_on"])) for row in figures.drop_nulls("value").to_dicts()}
    kept = {figure for figure in kept if figure[2] >= "2026"}  # the shipped ones are older
    assert kept == {(POPULATION, 1_300_500.0, "2026-07-01"), (RECORDS, 40.0, "2026-06-01")}
    last = figures.filter((pl.col("indicator") == POPULATION) & (pl.col("period_start").dt.year() == 2024))
    assert set(last["obs_status"]) == {"preliminary", "missing"}

    review = pl.read_parquet(release.path / "statistics_review.parquet")
    waiting = {
        (row["held_reason"], row["value"], row["unit"], row["previous_value"], str(row["previous_vintage_on"]))
        for row in review.filter(pl.col("area_code") == "42").drop_nulls("value").to_dicts()
    }
    assert waiting == {
        ("unit_changed", 1.31, "Triệu người", 1_300_500.0, "2026-07-01"),
        ("jump", 85.0, "%", 40.0, "2026-06-01"),
    }

    loads = province.last_run()["loads"][NSO.name]
    assert loads["reasons"] == {"bad_period: period_label": 4}
    assert [note.split(": there")[0] for note in loads["not_fetched"]] == [
        "2026: 2026-11-23 08:00 nso_pxweb 2026, V02.01"
    ]
    status = " ".join(
        CliRunner()
        .invoke(app, ["status"], env={**province.environment, "COLUMNS": "200", "HATINH_LANGUAGE": "vi"})
        .output.split()
    )
    assert "Lần lấy gần nhất không được, dùng tệp cũ: 2026: " in status
    assert (
        f"(jump): {RECORDS}, tỉnh Hà Tĩnh, năm 2024, Sở Y tế (bịa): 85 % (01/11/2026), đang dùng 40 % (01/06/2026, ±1)"
    ) in status
    assert (
        f"(unit_changed): {POPULATION}, tỉnh Hà Tĩnh, năm 2023, Cục Thống kê: 1,31 Triệu người (01/10/2026), "
        "đang dùng 1.300.500 người (01/07/2026) · 25 số liệu"
    ) in status
    (reported,) = [line for line in province.lines if line.startswith("gate: statistics ")]
    assert reported.startswith("gate: statistics passed, warned by ")
    assert "whole_files:published_tables" in reported
