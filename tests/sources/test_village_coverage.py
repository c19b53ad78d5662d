"""Reports of coverage by village: yes, no and unknown stay three things, in CSV and in workbooks with merged cells."""

from __future__ import annotations

import io

import openpyxl
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


def test_every_known_word_means_what_it_says() -> None:
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
    assert found.reasons == [(5, "hidden_sheet", None, None)], "what was hidden is told"
    assert [(row["commune_name"], row["village"], row["has_4g"]) for row in found.rows] == [
        ("Xã Đức Thọ", "Thôn 1", True),
        ("Xã Đức Thọ", "Thôn 2", False),
    ]


WRONG = [
    ("Mạng lạ,,Xã A,Thôn 1,có,,", "unknown_code", "operator"),
    (",,Xã A,Thôn 1,có,,", "missing_field", "operator"),  # nor does the file's name tell
    ("FPT,xã A,,Thôn 1,có,,", "bad_code", "commune_code"),
    ("FPT,,,Thôn 1,có,,", "missing_field", "commune_name"),
    ("FPT,,Xã A,,có,,", "missing_field", "village"),
    ("FPT,,Xã A,Thôn 1,yếu,,", "unknown_code", "g4"),
    ("FPT,,Xã A,Thôn 1", "wrong_width", None),
]


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(line for line, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 3)
    ]
