"""i-Speed: a table copied from the portal becomes months, operators and speeds, with their samples."""

from __future__ import annotations

from datetime import date

import pytest
from loads import loaded

from pipelines.sources.ispeed import SOURCE

HEADINGS = "Kỳ;Mã xã;Nhà mạng;Loại mạng;Tải xuống (Mbps);Tải lên (Mbps);Ping (ms);Số mẫu"


def table(*lines: str) -> bytes:
    return "\n".join([HEADINGS, *lines]).encode()


@pytest.mark.parametrize(
    "written",
    [
        "07/2026",
        "7-2026",
        " 07.2026 ",
        "2026-07",
        "Tháng 7/2026",
        "tháng 07 năm 2026",
        "T7/2026",
        "2026-07-01",
        "2026-07-01 00:00:00",
    ],
)
def test_a_month_is_read_however_it_is_written(written: str) -> None:
    (row,) = loaded(SOURCE, table(f"{written};18073;;Cố định;152,4;98.1;7;1.234")).rows
    assert (row["month"], row["operator"], row["network"]) == (date(2026, 7, 1), "all", "fixed")
    assert (row["download_mbps"], row["upload_mbps"], row["latency_ms"], row["samples"]) == (152.4, 98.1, 7.0, 1234)


def test_without_a_column_for_the_month_that_of_the_file_counts() -> None:
    content = table("18073;Viettel;di động;50;20;30;300").partition(b";")[2]
    (row,) = loaded(SOURCE, content, day=date(2026, 9, 30)).rows
    assert (row["month"], row["operator"]) == (date(2026, 9, 1), "Viettel")


def test_a_blank_month_beside_others_is_no_month_of_the_file() -> None:
    found = loaded(SOURCE, table("07/2026;18073;;Cố định;1;1;1;9", ";18073;;Cố định;2;2;2;9"), day=date(2026, 9, 30))
    assert len(found.rows) == 1
    assert [reason[1:3] for reason in found.reasons] == [("missing_field", "period")]


WRONG = [
    *(
        (f"{period};18073;;cố định;1;1;1;300", "bad_date", "period")
        for period in (
            "quý III",
            "Quý 3/2026",
            "Q2/2026",
            "01-09/2026",
            "6 tháng 06/2026",
            "2026-07-31",
            "07/2026 (lần 2)",
            "13/2026",
        )
    ),
    ("12/2030;18073;;cố định;1;1;1;300", "date_out_of_range", "period"),
    ("07/2026;;;cố định;1;1;1;300", "missing_field", "commune_name"),
    ("07/2026;18073;Mạng lạ;cố định;1;1;1;300", "unknown_code", "operator"),
    ("07/2026;18073;;vệ tinh;1;1;1;300", "unknown_code", "network"),
    ("07/2026;18073;;cố định;1;1;1;", "missing_field", "samples"),
    ("07/2026;18073;;cố định;1;1;1;1,5", "bad_number", "samples"),
    ("07/2026;18073;;cố định;nhanh;1;1;300", "bad_number", "download"),
    ("07/2026;18073;;cố định;0;1;1;300", "out_of_range", "download"),
]


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(line for line, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 2)
    ]
