"""Framing: every row of a feed, however odd its bytes, is either accepted or rejected with a reason."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.json_text import RepeatedKeyError, parse_json
from pipelines.sources import framing
from pipelines.sources.framing import Reason, frame
from pipelines.sources.table_rows import Container

LIMIT = 10_000
BOM = b"\xef\xbb\xbf"

Rows = list[tuple[int, str]]
Rejects = list[tuple[int, str]]


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes a time, as pipes do."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._rest.read(min(size, 7))


def framed(data: bytes | BinaryIO, limit: int = LIMIT) -> tuple[Rows, Rejects]:
    rows: Rows = []
    rejects: Rejects = []
    for batch in frame(io.BytesIO(data) if isinstance(data, bytes) else data, max_record_bytes=limit):
        assert len(batch.row_no) == len(batch.text)
        rows += zip(batch.row_no.to_pylist(), batch.text.to_pylist(), strict=True)
        rejects += [(row, str(reason)) for row, reason in batch.rejects]
    return rows, rejects


def dumped(*records: object) -> list[str]:
    return [json.dumps(record, ensure_ascii=False) for record in records]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few bytes: every record crosses some."""
    for name in ("_BLOCK", "_COMPRESSED_BLOCK", "_BATCH_BYTES"):
        monkeypatch.setattr(framing, name, 5)


A, B, C = dumped({"MaHoSo": "H27.1", "x": [1, {"y": "]}"}]}, {"TenTTHC": 'Đất "đai" \\'}, {"n": None})


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("wrap", [bytes, gzip.compress, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])])
@pytest.mark.parametrize("mark", [b"", BOM])
@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n{C}",
        f"{A}\r\n{B}\r\n{C}\r\n",
        f"[{A},{B},{C}]",
        f" [ {A} ,\r\n{B}\n,\t{C} ]\n ",
        f'{{"data":[{A},{B},{C}]}}',
        f'{{"error_code": 0, "info": {{"data": [1]}}, "result": [\n{A},\n{B},\n{C}\n], "totalPages": 3}}\n',
        f'{{\n  "content": [\n    {A},\n    {B},\n    {C}]\n}}',
    ],
)
def test_a_feed_in_any_dress_gives_its_records_as_received(text: str, mark: bytes, wrap: object) -> None:
    data = wrap(mark + text.encode())  # type: ignore[operator]

    assert framed(data) == ([(1, A), (2, B), (3, C)], [])
    assert framed(Trickle(data)) == framed(data)  # type: ignore[arg-type]


def test_row_numbers_of_lines_are_physical_and_blank_lines_are_no_rows() -> None:
    assert framed(f"\n\n{A}\n  \t\r\n{B}\n\n".encode()) == ([(3, A), (5, B)], [])


def test_pretty_printed_elements_keep_their_text() -> None:
    pretty = json.dumps([json.loads(A), json.loads(B)], indent=2, ensure_ascii=False)

    rows, rejects = framed(pretty.encode())

    assert [json.loads(text) for _, text in rows] == [json.loads(A), json.loads(B)]
    assert all(text in pretty for _, text in rows)
    assert rejects == []


def test_a_file_with_one_dossier_over_several_lines_is_one_row() -> None:
    pretty = json.dumps(json.loads(A), indent=2)

    assert framed(pretty.encode()) == ([(1, pretty)], [])
    assert framed(A.encode()) == ([(1, A)], [])


@pytest.mark.parametrize(
    "data", [b"", BOM, b" \r\n\n", gzip.compress(b"", mtime=0), gzip.compress(BOM + b"\n", mtime=0)]
)
def test_an_empty_file_is_reported(data: bytes) -> None:
    assert framed(data) == ([], [(1, "empty_file")])


@pytest.mark.parametrize("data", [b"[]", b'{"data": []}', b'{"data": [], "totalPages": 0}'])
def test_an_answer_without_records_has_no_rows(data: bytes) -> None:
    assert framed(data) == ([], [])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_utf8"),  # half of a surrogate pair
        (b'{"a": "' + b"x" * LIMIT + b'"}', "record_too_long"),
        (b'{"a": "' + b'\\"]},\\\\' * LIMIT + b'"}', "record_too_long"),
    ],
)
@pytest.mark.parametrize("block", [41, 4 << 20])
def test_a_bad_record_costs_itself_only(bad: bytes, reason: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_BLOCK", block)
    good = A.encode()
    expected = ([(1, A), (3, A)], [(2, reason)])

    assert framed(b"\n".join([good, bad, good])) == expected
    assert framed(b"[" + b",".join([good, bad, good]) + b"]") == expected


def test_a_bad_first_line_does_not_hide_the_others() -> None:
    for bad in (b'{"a": 1, "b', b"{bad}", b'{"a": "\xff"}', b"\xff\xfe", b"<html>"):
        rows, rejects = framed(b"\n".join([bad, A.encode(), B.encode()]))

        assert rows[-2:] == [(2, A), (3, B)]
        assert len(rows) + len(rejects) == 3

    # nor when lines with nothing but spaces lie between
    assert framed(f"{{\0{A[2:]}\n \n{B}\n\t\n{C}".encode())[0][-2:] == [(3, B), (5, C)]

    too_long = b'{"a": "' + b"x" * LIMIT + b'"}'
    assert framed(too_long + f"\n{A}\n{B}\n".encode()) == ([(2, A), (3, B)], [(1, "record_too_long")])


@pytest.mark.usefixtures("small_blocks")
def test_a_first_line_that_is_too_long_is_distinguished_from_a_minified_answer() -> None:
    too_long = '{"a": "' + "x" * 500 + '"}'

    assert framed(f"{too_long}\n{A}\n".encode(), limit=100) == ([(2, A)], [(1, "record_too_long")])
    assert framed(f'{{"data": [{A}, {too_long}, {B}]}}'.encode(), limit=100) == (
        [(1, A), (3, B)],
        [(2, "record_too_long")],
    )


def test_elements_that_are_no_objects_are_rejected() -> None:
    assert framed(f'[{A}, 12, null, "{{}}", [{{}}], {B}]'.encode()) == (
        [(1, A), (6, B)],
        [(row, "not_an_object") for row in (2, 3, 4, 5)],
    )


@pytest.mark.parametrize(
    "text",
    [
        f"[{A}, {{bad}}, {B}]",
        f"[{A} {B}]",
        f"[{A},]",
        f"[{A}] {B}",
        f"[{A}]]",
        f'{{"data": [{A}], "x"}}',
        f'{{"data": [{A}]}} {{}}',
        f"[{A}, " + '{"a":' * 100_000,
    ],
)
def test_what_is_no_json_ends_an_array_with_one_reject(text: str) -> None:
    assert framed(text.encode(), limit=10**7) == ([(1, A)], [(2, "malformed_array")])


def test_odd_but_sound_contents_survive() -> None:
    odd = '{"a": "nul \x00, lone \r, \u2028, \x0b", "big": ' + "9" * 5000 + ', "huge": 1e999}'

    assert framed(f"{odd}\n{odd}\n".encode()) == ([(1, odd), (2, odd)], [])
    assert framed(f"[{odd},{odd}]".encode()) == ([(1, odd), (2, odd)], [])
    assert framed(b"{}\n{}\x0b\n") == ([(1, "{}"), (2, "{}\x0b")], [])  # not JSON's white space: the load must see it


def test_gzip_that_ends_early_keeps_the_rows_before() -> None:
    lines = [json.dumps({"i": i, "x": zlib.crc32(bytes([i % 256])) * i}) for i in range(500)]
    for body in ("\n".join(lines) + "\n", f"[{','.join(lines)}]"):
        whole = gzip.compress(body.encode(), mtime=0)
        for kept in (len(whole) // 2, len(whole) - 8, len(whole) - 1):
            rows, rejects = framed(whole[:kept])

            assert [text for _, text in rows] == lines[: len(rows)]
            assert rejects == [(len(rows) + 1, "truncated_gzip")]
        assert len(rows) == 500

        broken = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]  # only the checksum shows it
        assert framed(broken) == ([*enumerate(lines, 1)], [(501, "corrupt_gzip")])
        assert framed(whole + b"\0" * 1000) == ([*enumerate(lines, 1)], [])
        assert framed(whole + b"garbage")[1] == [(501, "corrupt_gzip")]


def test_gzip_that_unfolds_without_end_is_rejected_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_BLOCK", 1 << 16)
    bomb = gzip.compress(b'{"a": "' + b"0" * (20 << 20))

    assert framed(bomb) == ([], [(1, "record_too_long")])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
records = st.lists(
    st.dictionaries(st.sampled_from(["MaHoSo", "TaiLieuNop", "ghi chú"]), values, max_size=3), max_size=6
)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_a_shell_of_windows_writes_is_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    lines = ['{"a":"Hà Tĩnh"}', '{"a":"😀"}']
    for text in ("\r\n".join(lines), f"[{', '.join(lines)}]"):
        rows, rejects = framed(pack(f"\ufeff{text}".encode(encoding)))
        assert ([text for _, text in rows], rejects) == (lines, [])
    # half a pair is no letter, and costs its line only
    half = f'\ufeff{lines[0]}\n{{"a":"\ud83d"}}\n{lines[1]}'.encode(encoding, "surrogatepass")
    assert framed(pack(half)) == ([(1, lines[0]), (3, lines[1])], [(2, "invalid_utf8")])


HALF, PAIR = r"\ud83d", r"\ud83d\ude00"


@pytest.mark.parametrize("wrap", ["{}", "[{}]", '{{"data": [{}]}}'])
def test_half_a_letter_does_not_cost_the_record(wrap: str) -> None:
    for text, expected in [
        (f'{{"a": "x{HALF}"}}', '{"a": "x\\ufffd"}'),
        (f'{{"a": "{HALF}{PAIR}"}}', f'{{"a": "\\ufffd{PAIR}"}}'),
        (f'{{"a": "{PAIR}"}}', f'{{"a": "{PAIR}"}}'),
        (r'{"a": "\\ud83d"}', r'{"a": "\\ud83d"}'),  # a backslash, and letters after it
        (r'{"a": "\ude00\ud83d"}', r'{"a": "\ufffd\ufffd"}'),
    ]:
        assert framed(wrap.format(text).encode()) == ([(1, expected)], [])
        assert json.loads(expected) == parse_json(text)


def test_utf8_that_was_encoded_twice_is_decoded_once_more() -> None:
    line = '{"a": "Phường Thành Sen, xã Cẩm Lạc"}'
    twice = "".join(
        char if (char := bytes([byte]).decode("cp1252", "replace")) != "\ufffd" else chr(byte) for byte in line.encode()
    )
    assert framed(f"{A}\n{twice}\n{B}\n".encode()) == ([(1, A), (2, line), (3, B)], [])


@pytest.mark.parametrize(
    "text",
    [
        f'{{"data": {{"content": [{A}, {B}], "totalPages": 3}}, "status": 200}}',
        f'{{"status": 200, "result": {{"x": 1, "data": {{"content": [{A}, {B}]}}}}}}',
        f'{{"content": [], "data": [{A}, {B}]}}',
        f'{{"data": [{A}, {B}], "content": []}}',
        f'{{"data": {{"content": []}}, "result": [{A}, {B}]}}',
        f"{json.dumps(json.loads(A), indent=2)}\n{json.dumps(json.loads(B), indent=2)}\n",
        f"{A}{B}",
    ],
)
@pytest.mark.parametrize("block", [9, 4 << 20])
def test_records_are_found_where_interfaces_put_them(text: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_BLOCK", block)
    rows, rejects = framed(text.encode())
    assert [json.loads(record) for _, record in rows] == [json.loads(A), json.loads(B)]
    assert rejects == []


def test_a_string_never_closed_does_not_swallow_the_records_behind_it() -> None:
    """With quotes taken the wrong way round 60 records would be one that is too long."""
    records = [f'{{"MaHoSo": "H27.1-{n}", "x": "{"y" * 400}"}}' for n in range(60)]
    records[9] = records[9].replace('"H27', "H27")
    records[49] = records[49].replace('"H27', "H27")
    rows, rejects = framed(f"[{','.join(records)}]".encode(), limit=1000)
    assert (len(rows), rejects) == (9, [(10, "malformed_array")])
    records[9] = records[9].replace("H27", '"H27').replace(f'{"y" * 400}"', "y" * 400)  # the last quote of the record
    rows, rejects = framed(f"[{','.join(records)}]".encode(), limit=1000)
    assert (len(rows), rejects) == (9, [(10, "malformed_array")])


def test_of_two_lists_each_row_of_the_second_is_a_reject() -> None:
    text = f'{{"data": [{A}], "x": [1, 2], "content": [{B}, {C}]}}'
    assert framed(text.encode()) == ([(1, A)], [(2, "second_list"), (3, "second_list")])


def test_an_object_that_only_has_objects_of_such_names_is_one_record() -> None:
    for text in (
        '{"data": {"a": 1}}',
        '{"data": {}, "content": null}',
        '{"result": {"data": {"content": {"data": []}}}}',
    ):
        assert framed(text.encode()) == ([(1, text)], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04" + bytes(30), "archive"),
        (b"%PDF-1.4\n", "pdf_document"),
        (b"<!DOCTYPE html>\n<html><body>login</body></html>", "web_page"),
        (b"MIME-Version: 1.0\r\n", "web_archive"),
    ],
)
def test_a_kind_of_file_that_is_not_read_is_named(content: bytes, reason: str) -> None:
    assert framed(content) == ([], [(1, reason)])


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"a": {"b": 1, "b": 2}}]'])
def test_a_key_twice_is_an_error_of_every_reader_that_parses(text: str) -> None:
    with pytest.raises(RepeatedKeyError):
        parse_json(text)


@given(records, st.sampled_from([None, 1]), st.booleans(), st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_cut_array_gives_its_first_elements_and_one_reject(
    given_records: list[object], indent: int | None, wrapped: bool, data: st.DataObject
) -> None:
    body = json.dumps({"data": given_records} if wrapped else given_records, indent=indent, ensure_ascii=False).encode()
    cut = data.draw(st.integers(len(b'{"data": [ '), max(len(body) - 1, 11)))
    rows, rejects = framed(body[:cut])
    if cut >= len(body):
        assert ([json.loads(text) for _, text in rows], rejects) == (given_records, [])
    else:
        assert [json.loads(text) for _, text in rows] == given_records[: len(rows)]
        assert rejects == [(len(rows) + 1, "truncated_array")]


@given(records, st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lines_are_accounted_for_whatever_one_byte_or_cut_does(
    given_records: list[object], data: st.DataObject
) -> None:
    lines = [*dumped(*given_records), A, B, C]
    for _ in range(data.draw(st.integers(0, 3))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(["", " ", "\r"])))
    body = bytearray("\n".join(lines).encode())
    at = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        body[at] = data.draw(st.integers(0, 255))
    else:
        body[at:] = b""
    mangled = bytes(body)
    seen = [line.strip(b" \t\r") for line in mangled.split(b"\n")]
    expected = {row: line for row, line in enumerate(seen, 1) if line}

    rows, rejects = framed(mangled)

    numbers = [row for row, _ in rows] + [row for row, _ in rejects]
    assert len(numbers) == len(set(numbers))
    if mangled.lstrip().startswith(b"[") or len(expected) < 2:
        assert len(numbers) >= 1  # one line alone, or what now looks like an array, is read as a document
    else:
        assert sorted(numbers) == sorted(expected)
        assert all(text.encode() == expected[row] for row, text in rows)
        assert {reason for _, reason in rejects} <= {"invalid_utf8"}


@given(
    st.binary(max_size=60)
    | st.text('[]{}",:\\ \n\r\ttruefalsnNaN-0data\ufeffđ', max_size=60).map(str.encode)
    | st.text('[]{}",: \ntrueN-0\ufeffđ😀', max_size=30).map(lambda text: text.encode("utf-16")[: 2 * len(text)]),
    st.booleans(),
    st.data(),
)
@settings(max_examples=4 * settings.default.max_examples, deadline=None)
def test_no_bytes_raise_and_blocks_make_no_difference(body: bytes, zipped: bool, data: st.DataObject) -> None:
    if zipped:
        packed = bytearray(gzip.compress(body, mtime=0))
        packed[data.draw(st.integers(2, len(packed) - 1))] ^= data.draw(st.sampled_from([0, 1, 128]))
        body = bytes(packed)
    whole = framed(body, limit=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framing, "_BLOCK", 3)
        in_blocks = framed(body, limit=40)

    numbers = sorted(row for row, _ in whole[0] + whole[1])
    assert len(numbers) == len(set(numbers))
    assert {reason for _, reason in whole[1]} <= {str(reason) for reason in (*Reason, *Container)}
    if b"{" not in body:  # how an odd first line is taken may depend on how much is seen of what follows
        assert in_blocks == whole or zipped
