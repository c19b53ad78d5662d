"""Exports of the one-stop shop: list and register become the columns of all dossiers, and no name of a person stays."""

from __future__ import annotations

import html
from datetime import date, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, KEY, loaded, loaded_each
from test_tables import html_of, xlsx_of

from pipelines.sources.dossiers import SOURCE as DOSSIERS
from pipelines.sources.onestop_exports import SOURCE
from pipelines.warehouse.pseudonyms import pseudonym

HEADER = ["STT", "Đơn vị tiếp nhận", "Tên thủ tục hành chính", "Mã hồ sơ", "Trạng thái", "Địa chỉ", "Người nộp"]
HEADER += ["Chủ hồ sơ", "Ngày nộp hồ sơ", "Ngày nhận", "Ngày hẹn trả", "Ngày kết thúc xử lý"]
TITLES = [["UBND TỈNH HÀ TĨNH"], ["DANH SÁCH HỒ SƠ"], [""]]


def line(number: str = "H27.101-260302-0001", status: str = "Đã xử lý xong", *times: str) -> list[str]:
    given_times = times or ("01/03/2026 21:05:00", "02/03/2026 08:00:00", "12/03/2026 17:00:00", "10/03/2026 09:30:15")
    person = ["Địa chỉ ở đâu đó", "Người Nộp", "Chủ Hồ Sơ"]
    return ["1", "UBND phường Thành Sen", "Đăng ký  khai sinh", number, status, *person, *given_times]


def test_the_list_becomes_dossiers() -> None:
    found = loaded(SOURCE, html_of([*TITLES, HEADER, line()]).encode())

    (row,) = found.rows
    assert row["dossier_id"] == UUID(pseudonym(KEY, "dossier", "H27.101-260302-0001"))
    assert {
        name: row[name] for name in ("agency_code", "agency_name", "procedure_code", "procedure_name", "status")
    } == {
        "agency_code": "H27.101",
        "agency_name": "UBND phường Thành Sen",
        "procedure_code": None,
        "procedure_name": "Đăng ký khai sinh",
        "status": "9",
    }
    assert [row[name] for name in ("submitted_at", "received_at", "due_at", "finished_at", "returned_at")] == [
        datetime(2026, 3, 1, 21, 5),
        datetime(2026, 3, 2, 8),
        datetime(2026, 3, 12, 17),
        datetime(2026, 3, 10, 9, 30, 15),
        None,
    ]
    assert [row[name] for name in ("channel", "papers", "fees", "supplements")] == [None] * 4
    assert (found.reasons, found.unexpected) == ([], ())


def test_columns_are_those_of_every_feed_and_hold_no_person() -> None:
    shared = [(column.name, column.type) for column in DOSSIERS.table.columns]
    assert [(column.name, column.type) for column in SOURCE.table.columns] == [*shared, ("procedure_name", "varchar")]
    (row,) = loaded(SOURCE, html_of([HEADER, line()]).encode()).rows
    kept = " ".join(str(value) for value in row.values())
    assert not any(word in kept for word in ("Địa chỉ", "Người Nộp", "Chủ Hồ Sơ", "0001"))


def test_rows_that_leave_out_the_officer_are_put_right() -> None:
    header = [*HEADER[:8], "Người tiếp nhận", *HEADER[8:]]
    with_officer = [*line("H27.101-260302-0002")[:8], "Cán Bộ", *line()[8:]]
    times = ("submitted_at", "received_at", "due_at", "finished_at")
    # the browser's file; the same saved again by Excel, where every row is as wide as the widest
    for data in (html_of([*TITLES, header, line(), with_officer]).encode(), xlsx_of([header, line(), with_officer])):
        rows = loaded(SOURCE, data).rows
        assert [[row[name].day for name in times] for row in rows] == [[1, 2, 12, 10]] * 2


def test_the_register_has_no_status() -> None:
    header = ["MaHoSo", "TrichYeuHoSo", "SoBoHoSo", "ChuHoSo", "DiaChi", "SĐT", "NgayTiepNhan", "NgayHenTra", "NgayTra"]
    person = ["trích yếu", "1", "Chủ Hồ Sơ", "ở đâu đó", "0900000000"]
    data = xlsx_of(
        [
            header,
            ["H27.101-260302-0001", *person, "02/03/2026 08:00:00", "12/03/2026 17:00:00", "11/03/2026 10:00:00"],
            ["H27.101-20260302-2", *person, 46083 + 8 / 24, "", ""],
        ]
    )
    found = loaded(SOURCE, data)

    assert [(row["status"], row["received_at"], row["returned_at"]) for row in found.rows] == [
        ("10", datetime(2026, 3, 2, 8), datetime(2026, 3, 11, 10)),
        ("2", datetime(2026, 3, 2, 8), None),
    ]
    assert (found.reasons, found.unexpected) == ([], ())
    name = "Sổ theo dõi hồ sơ_2026_03_14_10_05.xlsx"
    assert SOURCE.period_of(name, date(2026, 11, 20)) == ("2026-03", date(2026, 3, 14))


def test_every_status_of_the_list_has_its_code_and_others_are_quarantined() -> None:
    names = [
        "Mới đăng ký",
        "Được tiếp nhận",
        "Không được tiếp nhận",
        "Đang xử lý",
        "Yêu cầu bổ sung giấy tờ",
        "Yêu cầu thực hiện nghĩa vụ tài chính",
        "Công dân yêu cầu rút hồ sơ",
        "Dừng xử lý",
        "Đã xử lý xong",
        "ĐÃ TRẢ KẾT QUẢ",
    ]
    lines = [line(f"H27.101-260302-{code}", name) for code, name in enumerate([*names, "10", "Chờ duyệt", ""], 1)]
    found = loaded(SOURCE, html_of([HEADER, *lines]).encode())

    assert [row["status"] for row in found.rows] == [*map(str, range(1, 11)), "10"]
    assert found.reasons == [
        (13, "unknown_code", "TrangThai", "aaa aaaaa"),
        (14, "missing_field", "TrangThai", None),
    ]


def test_what_is_wrong_is_quarantined() -> None:
    wrong = [
        (line(""), "missing_field", "MaHoSo"),
        (line("không số"), "bad_number", "MaHoSo"),
        (line("H27.1-260302-1", "Đang xử lý", "", "31/02/2026 08:00:00", "", ""), "bad_date", "NgayTiepNhan"),
        (line("H27.1-260302-1", "Đang xử lý", "", "03/02/2028", "", ""), "date_out_of_range", "NgayTiepNhan"),
        (line("H27.1-260302-1", "Đang xử lý", "", "", "", ""), "missing_field", "NgayTiepNhan"),
        (line()[:7], "wrong_width", None),
        (["Tổng số: 6 hồ sơ"], "wrong_width", None),
    ]
    found = loaded(SOURCE, html_of([HEADER, *(cells for cells, _, _ in wrong)]).encode())

    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, why, what) for row, (_, why, what) in enumerate(wrong, 2)
    ]


ROW = st.tuples(st.sampled_from(["", "H27.101-260302-1", "x"]), st.text(max_size=6), st.integers(0, 12))


@given(st.lists(st.lists(ROW, max_size=6), **FILES))
@settings(max_examples=2, deadline=None)
def test_rows_in_are_rows_loaded_and_quarantined(files: list[list[tuple[str, str, int]]]) -> None:
    tables = [
        [line(number, html.escape(text), "", text, "02/03/2026", "")[:width] for number, text, width in rows]
        for rows in files
    ]
    each = loaded_each(SOURCE, *(html_of([HEADER, *table]).encode() for table in tables))  # checks the sum itself
    for found, table in zip(each, tables, strict=True):
        assert len(found.rows) + len(found.reasons) == max(1, sum(any(c.strip() for c in row) for row in table))
