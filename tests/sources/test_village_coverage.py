"""Reports of coverage by village: yes, no and unknown stay three things, in CSV and in workbooks with merged cells."""

from __future__ import annotations

import io

import openpyxl
import pytest
from loads import loaded

from pipelines.sources.operators import NO, UNKNOWN, YES
from pipelines.sources.village_coverage import SOURCE

HEADINGS = "Nhà mạng,Mã xã,Xã, phường,Thôn,4G,5G,Cáp quang".replace("Xã, phường", '"Xã, phường"')


def table(*lines: str) -> bytes:
    return "\n".join(["BÁO CÁO PHỦ SÓNG", HEADINGS, *lines]).encode("utf-8-sig")


def test_yes_no_and_unknown_stay_apart() -> None:
    found = loaded(SOURCE, table("Viettel,,Xã Đức Thọ,Thôn 1,Có,không,", "VinaPhone,18229,,Tổ  2,x,Chưa rõ,0"))
    assert found.reasons == []
    first, second = found.rows
    assert [first[name] for name in ("operator", "commune_name", "village")] == ["Viettel", "Xã Đức Thọ", "Thôn 1"]
    services = ("has_2g", "has_4g", "has_5g", "has_fibre")  # no column speaks of 2G
    assert [first[name] for name in services] == [None, True, False, None]
    assert [second[name] for name in ("operator", "commune_code", "village")] == ["VNPT", "18229", "Tổ 2"]
    assert [second[name] for name in services] == [None, True, None, False]


def test_every_known_spelling_has_its_meaning() -> None:
    words = [word for known in (YES, NO, UNKNOWN) for word in known]
    words += [word.upper() for word in words]
    rows = loaded(SOURCE, table(*(f"FPT,,Xã A,Thôn {n},,,{word}" for n, word in enumerate(words)))).rows
    said = {row["village"]: row["has_fibre"] for row in rows}
    for n, word in enumerate(words):
        known = word if word in (*YES, *NO, *UNKNOWN) else word.lower()
        assert said[f"Thôn {n}"] is (True if known in YES else False if known in NO else None), word


def test_a_workbook_with_a_merged_commune_and_a_hidden_sheet() -> None:
    book = openpyxl.Workbook()
    hidden = book.active
    hidden.title = "nhap"
    hidden.append(["Xã, phường", "Thôn", "4G"])
    hidden.append(["Xã Sai", "Thôn sai", "có"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("phu song")
    sheet.append(["PHỦ SÓNG QUÝ III/2026"])
    sheet.append(["Nhà mạng", "Xã, phường", "Thôn", "4G"])
    sheet.append(["Viettel", "Xã Đức Thọ", "Thôn 1", "có"])
    sheet.append(["Viettel", None, "Thôn 2", "không"])
    sheet.merge_cells("B3:B4")
    content = io.BytesIO()
    book.save(content)
    found = loaded(SOURCE, content.getvalue())
    assert found.reasons == [(5, "hidden_sheet", None, None)], "what was hidden is reported"
    assert [(row["commune_name"], row["village"], row["has_4g"]) for row in found.rows] == [
        ("Xã Đức Thọ", "Thôn 1", True),
        ("Xã Đức Thọ", "Thôn 2", False),
    ]


WRONG = [
    ("Mạng lạ,,Xã A,Thôn 1,có,,", "unknown_code", "operator"),
    (",,Xã A,Thôn 1,có,,", "missing_field", "operator"),  # the file's name has none either
    ("FPT,xã A,,Thôn 1,có,,", "bad_code", "commune_code"),
    ("FPT,,,Thôn 1,có,,", "missing_field", "commune_name"),
    ("FPT,,Xã A,,có,,", "missing_field", "village"),
    ("FPT,,Xã A,Thôn 1,yếu,,", "unknown_code", "g4"),
    ("FPT,,Xã A,Thôn 1", "wrong_width", None),
]


def workbook(*rows: list[str | None], merged: str) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.merge_cells(merged)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("last", ["Cáp quang", "Ghi chú"])
def test_a_heading_over_several_columns_gives_way_to_those_below_it(last: str) -> None:
    content = workbook(
        ["Xã, phường", "Thôn", "Phủ sóng di động", None, None, last],
        [None, None, "2G", "4G", "5G", None],
        ["Xã Đức Thọ", "Thôn 1", "có", "không", "có", None],
        merged="C1:E1",
    )
    found = loaded(SOURCE, content, name="viettel-thon-2026-09-30.xlsx")
    assert (found.reasons, found.unexpected) == ([], ())
    (row,) = found.rows
    assert (row["village"], row["has_2g"], row["has_4g"], row["has_5g"]) == ("Thôn 1", True, False, True)


def test_a_report_without_coverage_is_refused_and_an_unknown_heading_reported() -> None:
    name = "viettel-thon-2026-09-30.csv"
    found = loaded(SOURCE, '"Xã, phường",Thôn,Phủ sóng 4G\nXã Đức Thọ,Thôn 1,không\n'.encode(), name=name)
    assert [reason for _, reason, *_ in found.reasons] == ["header_not_found"]
    assert found.refusals == ("no record of village_coverage in it (1 rows, first reason header_not_found)",)
    found = loaded(SOURCE, '"Xã, phường",Thôn,5G,Phủ sóng 4G\nXã Đức Thọ,Thôn 1,có,không\n'.encode(), name=name)
    assert (len(found.rows), found.unexpected) == (1, ("Phủ sóng 4G",))


def test_a_commune_has_a_code_or_a_name_and_a_table_without_both_is_refused() -> None:
    for heading in ("Mã xã", "Tên xã"):
        assert len(loaded(SOURCE, f"Nhà mạng,{heading},Thôn,4G\nViettel,18229,Thôn 1,có".encode()).rows) == 1
    found = loaded(SOURCE, "Nhà mạng,Thôn,4G\nViettel,Thôn 1,có".encode())
    assert (found.rows, [reason for _, reason, *_ in found.reasons]) == ([], ["header_not_found"])


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(line for line, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 3)
    ]


def test_a_name_that_names_two_operators_names_none() -> None:
    content = "Xã,Thôn,4G\nXã Đức Thọ,Thôn 1,có\n".encode()
    found = loaded(SOURCE, content, name="viettel-vnpt-thon-2026-09-30.csv")
    assert [(reason, field) for _, reason, field, _ in found.reasons] == [("two_operators", "operator")]
    (row,) = loaded(SOURCE, content, name="vnpt-vinaphone-thon-2026-09-30.csv").rows
    assert row["operator"] == "VNPT"
    content = "Nhà mạng,Xã,Thôn,4G\nFPT,Xã Đức Thọ,Thôn 1,có\n".encode()
    assert [row["operator"] for row in loaded(SOURCE, content, name="viettel-vnpt-2026-09-30.csv").rows] == ["FPT"]


def test_a_row_of_totals_is_no_village_and_an_invisible_character_no_other_one() -> None:
    content = (
        "Xã,Thôn,4G\nXã Đức Thọ,Thôn 1,có\nXã Đức Thọ,Cộng,1\nTổng cộng,Thôn 2,1\n"
        "\ufeffXã Đức\u200b Thọ,Thôn\u00a0 2\u200b,không\n"
    ).encode()
    found = loaded(SOURCE, content, name="viettel-thon-2026-09-30.csv")
    assert [(row["commune_name"], row["village"]) for row in found.rows] == [
        ("Xã Đức Thọ", "Thôn 1"),
        ("Xã Đức Thọ", "Thôn 2"),
    ]
    assert [(row, reason, field) for row, reason, field, _ in found.reasons] == [
        (3, "total_row", "village"),
        (4, "total_row", "commune_name"),
    ]
