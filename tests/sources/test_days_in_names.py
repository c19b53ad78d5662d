"""The day of a file is the one in its name, in every Vietnamese spelling; never the day of delivery by accident."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing.store import Landing
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources

CAME = date(2026, 11, 24)
SOURCES = all_sources()
DATED = ("bts_inventory", "ispeed", "village_coverage")


def reported(name: str, source: str = "village_coverage") -> tuple[str, str]:
    partition, day = SOURCES[source].period_of(name, CAME)
    return partition, day.isoformat()


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("viettel-thon-30-06-2025.csv", "2025-06-30"),
        ("viettel_thon_30.06.2025.xlsx", "2025-06-30"),
        ("Báo cáo thôn 30 06 2025.xlsx", "2025-06-30"),
        ("thon30062025.csv", "2025-06-30"),
        ("vnpt-thon-5-9-2026.csv", "2026-09-05"),
        ("Trạm đến ngày 15 tháng 9 năm 2026.xlsx", "2026-09-15"),
        ("thon-31-06-2026.csv", "2026-06-30"),  # as 2026-06-31: the month has no such day
        ("thon-06-2026.csv", "2026-06-30"),
        ("thon_062026.csv", "2026-06-30"),
        ("thon-T9-2026.csv", "2026-09-30"),
        ("thon-thang-9-2026.csv", "2026-09-30"),
        ("Phủ sóng tháng 02 năm 2026.xlsx", "2026-02-28"),
        ("thon-T12.2025.csv", "2025-12-31"),
        ("thon-2026-T9.csv", "2026-09-30"),
        ("vnpt-thon-quy3-2026.csv", "2026-09-30"),
        ("vnpt-thon-Q3-2026.csv", "2026-09-30"),
        ("vnpt-thon-2026-Q3.csv", "2026-09-30"),
        ("vnpt-thon-2026Q3.csv", "2026-09-30"),
        ("vnpt-thon-quy-III-2026.csv", "2026-09-30"),
        ("Phủ sóng quý I năm 2026.xlsx", "2026-03-31"),
        ("Phủ sóng quí iv 2025.xlsx", "2025-12-31"),
        # the quarter and the year are over when they are: no content is of a day to come
        ("thon-Q4-2026.csv", "2026-11-24"),
        ("thon-31-12-2026.csv", "2026-11-24"),
        # what comes behind is a number, not a month of that year
        ("thon-quy3-2026-02.csv", "2026-09-30"),
        ("thon-30-06-2026-02.csv", "2026-06-30"),
        ("thon-2026-09-30-2.csv", "2026-09-30"),
        # a day in the order of ISO comes first
        ("thon-01-02-2026-03-04.csv", "2026-03-04"),
        ("thon-30-06-2026_2026-07-05.csv", "2026-07-05"),
        ("bieu_2026-Q3_2026-10-12.xlsx", "2026-10-12"),
        ("Sổ theo dõi hồ sơ_2026_03_14_10_05.xlsx", "2026-03-14"),
        ("thon-20260930.csv", "2026-09-30"),
        # a time of day may stand right behind the day
        ("hoso_20261005153000.ndjson", "2026-10-05"),
        ("hoso_202610051530.ndjson", "2026-10-05"),
        ("hoso_05102026153000.ndjson", "2026-10-05"),
        ("thon-2026-09.csv", "2026-09-30"),
        ("thon-202609.csv", "2026-09-30"),
    ],
)
def test_a_day_a_month_and_a_quarter(name: str, day: str) -> None:
    assert reported(name)[1] == day
    assert reported(unicodedata.normalize("NFD", name))[1] == day, "as macOS writes names"
    assert reported(name.upper())[1] == day


def test_the_period_is_that_of_the_day() -> None:
    assert reported("viettel-thon-30-06-2025.csv")[0] == "2025-Q2"
    assert reported("ispeed-T9-2026.csv", "ispeed")[0] == "2026-09"


@pytest.mark.parametrize(
    "name",
    [
        "viettel-thon.csv",
        "viettel-thon-2026.csv",
        "thon-6-thang-dau-nam-2026.csv",  # half a year is none of these
        "thon-30-06-26.csv",
        "thon-13-2026.csv",
        "thon-Q5-2026.csv",
        "thon-4-2026.csv",  # the fourth report, or April
        "bieu_2026-M09.xlsx",
        "part9-2026.csv",
        "1234567890123.csv",
        "20261005993000.csv",  # no time of day
    ],
)
def test_a_name_without_a_day_is_not_guessed(name: str) -> None:
    for source in DATED:
        with pytest.raises(ValueError, match=r"has no date in its name.*Name it like .*-2026-09-30\.(csv|xlsx);"):
            reported(name, source)
    assert reported(name, "dossiers") == ("2026-11", "2026-11-24"), "the day it came, where rows state their own days"


def test_a_period_that_the_figures_are_about_is_not_the_day_of_the_report() -> None:
    for source in ("reported_indicators", "published_tables"):
        for name in ("bieu_2026-Q3_H27.4.xlsx", "bang-quy-3-2026.xlsx", "bang-T9-2026.xlsx", "bang-2026-09.xlsx"):
            assert reported(name, source)[1] == "2026-11-24"
        assert reported("bieu_2026-Q3_H27.4_2026-10-12.xlsx", source)[1] == "2026-10-12"
        assert reported("bieu_2026-Q3_H27.4_12-10-2026.xlsx", source)[1] == "2026-10-12"


DAYS = st.dates(date(2020, 1, 1), CAME)
WAYS = ("%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%d-%m-%Y", "%d.%m.%Y", "%d_%m_%Y", "%d %m %Y", "%d%m%Y")


@given(day=DAYS, way=st.sampled_from(WAYS), before=st.sampled_from(["", "viettel-thon-", "Trạm ", "mẫu_2_"]))
def test_any_day_is_read_in_every_order(day: date, way: str, before: str) -> None:
    assert reported(f"{before}{day.strftime(way)}.csv")[1] == day.isoformat()


@given(name=st.text(max_size=60))
def test_no_name_breaks_the_reading_or_gives_a_future_day(name: str) -> None:
    assert SOURCES["dossiers"].period_of(name, CAME)[1] <= CAME


def test_the_shipped_files_keep_their_days() -> None:
    landing = Landing(PROJECT_ROOT / "data" / "raw")
    samples = [
        receipt
        for source in landing.sources()
        for receipt in landing.receipts(source)
        if receipt.name.startswith("sample-")
    ]
    assert len(samples) > 30
    for receipt in samples:
        named = SOURCES[receipt.source].period_of(receipt.name, receipt.landed_at.date())
        assert named == (receipt.partition, receipt.extracted_on), receipt.name
