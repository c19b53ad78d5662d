"""Tables: whatever people send, each row of it is a record or a reject, and Vietnamese text comes out as it went in."""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pipelines.sources import framing, tables, workbooks
from pipelines.sources.table_rows import Container
from pipelines.sources.tables import Reason, TableForm

FORM = TableForm(
    fields={
        "Mã hồ sơ": "MaHoSo",
        "Số hồ sơ": "MaHoSo",
        "Trạng thái": "TrangThai",
        "Ngày nhận": "Ngay",
        "Người": "Nguoi",
    },
    needed=frozenset({"MaHoSo", "TrangThai"}),
    omitted="Nguoi",
)
HEADER = ["STT", "Mã hồ sơ", "Trạng thái", "Ngày nhận"]
ROWS = [["1", "H27.1-260302-1", "Đã trả kết quả", "02/03/2026 08:00:00"], ["2", "H27.1-260302-2", "Đang xử lý", ""]]
RECORDS = [dict(zip(["STT", "MaHoSo", "TrangThai", "Ngay"], row, strict=True)) for row in ROWS]
LIMIT = 100_000

Rows = list[tuple[int, dict[str, str]]]
Rejects = list[tuple[int, str]]


def framed(data: bytes, form: TableForm = FORM, limit: int = LIMIT) -> tuple[Rows, Rejects]:
    rows: Rows = []
    rejects: Rejects = []
    for batch in form.frame(io.BytesIO(data), max_record_bytes=limit):
        rows += zip(batch.row_no.to_pylist(), map(json.loads, batch.text.to_pylist()), strict=True)
        rejects += [(row, ": ".join(map(str, reason))) for row, *reason in batch.rejects]
    return rows, rejects


def csv_of(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def html_of(rows: Iterable[Sequence[str]], tag: str = "td") -> str:
    lines = ("".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="UTF-8"></head><body>\
<table border="1">{body}</table></body></html>'


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def xlsx_of(
    *sheets: Sequence[Sequence[str | float]],
    hidden: Sequence[int] = (),
    merged: Sequence[str] = (),
    number_format: int = 22,
) -> bytes:
    """A workbook of text and numbers, these shown as date and time (22). `merged` holds for the first sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = range(1, len(sheets) + 1)

    def cell(row: int, column: int, value: str | float) -> str:
        at = f"{_letters(column)}{row}"
        if isinstance(value, str):
            return (
                f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>' if value else ""
            )
        return f'<c r="{at}" s="1"><v>{value!r}</v></c>'

    def sheet(number: int, rows: Sequence[Sequence[str | float]]) -> str:
        lines = (
            f'<row r="{r}">{"".join(cell(r, c, value) for c, value in enumerate(row))}</row>'
            for r, row in enumerate(rows, 1)
        )
        merges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged) if number == 1 else ""
        merges = f"<mergeCells>{merges}</mergeCells>" if merges else ""
        return f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'

    states = ("visible", "hidden")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="S{n}" sheetId="{n}" state="{states[n in hidden]}" r:id="r{n}"/>' for n in names)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>' for n in names)
        + f'<Relationship Id="rs" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        f'<xf numFmtId="{number_format}"/></cellXfs></styleSheet>',
        **{f"xl/worksheets/s{n}.xml": sheet(n, rows) for n, rows in zip(names, sheets, strict=True)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def repacked(workbook: bytes, old: bytes, new: bytes) -> bytes:
    """The workbook with other text in its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as given, zipfile.ZipFile(out, "w") as archive:
        for name in given.namelist():
            archive.writestr(name, given.read(name).replace(old, new))
    return out.getvalue()


TITLES = [["SỞ Y TẾ HÀ TĨNH", "", "", ""], ["Danh sách hồ sơ", "", "", ""], ["", "", "", ""]]


@pytest.mark.parametrize(
    "data",
    [
        *(
            text.encode(encoding)
            for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
            for text in (csv_of([*TITLES, HEADER, *ROWS]), html_of([*TITLES, HEADER, *ROWS]))
        ),
        csv_of([*TITLES, HEADER, *ROWS], ";").encode(),
        csv_of([*TITLES, HEADER, *ROWS], "\t").encode("utf-16"),
        xlsx_of([*TITLES, HEADER, *ROWS]),
        xlsx_of([["không có gì"]], [*TITLES, HEADER, *ROWS]),
        xlsx_of([["9", "hidden", "x", ""]], [*TITLES, HEADER, *ROWS], hidden=[1]),
        # decomposed letters, other case, line ends and marks in the headings
        csv_of(
            [*TITLES, ["STT", "MÃ \n HỒ SƠ (*)".replace(" (*)", " *"), "trạng  thái:", "Ngày nhận"], *ROWS]
        ).encode(),
        unicodedata.normalize("NFD", csv_of([*TITLES, HEADER, *ROWS])).encode(),
    ],
)
def test_a_table_in_any_dress_gives_its_rows(data: bytes) -> None:
    assert framed(data) == ([(5, RECORDS[0]), (6, RECORDS[1])], [])


def windows_1258(text: str) -> bytes:
    """As Vietnamese keyboards of Windows write it: the circumflex, breve and horn in the letter, the tone after it."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = ""
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        tone = "".join(part for part in parts if part in tones)
        out += unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones)) + tone
    return out.encode("cp1258")


def test_windows_1258_is_the_last_guess() -> None:
    assert framed(windows_1258(csv_of([HEADER, *ROWS]))) == ([(2, RECORDS[0]), (3, RECORDS[1])], [])
    # a header without letters beyond ASCII does not show the encoding
    ascii_header = TableForm(FORM.fields, FORM.needed)
    data = windows_1258(csv_of([["STT", "MaHoSo", "TrangThai", "Ngay"], *ROWS]))
    assert framed(data, ascii_header)[0][0] == (2, RECORDS[0])


def test_one_bad_byte_costs_its_row_and_no_other() -> None:
    data = csv_of([HEADER, *ROWS]).encode().replace("Đang".encode(), b"\xff\xfeang")
    assert framed(data) == ([(2, RECORDS[0])], [(3, "invalid_utf8")])


def test_rows_of_another_width_are_rejected_and_blank_ones_are_none() -> None:
    odd = [["1", "a", "b"], ["1", "a", "b", "c", "d"], ["", " ", "", ""], ["1", "a", "b", "c", "", " "], ["Tổng cộng"]]
    record = {"STT": "1", "MaHoSo": "a", "TrangThai": "b", "Ngay": "c"}
    expected = ([(5, record)], [(2, "wrong_width"), (3, "wrong_width"), (6, "wrong_width")])

    assert framed(csv_of([HEADER, *odd]).encode()) == expected
    assert framed(html_of([HEADER, *odd]).encode()) == expected
    # in a workbook every row is as wide as the widest
    rows, rejects = framed(xlsx_of([HEADER, *odd]))
    assert [row for row, _ in rows] == [2, 5, 6]
    assert rejects == [(3, "wrong_width")]


def test_a_cell_that_the_rows_leave_out_is_put_back() -> None:
    header = ["STT", "Mã hồ sơ", "Trạng thái", "Người", "Ngày nhận", "Ngày trả"]
    row = ["1", "a", "b", "02/03/2026 08:00:00", "03/03/2026"]
    shifted = {"STT": "1", "MaHoSo": "a", "TrangThai": "b", "Nguoi": "", "Ngay": row[3], "Ngày trả": row[4]}
    whole = [*row[:3], "một cán bộ", *row[3:]]
    for data in (csv_of([header, row, whole]).encode(), html_of([header, row, whole]).encode()):
        assert framed(data) == ([(2, shifted), (3, {**shifted, "Nguoi": "một cán bộ"})], [])
    # saved again by Excel: there is a blank cell at the end now
    assert framed(xlsx_of([header, row])) == ([(2, shifted)], [])
    # without that heading, or two cells short, nothing is known about the row
    assert framed(csv_of([HEADER, row[:3]]).encode())[1] == [(2, "wrong_width")]
    assert framed(csv_of([header, row[:4]]).encode())[1] == [(2, "wrong_width")]


def test_headers_of_several_rows_and_pages() -> None:
    upper, lower = ["STT", "Mã hồ sơ", "Trạng thái", "Ngày"], ["", "", "", "Ngày nhận"]
    data = xlsx_of([["Tiêu đề"], upper, lower, *ROWS, HEADER, ROWS[0]], merged=["A1:D1", "A2:A3", "B2:B3", "C2:C3"])
    assert framed(data) == ([(4, RECORDS[0]), (5, RECORDS[1]), (7, RECORDS[0])], [])

    page = (
        "<table><tr><td colspan=4>Tiêu đề</td></tr>"
        "<tr><th rowspan=2>STT</th><th rowspan=2>Mã&nbsp;hồ sơ</th><th rowspan=2>Trạng thái</th>"
        "<th colspan=1>Ngày</th></tr>"
        "<tr><th>Ngày<br/>nhận</th></tr>"
        + "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}" for row in ROWS)  # ends of cells and rows left out
        + "</table>"
    )
    assert framed(page.encode()) == ([(4, RECORDS[0]), (5, RECORDS[1])], [])


def test_a_cell_merged_over_rows_counts_in_each() -> None:
    rows = [["1", "a", "x", ""], ["2", "b", "", ""], ["3", "c", "", ""], ["4", "d", "y", ""]]
    expected = ["x", "x", "x", "y"]
    found, _ = framed(xlsx_of([HEADER, *rows], merged=["C2:C4"]))
    assert [record["TrangThai"] for _, record in found] == expected
    page = html_of([HEADER, *rows]).replace("<td>x</td>", "<td rowspan='3'>x</td>")
    page = page.replace("<td>b</td><td></td>", "<td>b</td>").replace("<td>c</td><td></td>", "<td>c</td>")
    found, rejects = framed(page.encode())
    assert [record["TrangThai"] for _, record in found] == expected
    assert rejects == []


def test_columns_in_another_order_unknown_ones_and_unnamed_ones() -> None:
    header = ["Ngày nhận", "", "Ghi chú nội bộ", "Trạng thái", "Số hồ sơ"]
    record = {"Ngay": "d", "Ghi chú nội bộ": "n", "TrangThai": "s", "MaHoSo": "m"}
    assert framed(csv_of([header, ["d", "?", "n", "s", "m"]]).encode()) == ([(2, record)], [])


def test_a_header_that_names_a_field_twice_is_none() -> None:
    for data in (csv_of([[*HEADER, "Số hồ sơ"], [*ROWS[0], "x"]]).encode(), xlsx_of([[*HEADER, "Số hồ sơ"]])):
        assert framed(data) == ([], [(1, "two_columns: Mã hồ sơ / Số hồ sơ")])


def test_dates_and_numbers_of_excel() -> None:
    # 46083 is 2 March 2026; a third of a day is 8 o'clock, which no double holds exactly
    data = xlsx_of([HEADER, ["1", "a", "b", 46083 + 8 / 24], ["2", "a", "b", 46083.99999999], ["3", "a", "b", 46083.0]])
    assert [record["Ngay"] for _, record in framed(data)[0]] == [
        "2026-03-02 08:00:00",
        "2026-03-03 00:00:00",
        "2026-03-02",
    ]
    data = xlsx_of([HEADER, ["1", "a", "b", 46083.0], ["2", "a", "b", 0.5]], number_format=0)
    assert [record["Ngay"] for _, record in framed(data)[0]] == [46083, 0.5]


def test_a_second_sheet_with_the_header_is_reported() -> None:
    assert framed(xlsx_of([HEADER, *ROWS], [["x"]], [HEADER, *ROWS])) == (
        [(2, RECORDS[0]), (3, RECORDS[1])],
        [(4, "further_sheet")],
    )


def test_a_hidden_sheet_with_the_header_is_not_passed_over_in_silence() -> None:
    assert framed(xlsx_of([HEADER, ["9", "hidden", "x", ""]], [HEADER, *ROWS], hidden=[1])) == (
        [(2, RECORDS[0]), (3, RECORDS[1])],
        [(4, "hidden_sheet")],
    )


def test_every_table_of_a_page_with_the_header_counts() -> None:
    page = "<table><tr><td>menu</td></tr></table>" + html_of([HEADER, ROWS[0]]) + html_of([["x"], HEADER, ROWS[1]])
    assert framed(page.encode()) == ([(3, RECORDS[0]), (6, RECORDS[1])], [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \r\n \n", "empty_file"),
        (csv_of([HEADER]).encode(), "empty_file"),
        (b"a,b\n1,2\n", "header_not_found"),
        (b"<html><body>Access denied</body></html>", "header_not_found"),
        (html_of([["a"], ["1"]]).encode(), "header_not_found"),
        (xlsx_of([["a"], ["1"]]), "header_not_found"),
        (xlsx_of([]), "header_not_found"),
        (xlsx_of([HEADER, *ROWS], hidden=[1]), "hidden_sheet"),
        (b"%PDF-1.7 \xff\xd8", "pdf_document"),
        (csv_of([["x"]] * tables.HEADER_WITHIN + [HEADER, *ROWS]).encode(), "header_not_found"),
        (xlsx_of([HEADER, *ROWS])[:900], "unreadable_workbook"),
        (b"PK\x03\x04" + bytes(200), "unreadable_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unreadable_workbook"),
    ],
)
def test_what_is_no_table_of_the_source_is_one_reject(data: bytes, reason: str) -> None:
    assert framed(data) == ([], [(1, reason)])


def test_a_workbook_that_unfolds_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "LARGEST_WORKBOOK", 1000)
    assert framed(xlsx_of([HEADER, *ROWS])) == ([], [(1, "workbook_too_large")])


def test_a_stray_cell_in_the_last_corner_costs_the_file_and_not_the_process() -> None:
    stray = [[""] * 3] * 3 + [["", "", "", "stray"]]
    data = xlsx_of([HEADER, *ROWS, *stray])
    assert len(framed(data)[0]) == 3
    assert framed(repacked(data, b'"D7"', b'"XFD1048576"')) == ([], [(1, "workbook_too_large")])


def test_truncated_files_keep_their_rows_and_are_reported() -> None:
    page = html_of([HEADER, *ROWS]).encode()
    for cut in (page.rindex(b"</tr>"), page.rindex(b"<td>"), page.rindex(b"</table>"), page.rindex(b"</table>") + 3):
        rows, rejects = framed(page[:cut])
        assert rows[0] == (2, RECORDS[0])
        assert rejects == [(len(rows) + 2, "truncated_table")]

    text = csv_of([HEADER, ROWS[0], ["2", 'a "quoted", word', "b", "c"]])
    assert framed(text[: text.index("word")].encode()) == ([(2, RECORDS[0])], [(3, "truncated_table")])


@pytest.mark.parametrize("make", [lambda rows: csv_of(rows).encode(), lambda rows: html_of(rows).encode(), xlsx_of])
@pytest.mark.parametrize("cell", ["x" * (10 << 20), 'x"y,;""' * 300_000, 'x"y,\n;\n\n' * 20_000])
def test_a_cell_too_long_costs_its_row(make: Any, cell: str) -> None:
    data = make([HEADER, ROWS[0], ["1", "a", cell, "c"], ROWS[1]])
    assert framed(data) == ([(2, RECORDS[0]), (4, RECORDS[1])], [(3, "record_too_long")])


def test_a_row_that_breaks_the_rules_of_quotes_costs_itself() -> None:
    text = csv_of([HEADER]) + '1,"a" b,c,d\r\n' + '1,5" ống,c,d\r\n' + csv_of([["1", "a", "two\r\nlines", "d"]])
    rows, rejects = framed(text.encode())
    assert rejects == [(2, "malformed_row")]
    assert [(row, record["MaHoSo"], record["TrangThai"]) for row, record in rows] == [
        (3, '5" ống', "c"),
        (4, "a", "two\r\nlines"),
    ]


def test_nul_bytes_are_shown() -> None:
    for data in (csv_of([HEADER, ["1", "a\0b", "c", "d"]]), html_of([HEADER, ["1", "a\0b", "c", "d"]])):
        assert framed(data.encode())[0][0][1]["MaHoSo"] == "a\ufffdb"


def test_a_table_within_a_cell_is_text_of_that_cell() -> None:
    page = html_of([HEADER, ROWS[0]]).replace("H27.1-260302-1", "<table><tr><td>H27.1</td></tr></table><b>-9</b>")
    assert framed(page.encode())[0][0][1]["MaHoSo"] == "H27.1-9"


def test_json_and_gzip_go_to_the_framing_of_feeds() -> None:
    body = b'[{"MaHoSo": "a"}, {"MaHoSo": "b"}]'
    for data in (body, gzip.compress(body), b"\xef\xbb\xbf" + body):
        assert framed(data) == ([(1, {"MaHoSo": "a"}), (2, {"MaHoSo": "b"})], [])
    # but a title in brackets is no JSON
    assert framed(b"[Mau 01]\n" + csv_of([HEADER, ROWS[0]]).encode()) == ([(3, RECORDS[0])], [])


# letters and marks that only wrongly decoded Vietnamese has within a word are left out: see test_vietnamese_text.py
_plain = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]).filter(
    lambda char: not "\x80" <= char <= "\u024f" and not "\u2013" <= char <= "\u2122"
)
printable = st.text(_plain | st.sampled_from('",;\t\n<&đĐờáêôà_x'), max_size=12)
cells = st.lists(st.tuples(printable, printable, printable, printable).map(list), max_size=6)


def expected_of(rows: list[list[str]]) -> Rows:
    # characters of no width are format characters (Cf)
    invisible = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
    clean = [[invisible.sub("", unicodedata.normalize("NFC", cell)).strip() for cell in row] for row in rows]
    names = ["STT", "MaHoSo", "TrangThai", "Ngay"]
    return [(number, dict(zip(names, row, strict=True))) for number, row in enumerate(clean, 2) if any(row)]


FORMS = st.sampled_from(["csv", "scsv", "tsv", "utf-16", "html", "xlsx"])
# at times most of the first tables have a line that the assumptions below leave out
ANY_TABLE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@given(cells, FORMS)
@settings(ANY_TABLE, max_examples=30)
def test_any_table_of_strings_survives(rows: list[list[str]], form: str) -> None:
    check_survives(rows, form)


@pytest.mark.slow
@given(cells, FORMS)
@settings(ANY_TABLE, max_examples=300)
def test_many_tables_of_strings_survive(rows: list[list[str]], form: str) -> None:
    check_survives(rows, form)


def check_survives(rows: list[list[str]], form: str) -> None:
    # a line within a cell that could be a row is taken for rows that a quote encloses
    inner = [line for row in rows for cell in row for line in cell.splitlines()[1:]]
    assume(not any(line.count(delimiter) >= len(HEADER) - 1 for line in inner for delimiter in ",;\t"))
    # a line of a cell that reads as a row of its own is how a quote that was never closed looks: it is held back
    assume(
        not any(line.count(mark) == 3 for row in rows for cell in row for line in cell.split("\n") for mark in ",;\t")
    )
    table = [HEADER, *rows]
    data = {
        "csv": lambda: csv_of(table).encode(),
        "scsv": lambda: csv_of(table, ";").encode("utf-8-sig"),
        "tsv": lambda: csv_of(table, "\t").encode(),
        "utf-16": lambda: csv_of(table).encode("utf-16"),
        "html": lambda: html_of(table).encode(),
        "xlsx": lambda: xlsx_of(table),
    }[form]()
    expected = expected_of(rows)

    assert framed(data) == (expected, [] if expected else [(1, "empty_file")])


@given(
    st.lists(st.lists(st.sampled_from(["", " ", "a", "ờ\n", '"', "9"]), max_size=7), max_size=12),
    st.sampled_from(["csv", "html", "xlsx"]),
    st.data(),
)
@settings(max_examples=2 * settings.default.max_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_a_record_or_a_reject(rows: list[list[str]], form: str, data: st.DataObject) -> None:
    titles = data.draw(st.integers(0, 3))
    table = [*[["x"]] * titles, HEADER, *rows]
    body = xlsx_of(table) if form == "xlsx" else (csv_of if form == "csv" else html_of)(table).encode()

    found, rejects = framed(body)

    expected = [number for number, row in enumerate(rows, titles + 2) if any(cell.strip() for cell in row)]
    assert sorted([row for row, _ in found] + [row for row, _ in rejects]) == (expected or [1])
    assert all(set(record) == {"STT", "MaHoSo", "TrangThai", "Ngay"} for _, record in found)


SOUND = [csv_of([HEADER, *ROWS]).encode(), html_of([HEADER, *ROWS]).encode(), xlsx_of([HEADER, *ROWS])]


@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=3),
    st.floats(0, 1),
    st.binary(max_size=40),
)
@example(SOUND[0], [], 0.0, b"%PDF-")
@settings(max_examples=2 * settings.default.max_examples, deadline=None)
def test_no_bytes_raise(data: bytes, changes: list[tuple[float, int]], kept: float, tail: bytes) -> None:
    body = bytearray(data)
    for at, value in changes:
        body[int(at * len(body))] = value
    rows, rejects = framed(bytes(body[: int(kept * len(body))]) + tail, limit=500)

    numbers = [row for row, _ in rows] + [row for row, _ in rejects]
    assert len(numbers) == len(set(numbers)) >= 1
    assert {reason for _, reason in rejects} <= {str(reason) for reason in (*Reason, *Container, *framing.Reason)}


def test_text_that_looks_like_a_number_is_distinguished_from_one() -> None:
    """A Vietnamese "1.234" typed as text is a thousand times the number 1.234."""
    from openpyxl import Workbook

    book = Workbook()
    for row in (["Mã hồ sơ", "Trạng thái"], ["1.234", "1.234"], ["1.234", 1.234], ["'5", None], ["x", "'5"]):
        book.active.append(row)  # type: ignore[union-attr]
    saved = io.BytesIO()
    book.save(saved)
    form = TableForm(FORM.fields, FORM.needed, typed=frozenset({"TrangThai"}))
    rows, _ = framed(saved.getvalue(), form)
    assert [row["TrangThai"] for _, row in rows] == ["'1.234", 1.234, "", "''5"]
    assert [row["MaHoSo"] for _, row in rows] == ["1.234", "1.234", "'5", "x"], "of other fields nothing changes"


# ------------------------------------------------------------------------------------------------ what is lost
def test_rows_that_an_open_quote_swallows_are_counted() -> None:
    """A quote opens in row 10 and is closed by the next one that stands in a name, in row 50."""
    rows = [[f"{n}", f"H27.1-{n}", "Đã trả", f"name {n}"] for n in range(1, 61)]
    rows[9][3], rows[49][3] = '"name 10', 'name "50'
    text = "\n".join(",".join(row) for row in [HEADER, *rows]) + "\n"
    found, rejects = framed(text.encode())
    assert len(found) == 19
    assert [reason for _, reason in rejects] == ["malformed_row", *["row_lost"] * 40]
    assert len({row for row, _ in [*found, *rejects]}) == 60


def test_rows_in_a_cell_between_two_stray_quotes_are_counted() -> None:
    """A quote opens the last cell of row 10, and the last cell of row 50 ends with one: by the rules one long cell."""
    rows = [[f"{n}", f"H27.1-{n}", "Đã trả", f"name {n}"] for n in range(1, 61)]
    rows[9][3], rows[49][3] = '"name 10', 'name 50"'
    text = "\n".join(",".join(row) for row in [HEADER, *rows]) + "\n"
    found, rejects = framed(text.encode())
    assert (len(found), len(rejects)) == (19, 41)


def test_an_unclosed_quote_rejects_every_row_behind_it() -> None:
    rows = [[f"{n}", f"H27.1-{n}", "Đã trả", "x"] for n in range(1, 61)]
    rows[9][3] = '"x'
    text = "\n".join(",".join(row) for row in [HEADER, *rows]) + "\n"
    found, rejects = framed(text.encode())
    assert (len(found), len(rejects), rejects[0]) == (9, 51, (11, "truncated_table"))


def test_a_cell_of_several_lines_is_one_row() -> None:
    note = "một, hai\nba, bốn, năm, sáu, bảy, tám\nhết"
    found, rejects = framed(csv_of([HEADER, ROWS[0], ["2", "b", note, ""], ROWS[1]]).encode())
    assert ([row for row, _ in found], rejects) == ([2, 3, 4], [])
    assert found[1][1]["TrangThai"] == note


def test_cells_outside_a_row_and_rows_outside_a_table_are_rows() -> None:
    row = "<td>9</td><td>m</td><td>t</td><td>n</td>"
    page = html_of([HEADER, *ROWS])
    for odd in (
        page.replace("</tr>\n</table>", f"</tr>{row}</tr></table>"),  # without its <tr>
        page.replace("</table>", f"</table><tr>{row}</tr>"),  # behind the end of the table
        page.replace("</table>", f"<tbody>{row}</tbody></table>"),
    ):
        found, rejects = framed(odd.encode())
        assert [record["MaHoSo"] for _, record in found] == [ROWS[0][1], ROWS[1][1], "m"]
        assert rejects == []


def test_a_table_truncated_by_a_server_message_is_reported() -> None:
    page = html_of([HEADER, *ROWS])
    cut = page[: page.rindex("<tr>")] + "<tr><td>2<br>Error 500</td></body></html>"
    assert framed(cut.encode()) == ([(2, RECORDS[0])], [(3, "wrong_width"), (4, "truncated_table")])


@pytest.mark.parametrize("hides", [("<!--", "-->"), ("<textarea>", "</textarea>")])
def test_rows_hidden_by_the_content_of_a_cell_are_counted(hides: tuple[str, str]) -> None:
    """Opened in row 10 and closed in row 50, as a quote in a CSV: 40 rows would go without a count."""
    rows = [[f"{n}", f"H27.1-{n}", "Đã trả", "x"] for n in range(1, 61)]
    page = html_of([HEADER, *rows])
    page = page.replace("<td>H27.1-10</td>", f"<td>H27.1-10{hides[0]}</td>")
    page = page.replace("<td>H27.1-50</td>", f"<td>{hides[1]}H27.1-50</td>")
    found, rejects = framed(page.encode())
    assert [reason for _, reason in rejects].count("row_lost") == 40
    assert len(found) == 19
    assert len(rejects) in (41, 42)  # of a comment the row before and the row behind are halves
    # and never closed: nothing is known of the rest
    found, rejects = framed(page.replace(hides[1], "").encode())
    assert rejects[-1][1] == "truncated_table"


def test_merged_cells_without_end_cost_their_row_and_no_memory() -> None:
    wide = "<td colspan=1000>" * 1000
    page = html_of([HEADER, *ROWS]).replace("</table>", f"<tr>{wide}</tr></table>")
    assert framed(page.encode()) == ([(2, RECORDS[0]), (3, RECORDS[1])], [(4, "record_too_long")])


# ------------------------------------------------------------------------------------- cells that only look blank
def test_error_cells_and_formulas_without_a_value_reject_their_row() -> None:
    from openpyxl import Workbook

    book = Workbook()
    rows = [
        HEADER,
        ["1", "a", "b", "c"],
        ["2", "a", "#N/A", "c"],
        ["3", "=A1", "b", "c"],
        ["4", "a", "b", "c", "#REF!"],  # in no column of the table
        ["5", "a", "b", "c"],
    ]
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    saved = io.BytesIO()
    book.save(saved)
    found, rejects = framed(saved.getvalue())
    assert [row for row, _ in found] == [2, 6]
    assert rejects == [
        (3, "formula_without_value: TrangThai"),
        (4, "formula_without_value: MaHoSo"),
        (5, "wrong_width"),
    ]
    # a formula whose stored value is an empty text is a blank cell
    stored = repacked(
        xlsx_of([HEADER, ["1", "a", "b", "x"]]), b'<c r="D2" t="inlineStr">', b'<c r="D2" t="str"><f>""</f>'
    )
    stored = repacked(stored, b'<is><t xml:space="preserve">x</t></is>', b"<v></v>")
    assert framed(stored) == ([(2, {"STT": "1", "MaHoSo": "a", "TrangThai": "b", "Ngay": ""})], [])


# rows 2 to 4 below the header of FORM; in row 3 the state is #N/A. Written by xlwt, deflated.
XLS_WITH_AN_ERROR = """
eNrtWE1oE0EU/mbztyltmtRUaIUQClatvdRevLRRQXtqqbagiKBpG7S0pBJ7qRertUdB8KR4CfTiwaoXf9CD3jwIFXsQBCGxR0+Cgoem6zcvk5
hoDg1oqbLf8t7OvDfzzez8vJ3dtyuRXPZRex6/oB8ebDhB+CtsihIsZcKg33F0snS3KY6LfwpBmxPp9+F505uAnkM933lYeOh9RQ18opzBRQzN
pFPxLcQR6UNS6T70USvcpSWENulVi+hx0TtEP5CSL0QfEssN0X0sm1OnsZIY6jpoVvEpq0N8IWjeJ1Lng1h60IrXehVfuamKZX04nJlMTm9PR8
zbiCVw3gZS6VQmOZ1DlBO4hG9OHPha2qkv4659a+0KtH+vtgdq2G9ZXmAezjlZ4ItogN+rPRZGetaR4gIFbWAoxsjoqA01iDVSXMBqLI5LyKoG
qFFkkI2lcZ6OWbrymGSQVkM05DBHY5rG+yzApdNDSVLGKOOUA5Re3UAxCoSrokCT7I5G6gk0SzoieyTMOL9+78u7wbHhxFmxzEvkL74fdutHgo
OrugYrh8TjLesuqbFf9DVh3SXpdtFRrmzeO4dbTeLYgpS5Lt5OttMrWE3sqUjvZXrx8/GnscW1xD6mlwfyl6PL7xNZdHAoJlhfXwvoVt3qzm2N
Z4nSXZlY8lF0229xxbbCpu+OeQk2oyCTAo6HRjGnR0eVc5YZq4KZvoieQuFSNbiUcHlNeSVcvnJOc/nLOc0VMFxWDS5LuGxT3ipz+SybOc3VpY
qeSiZPDSaPMAUNk6eqV55yr5TlZ05z9VsteKybZ/z9iQa4cOHChQsXLly42E5QclqFOQFCTnj6XBcw/3UKlA33N8l/ixOY4TXL78Sj/FKc5cfk
XF3rZyd8qsSlNlmn9L9Q4yRbz2AKY9KPqbrXL7/eVOXzbLpi+M9toXrb36inn3+5/R8h3de3
"""


def test_error_cells_of_old_workbooks_reject_their_row() -> None:
    data = zlib.decompress(base64.b64decode(XLS_WITH_AN_ERROR))
    found, rejects = framed(data)
    assert [row for row, _ in found] == [2, 4]
    assert rejects == [(3, "formula_without_value: TrangThai")]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", " #NAME? "])
def test_errors_that_excel_prints_into_other_files_reject_their_row(error: str) -> None:
    rows = [ROWS[0], ["2", "a", error, "c"]]
    for data in (csv_of([HEADER, *rows]), html_of([HEADER, *rows])):
        assert framed(data.encode()) == ([(2, RECORDS[0])], [(3, "formula_without_value: TrangThai")])
    assert framed(csv_of([HEADER, ["2", "a", "#N/A của năm", "c"]]).encode())[1] == []


def test_error_cells_below_and_beside_all_others_are_found() -> None:
    data = xlsx_of([HEADER, ["1", "a", "b", "c"], ["2", "a", "b", "LAST"], ["", "END", "", ""]])
    for text in (b"LAST", b"END"):
        data = repacked(data, b't="inlineStr"><is><t xml:space="preserve">' + text + b"</t></is>", b't="e"><v>#N/A</v>')
    found, rejects = framed(data)
    assert [row for row, _ in found] == [2]
    assert rejects == [(3, "formula_without_value: Ngay"), (4, "formula_without_value: MaHoSo")]


# ------------------------------------------------------------------------------------------- encodings and containers
def test_tcvn3_and_utf8_decoded_twice_are_read_and_what_is_mixed_is_rejected() -> None:
    rows = [["1", "a", "Đã trả kết quả", ""], ["2", "b", "Đang xử lý", ""]]
    expected = [(n, dict(zip(RECORDS[0], row, strict=True))) for n, row in enumerate(rows, 2)]
    utf8 = csv_of([HEADER, *rows])
    twice = "".join(
        char if (char := bytes([byte]).decode("cp1252", "replace")) != "\ufffd" else chr(byte) for byte in utf8.encode()
    )
    tcvn3 = csv_of([["STT", "MaHoSo", "TrangThai", "Ngay"], *rows])
    for letter, code in {"Đ": 0xA7, "ã": 0xB7, "ả": 0xB6, "ế": 0xD5, "ử": 0xF6, "ý": 0xFD}.items():
        tcvn3 = tcvn3.replace(letter, chr(code))
    assert framed(twice.encode()) == (expected, [])
    assert framed(tcvn3.encode("latin-1")) == (expected, [])
    assert framed(tcvn3.encode()) == (expected, []), "as a workbook holds it: letters of Windows for those of the font"
    mixed = [*rows * 3, ["7", "c", "§· tr¶ kÕt qu¶", ""]]
    found, rejects = framed(csv_of([HEADER, *mixed]).encode())
    assert (len(found), rejects) == (6, [(8, "wrong_encoding")])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>", "web_archive"),
        (b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n", "web_archive"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml_spreadsheet"),
        (gzip.compress(csv_of([HEADER, *ROWS]).encode()), "compressed_table"),
        (b"Rar!\x1a\x07\x00", "archive"),
    ],
)
def test_a_kind_of_file_that_is_not_read_is_named(data: bytes, reason: str) -> None:
    assert framed(data) == ([], [(1, reason)])


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("tram.csv", "archive"),
        ("word/document.xml", "text_document"),
        ("xl/workbook.bin", "binary_workbook"),
        ("content.xml", "open_document"),
    ],
)
def test_a_zip_is_named_by_what_is_in_it(member: str, reason: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, "a;b")
    assert framed(out.getvalue()) == ([], [(1, reason)])


def test_backslashes_in_the_parts_of_a_workbook_and_formatting_to_the_last_row_are_no_obstacle() -> None:
    given = xlsx_of([HEADER, *ROWS])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(given)) as parts, zipfile.ZipFile(out, "w") as archive:
        for name in parts.namelist():
            archive.writestr(name, parts.read(name))
    backslashed = out.getvalue().replace(b"xl/worksheets/s1.xml", b"xl\\worksheets\\s1.xml")
    assert framed(backslashed) == ([(2, RECORDS[0]), (3, RECORDS[1])], [])
    formatted = repacked(given, b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>')
    assert framed(formatted) == ([(2, RECORDS[0]), (3, RECORDS[1])], [])


def test_dates_at_the_end_of_the_calendar_are_read() -> None:
    data = xlsx_of([HEADER, ["1", "a", "b", 2958465.99999997]])
    assert framed(data)[0][0][1]["Ngay"] == "9999-12-31 23:59:59"
