"""Files as people and programs really make them: loaded rightly, or rejected by a reason that names the row.

Each case is the bytes of a file, how many rows of it count, its rejects by row, and what the rows then hold.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from loads import loaded
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipelines.sources import all_sources

SPEEDS = ["Mã xã", "Nhà mạng", "Loại mạng", "Tải xuống (Mbps)", "Tải lên (Mbps)", "Số mẫu", "Kỳ"]
SITES = ["Mã trạm", "Công nghệ", "Kinh độ", "Vĩ độ", "Mã xã"]
VILLAGES = ["Mã xã", "Thôn", "4G", "Cáp quang"]
PETITIONS = ["Mã phản ánh", "Mã đơn vị", "Ngày tiếp nhận"]
NAMES = {
    "ispeed": "ispeed-2026-10-31.csv",
    "bts_inventory": "viettel-tram-2026-11-20.csv",
    "village_coverage": "viettel-thon-2026-11-20.csv",
    "petitions": "pakn-2026-11-20.csv",
    "dossiers": "hoso-2026-11-20.ndjson",
}


def speed(down: Any = "100", code: str = "18073", month: Any = "10/2026", samples: Any = "400") -> list[Any]:
    return [code, "Viettel", "Cố định", down, "50", samples, month]


def csv_of(*rows: Sequence[Any], end: str = "\n", by: str = ";") -> bytes:
    return "".join(by.join(map(str, row)) + end for row in rows).encode()


def xlsx_of(*rows: Sequence[Any], change: Callable[[Workbook], None] = lambda book: None) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    change(book)
    book.save(out)
    return out.getvalue()


def replaced(workbook: bytes, old: str, new: str) -> bytes:
    """A workbook with other text in its first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            if name.endswith("sheet1.xml"):
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            made.writestr(name, content)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    """A zip of csv files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, csv_of(SPEEDS, speed()))
    return out.getvalue()


def dossier(number: int = 1, **more: Any) -> str:
    fields = {
        "MaHoSo": f"H27.101-261002-{number:04}",
        "MaTTHC": "9.000001",
        "KenhThucHien": "2",
        "TrangThaiHoSo": "4",
        "NgayTiepNhan": "20261002080000",
    }
    return json.dumps(fields | more, ensure_ascii=False)


def merged(book: Workbook) -> None:
    book.active.merge_cells("A1:G1")
    book.active.merge_cells("D2:E2")
    for column in "ABCFG":
        book.active.merge_cells(f"{column}2:{column}3")


def hidden_parts(book: Workbook) -> None:
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["D"].hidden = True


def hidden_sheet(book: Workbook) -> None:
    other = book.create_sheet("nháp")
    for row in (SPEEDS, speed(7)):
        other.append(row)
    other.sheet_state = "hidden"


def of_1904(book: Workbook) -> None:
    book.epoch = CALENDAR_MAC_1904
    book.active["C2"] = datetime(2026, 10, 2, 8)


DOWN = "download_mbps"
TWO = (SPEEDS, speed(100), speed(200, "18100"))
UTF8_BOM = "\ufeff".encode()
FORMULA = xlsx_of(SPEEDS, speed("=90+10"), speed(200, "18100"))


@dataclass(frozen=True)
class Case:
    """A file of a source: its rows that count, `rejects` as (row, reason), and values of a column of the rows."""

    source: str
    content: bytes
    rejects: list[tuple[int, str]]
    column: str = ""
    values: Sequence[Any] = ()


CASES = {
    "line ends of three systems": Case(
        "ispeed",
        csv_of(SPEEDS, end="\r\n") + csv_of(speed(1), end="\r") + csv_of(speed(2, "18100")),
        [],
        DOWN,
        [1, 2],
    ),
    "files put behind each other, each with its mark": Case(
        "ispeed",
        UTF8_BOM + csv_of(SPEEDS, speed(1)) + UTF8_BOM + csv_of(SPEEDS, speed(2, "18100")),
        [],
        DOWN,
        [1, 2],
    ),
    "a NUL in a code": Case("ispeed", csv_of(*TWO, speed(3, "1807\x003")), [(4, "bad_code")], DOWN, [100, 200]),
    "marks of direction and of no width in codes": Case(
        "bts_inventory",
        csv_of(SITES, ["\u200fT\u200b1\u200e", "4G", "", "", "\u202a18073\u202c"], ["\ufeffT2", "5G", "", "", "18073"]),
        [],
        "site_code",
        ["T1", "T2"],
    ),
    "a cell of several lines": Case(
        "village_coverage",
        csv_of(VILLAGES, ["18073", '"Thôn 1\n(xóm cũ)"', "có", "có"], ["18073", "Thôn 2", "có", "không"]),
        [],
        "has_fibre",
        [True, False],
    ),
    "a header in the middle": Case("ispeed", csv_of(SPEEDS, speed(1), SPEEDS, speed(2, "18100")), [], DOWN, [1, 2]),
    "two rows of headers": Case(
        "ispeed",
        csv_of(
            ["Mã xã", "Nhà mạng", "Loại mạng", "Tốc độ", "", "Số mẫu", "Kỳ"],
            ["", "", "", "Tải xuống (Mbps)", "Tải lên (Mbps)", "", ""],
            speed(1),
        ),
        [],
        DOWN,
        [1],
    ),
    "merged cells of a header": Case(
        "ispeed",
        xlsx_of(
            ["BẢNG TỐC ĐỘ"],
            ["Mã xã", "Nhà mạng", "Loại mạng", "Tốc độ", None, "Số mẫu", "Kỳ"],
            [None, None, None, "Tải xuống (Mbps)", "Tải lên (Mbps)", None, None],
            speed(1),
            change=merged,
        ),
        [],
        DOWN,
        [1],
    ),
    "a hidden row and a hidden column": Case("ispeed", xlsx_of(*TWO, change=hidden_parts), [], DOWN, [100, 200]),
    "a hidden sheet": Case("ispeed", xlsx_of(*TWO, change=hidden_sheet), [(4, "hidden_sheet")], DOWN, [100, 200]),
    "a formula that nobody computed": Case("ispeed", FORMULA, [(2, "formula_without_value")], DOWN, [200]),
    "a formula with its value": Case(
        "ispeed", replaced(FORMULA, "<f>90+10</f><v></v>", "<f>90+10</f><v>100</v>"), [], DOWN, [100, 200]
    ),
    "numbers as text with blanks around them": Case(
        "ispeed", xlsx_of(SPEEDS, speed("100.5 ", samples=" 400\u00a0")), [], DOWN, [100.5]
    ),
    "days as numbers, dates and text in one column": Case(
        "petitions",
        xlsx_of(
            PETITIONS,
            ["PA-1", "H27.1", datetime(2026, 10, 2, 8)],
            ["PA-2", "H27.1", "02/10/2026"],
            ["PA-3", "H27.1", "46297"],
            ["PA-4", "H27.1", 46297],
        ),
        [(4, "bad_date"), (5, "bad_date")],  # without a format nobody can tell a day from a number
        "received_at",
        [datetime(2026, 10, 2, 8), datetime(2026, 10, 2)],
    ),
    "days counted from 1904": Case(
        "petitions",
        xlsx_of(PETITIONS, ["PA-1", "H27.1", None], change=of_1904),
        [],
        "received_at",
        [datetime(2026, 10, 2, 8)],
    ),
    "a zip in a zip": Case("ispeed", zipped("a.zip"), [(1, "archive")]),
    "a zip of a table": Case("ispeed", zipped("a.csv"), [(1, "archive")]),
    "gzip with something behind it": Case(
        "dossiers", gzip.compress(dossier(1).encode()) + b"garbage", [(2, "corrupt_gzip")], "dossier_id", ["*"]
    ),
    "gzip of several members": Case(
        "dossiers",
        gzip.compress(f"{dossier(1)}\n{dossier(2)[:40]}".encode()) + gzip.compress(dossier(2)[40:].encode()),
        [],
        "dossier_id",
        ["*", "*"],
    ),
    "lines of JSON with commas behind them": Case(
        "dossiers", f"{dossier(1)},\n{dossier(2)},\n{dossier(3)}".encode(), [], "dossier_id", ["*"] * 3
    ),
    "JSON with a mark in front": Case(
        "dossiers", f"\ufeff[{dossier(1)},{dossier(2)}]".encode(), [], "dossier_id", ["*", "*"]
    ),
    "NaN in JSON": Case(
        "dossiers", f"{dossier(1, KenhThucHien=float('nan'))}\n{dossier(2)}".encode(), [(1, "unknown_code")]
    ),
    "a row twice": Case("ispeed", csv_of(*TWO, speed(200, "18100")), [(4, "duplicate_record")], DOWN, [100, 200]),
    "a total at the end": Case(
        "village_coverage",
        csv_of(VILLAGES, ["18073", "Thôn 1", "có", "có"], ["18073", "Tổng cộng", "1", "1"], ["", "Tổng số", "", ""]),
        [(3, "total_row"), (4, "missing_field")],
        "village",
        ["Thôn 1"],
    ),
    "months in words": Case(
        "ispeed",
        csv_of(
            SPEEDS,
            speed(1, month="Tháng Mười 2026"),
            speed(2, month="tháng mười năm 2026"),
            speed(3, month="Tháng 10 năm 2026"),
            speed(4, month="Tháng Mười Ba 2026"),
        ),
        [(2, "bad_date"), (3, "bad_date"), (5, "bad_date")],
        "month",
        [date(2026, 10, 1)],
    ),
    "a comma for decimals": Case(
        "ispeed",
        csv_of(SPEEDS, speed("97,25"), speed("1,234")),
        [(3, "ambiguous_number")],
        DOWN,
        [97.25],
    ),
    "a page called .xls": Case(
        "ispeed",
        "<html><meta charset=utf-8><table>{}</table></html>".format(
            "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in TWO)
        ).encode(),
        [],
        DOWN,
        [100, 200],
    ),
    "blank lines and spaces at the end": Case(
        "ispeed", csv_of(*TWO) + b"\n ;;;;;;\n\x1a", [(6, "wrong_width")], DOWN, [100, 200]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file_is_loaded_rightly_or_rejected_by_a_reason(name: str) -> None:
    case = CASES[name]
    found = loaded(all_sources()[case.source], case.content, day=date(2026, 11, 20), name=NAMES[case.source])
    assert [(row, reason) for row, reason, *_ in found.reasons] == case.rejects
    values = [row[case.column] for row in found.rows] if case.column else []
    assert ["*"] * len(values) if "*" in case.values else values == list(case.values)
    assert bool(found.refusals) == (not found.rows)
