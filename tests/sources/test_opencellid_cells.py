"""OpenCelliD: of a world-wide file only the province is taken, the rest is counted, and nothing is lost unseen."""

from __future__ import annotations

import gzip

import pytest
from loads import loaded

from pipelines.sources.opencellid_cells import FIELDS, SOURCE

OURS = "LTE,452,4,11010,1234567,-1,105.9001,18.3401,1200,9,1,1609459200,1761955200,0"
ABROAD = "GSM,262,2,801,86355,0,13.2856,52.5214,1000,7,1,1282569574,1300175362,0"
HANOI = "UMTS,452,1,1,2,-1,105.85,21.02,500,3,1,1609459200,1609459200,0"
HEADER = ",".join(FIELDS)


@pytest.mark.parametrize("header", [[HEADER], [], ["\ufeff" + HEADER]], ids=["header", "no header", "mark"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_province_is_taken_and_the_world_counted(header: list[str], line_end: str) -> None:
    content = gzip.compress(line_end.join([*header, ABROAD, OURS, HANOI, ""]).encode())
    found = loaded(SOURCE, content)
    assert found.reasons == []
    assert found.elsewhere == 2
    (row,) = found.rows
    assert row["is_full_file"] is False, "a name without a mark is no promise of every cell"
    assert [row[name] for name in ("radio", "technology", "operator", "area", "cell", "lon", "lat", "range_m")] == [
        "LTE", "4G", "Viettel", 11010, 1234567, 105.9001, 18.3401, 1200,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "is_full"),
    [
        ("cell_towers.csv.gz", True),
        ("452.csv.gz", True),
        ("452-2026-09-30.csv", True),
        ("MLS-full-cell-export-2024-03-13T000000.csv.gz", True),
        ("OCID-diff-cell-export-2026-09-30-T000000.csv.gz", False),
        ("452-diff-2026-09-30.csv.gz", False),
        ("1452-cells.csv", False),
    ],
)
def test_the_name_distinguishes_a_full_file_from_a_difference(name: str, is_full: bool) -> None:
    (row,) = loaded(SOURCE, OURS.encode(), name=name).rows
    assert row["is_full_file"] is is_full


WRONG = [
    (OURS.replace("LTE", "6G"), "unknown_code", "radio"),
    (OURS.replace(",4,", ",77,"), "unknown_code", "net"),
    (OURS.replace("11010", ""), "bad_number", "area"),
    (OURS.replace("105.9001", "n/a"), "bad_number", "lon"),
    (OURS.replace("105.9001,18.3401", "18.3401,105.9001"), "swapped_coordinates", "lon"),
    (OURS + ",0", "wrong_width", None),
]


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, "\n".join([line for line, _, _ in WRONG]).encode())
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 1)
    ]


def test_a_truncated_gzip_keeps_the_rows_before() -> None:
    content = gzip.compress("\n".join(OURS.replace("1234567", str(n)) for n in range(1, 2001)).encode(), mtime=0)
    found = loaded(SOURCE, content[:-20])
    assert 0 < len(found.rows) <= 2000
    assert [why for _, why, _, _ in found.reasons] == ["truncated_gzip"]


def test_a_file_of_another_country_is_refused_with_the_reason() -> None:
    found = loaded(SOURCE, ABROAD.encode())
    assert (found.rows, found.elsewhere) == ([], 1)
    assert found.refusals == ("no row of the province is in it (1 rows of other places)",)


@pytest.mark.parametrize(
    ("area", "cell", "reason", "field"),
    [
        ("0", "1234567", "out_of_range", "area"),
        ("65534", "1234567", "out_of_range", "area"),
        ("65535", "1234567", "out_of_range", "area"),
        ("-1", "1234567", "bad_number", "area"),
        ("11010", "0", "out_of_range", "cell"),
        ("11010", "2147483647", "out_of_range", "cell"),
        ("11010", "-1", "bad_number", "cell"),
        ("11010", "12.7", "bad_number", "cell"),
    ],
)
def test_a_number_that_phones_write_for_an_unknown_cell_is_none(area: str, cell: str, reason: str, field: str) -> None:
    found = loaded(SOURCE, OURS.replace("11010", area).replace("1234567", cell).encode())
    assert (found.rows, [(why, what) for _, why, what, _ in found.reasons]) == ([], [(reason, field)])


def test_cells_of_5g_have_longer_numbers() -> None:
    line = OURS.replace("LTE", "NR").replace("11010", "70000").replace("1234567", "6000000000")
    (row,) = loaded(SOURCE, line.encode()).rows
    assert (row["area"], row["cell"]) == (70_000, 6_000_000_000)


def test_quotes_around_cells_change_nothing() -> None:
    quoted = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEADER, ABROAD, OURS))
    found = loaded(SOURCE, quoted.encode())
    assert (len(found.rows), found.elsewhere, found.reasons) == (1, 1, [])
    assert [why for _, why, _, _ in loaded(SOURCE, f'"{OURS}'.encode()).reasons] == ["wrong_width"]


def test_a_time_to_come_is_rejected() -> None:
    found = loaded(SOURCE, OURS.replace("1761955200", "4000000000").encode())
    assert [(why, what) for _, why, what, _ in found.reasons] == [("date_out_of_range", "updated")]
