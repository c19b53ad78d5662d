"""One bad file never stops the others: whatever is raised while it is read, typed or counted is its own refusal."""

from __future__ import annotations

import gzip
import io
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import misbehaving
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import KEY, File, empty_warehouse, loaded, loaded_each

from pipelines.reasons import REASONS
from pipelines.sources import all_sources, framing
from pipelines.sources.base import Column, Source, Table
from pipelines.sources.dossiers import SOURCE
from pipelines.warehouse import repeated_keys
from pipelines.warehouse.load import CHANGED, FileLoad, load, refused_files

TABLE = Table({"n": "VARCHAR"}, (Column("n", "integer", "j.n::integer"),), (), "n")
CODES = replace(SOURCE, name="codes", frame=framing.frame, table=TABLE, registries=())
GOOD, BAD = b'{"n": "1"}', b'{"n": "bad 0912345678"}'


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse() as opened:
        yield opened


def loads_of(connection: duckdb.DuckDBPyConnection, source: Source, *contents: bytes) -> tuple[FileLoad, ...]:
    files = [File(content, f"file-{number}") for number, content in enumerate(contents)]
    return load(
        connection,
        source,
        files,
        _opened,
        key=KEY,
        max_record_bytes=1 << 16,
    ).files


def _opened(file: Any) -> Any:
    return io.BytesIO(file.content)


@pytest.mark.parametrize(
    "error",
    [
        misbehaving.Panic("0912345678"),
        RecursionError("0912345678"),
        UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "0912345678"),
        OverflowError("0912345678"),
        MemoryError("0912345678"),
        AssertionError("0912345678"),
        RuntimeError("0912345678"),
        StopIteration("0912345678"),
        duckdb.Error("0912345678"),
        BaseExceptionGroup("0912345678", [misbehaving.Panic()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_any_class_refuses_its_file(connection: duckdb.DuckDBPyConnection, error: BaseException) -> None:
    source = replace(CODES, frame=misbehaving.raising(error))
    first, bad, last = loads_of(connection, source, GOOD, BAD, b'{"n": "2"}')
    assert (first.refusal, last.refusal, first.rows_loaded, last.rows_loaded) == (None, None, 1, 1)
    assert (bad.rows_in, bad.rows_loaded) == (0, 0), "what was read before the error is no complete file"
    assert bad.refusal
    assert "0912345678" not in bad.refusal
    assert refused_files(connection) == {"codes": [("file-1", bad.refusal)]}
    assert connection.execute("select n from raw.codes order by n").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_who_stops_the_run_stops_it(connection: duckdb.DuckDBPyConnection, error: BaseException) -> None:
    with pytest.raises(type(error)):
        loads_of(connection, replace(CODES, frame=misbehaving.raising(error)), GOOD, BAD)
    assert connection.execute("select count(*) from raw.files").fetchone() == (0,)


@pytest.mark.parametrize("files", [(GOOD,), (GOOD, b'{"n": "2"}')])
def test_a_signal_during_a_query_refuses_no_file(
    connection: duckdb.DuckDBPyConnection, files: tuple[bytes, ...]
) -> None:
    """DuckDB makes an error of its own of what the handler raises."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    pairs = "range(1000000) as a, range(1000000) as b where a.range * b.range % 7 = j.n::integer"
    table = replace(TABLE, columns=(Column("n", "integer", f"(select count(*) from {pairs})::integer"),))
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises((KeyboardInterrupt, RuntimeError)):
            loads_of(connection, replace(CODES, table=table), *files)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert connection.execute("select count(*) from raw.files").fetchone() == (0,)


def test_where_the_database_fails_only_the_file_that_causes_it_is_refused(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The column of the table casts without `try`: DuckDB raises in the middle of three files."""
    first, bad, last = loads_of(connection, CODES, GOOD, BAD, b'{"n": "2"}')
    assert (first.rows_loaded, bad.rows_loaded, last.rows_loaded) == (1, 0, 1)
    assert bad.refusal
    assert bad.refusal.startswith("its rows cannot be typed: ConversionException at warehouse/load.py:")
    assert "0912345678" not in bad.refusal
    assert connection.execute("select status from raw.files order by file_no").fetchall() == [
        ("loaded",),
        ("refused",),
        ("loaded",),
    ]


def test_a_mistake_in_our_own_sql_is_no_fault_of_a_file(connection: duckdb.DuckDBPyConnection) -> None:
    table = replace(TABLE, columns=(Column("n", "integer", "j.no_such_field"),))
    with pytest.raises(duckdb.BinderException):
        loads_of(connection, replace(CODES, table=table), GOOD)


def test_bytes_that_differ_from_the_receipt_are_refused() -> None:
    """Also where they lie behind all that the reader looks at, and in a gzip that holds the same text."""

    class Changed(File):
        sha256 = "0" * 64  # type: ignore[assignment]

    text = b"".join(b'{"n": "%d"}\n' % n for n in range(10))
    for content in (text, gzip.compress(text), b"PK\x03\x04" + bytes(100)):
        files = [File(GOOD, "good"), Changed(content, "changed")]
        with empty_warehouse() as fresh:
            good, changed = load(fresh, CODES, files, _opened, key=KEY, max_record_bytes=99).files
        assert (good.refusal, good.rows_loaded) == (None, 1)
        assert (changed.refusal, changed.rows_in) == (CHANGED, 0)


def test_a_file_that_crashes_its_reader_is_refused_beside_good_ones(connection: duckdb.DuckDBPyConnection) -> None:
    source = replace(CODES, frame=misbehaving.frame)
    first, bad, last = loads_of(
        connection, source, b'PK\x03\x04\n{"n": "1"}', b'PK\x03\x04\n{"abort": 1}', b'PK\x03\x04\n{"n": "3"}'
    )
    assert (first.rows_loaded, last.rows_loaded, bad.rows_in) == (1, 1, 0)
    assert "SIGABRT" in (bad.refusal or "")


def test_records_on_one_line_are_counted_one_by_one(record: Callable[..., dict[str, Any]]) -> None:
    """Without their line ends 41 records are one line that is not JSON: all of them are lost, and counted."""
    lines = [json.dumps(record(n)) for n in range(60)]
    found = loaded(SOURCE, "\n".join([*lines[:19], "".join(lines[19:])]).encode())
    assert len(found.rows) == 19
    assert [reason for _, reason, *_ in found.reasons].count("row_lost") == 40
    assert len(found.reasons) == 41


@pytest.mark.parametrize(
    "text",
    [
        '{"TrangThaiHoSo": "4", %s}',
        '{%s, "TrangThaiHoSo": "4"}',
        '{%s, "GhiChu": "a", "GhiChu": "b"}',
    ],
)
def test_a_key_twice_rejects_the_record_and_no_other(text: str, record: Callable[..., dict[str, Any]]) -> None:
    good = [json.dumps(record(n)) for n in range(3000)]
    bad = text % json.dumps(record(3000))[1:-1]
    found = loaded(SOURCE, "\n".join([*good, bad]).encode())
    assert [(row, reason) for row, reason, *_ in found.reasons] == [(3001, "repeated_key")]
    assert len(found.rows) == 3000


def test_a_key_twice_in_a_nested_object_rejects_the_record(record: Callable[..., dict[str, Any]]) -> None:
    """Wherever it is in the file: none of the records before has one."""
    good = [json.dumps(record(n)) for n in range(300)]
    papers = json.dumps(record(300, TaiLieuNop=[{"DuocSoHoa": "1"}])).replace(
        '"DuocSoHoa"', '"DuocSoHoa": "0", "DuocSoHoa"'
    )
    found = loaded(SOURCE, "\n".join([*good, papers, papers]).encode())
    assert [(row, reason) for row, reason, *_ in found.reasons] == [(301, "repeated_key"), (302, "repeated_key")]


def test_a_key_twice_is_found_among_records_of_which_each_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few lists of keys are remembered here; in an object that is not read a key may come twice."""
    monkeypatch.setattr(repeated_keys, "MOST_KNOWN", 3)

    def text(n: int) -> str:
        other = '{"a": 1, "a": 2}' if n % 3 == 0 else '{"a": 1}'
        again = f', "k{n % 2}": 2' if n % 5 == 0 else ""
        return f'{{"k{n % 2}": 1, "other": {other}{again}}}'

    found = loaded(SOURCE, "\n".join(map(text, range(1, 21))).encode())
    assert [row for row, reason, *_ in found.reasons if reason == "repeated_key"] == [5, 10, 15, 20]


KEYS = st.tuples(*[st.lists(st.sampled_from("abc"), min_size=size, max_size=4) for size in (1, 0, 0, 0)])


@given(st.lists(KEYS, min_size=10))
@settings(max_examples=3, deadline=None)
def test_one_rule_for_keys_at_every_level_that_is_read(records: list[tuple[list[str], ...]]) -> None:
    def of(names: list[str], value: str, *more: str) -> str:
        return "{" + ", ".join([*(f'"{name}": {value}' for name in names), *more]) + "}"

    def text(own: list[str], nested: list[str], inner: list[str], unread: list[str]) -> bytes:
        papers = of(nested, '"1"', f'"d": [{of(inner, "2")}]')
        return of(["n", *own], of(unread, '"1"'), f'"l": [null, {papers}]', f'"o": {papers}').encode()

    deep = {"a": "VARCHAR", "d": [{"b": "VARCHAR"}]}
    structure = {"n": "VARCHAR", "l": [deep], "o": deep}
    source = replace(CODES, table=replace(TABLE, structure=structure, columns=(Column("n", "varchar", "j.n"),)))
    for keys, found in zip(records, loaded_each(source, *(text(*keys) for keys in records)), strict=True):
        is_repeated = any(len(set(names)) < len(names) for names in keys[:3])
        assert [reason for _, reason, *_ in found.reasons] == ["repeated_key"] * is_repeated


def test_an_object_in_place_of_a_list_is_no_key_twice() -> None:
    each = ("a", 1, [1], None, ["a", None, [], {}], {})
    of_each = loaded_each(SOURCE, *(json.dumps({"TaiLieuNop": wrong}).encode() for wrong in each))
    for wrong, found in zip(each, of_each, strict=True):
        assert {reason for _, reason, *_ in found.reasons} <= {"missing_field", "wrong_shape"}, wrong


def test_what_a_file_is_stands_in_its_refusal() -> None:
    found = loaded(SOURCE, b"PK\x03\x04" + bytes(40), b"%PDF-1.7", b"<!DOCTYPE html><html>login</html>")
    assert found.refusals == tuple(REASONS[kind].fix_en for kind in ("archive", "pdf_document", "web_page"))


@pytest.mark.parametrize("text", ["gọi 0912 345 678", "nam@hatinh.gov.vn", "CCCD 042099001234", "H27.101-260302-0001"])
@pytest.mark.parametrize("column", ["Thôn", "Xã"])
def test_personal_data_in_a_free_text_reject_the_row_and_stay_out_of_quarantine(column: str, text: str) -> None:
    row = {"Xã": "Thành Sen", "Thôn": "Thôn 1", "4G": "có", column: text}
    content = ";".join(row) + "\n" + ";".join(row.values()) + "\nThành Sen;Thôn 2;có\n"
    found = loaded(all_sources()["village_coverage"], content.encode(), name="viettel-thon-2026-09-30.csv")
    assert [village["village"] for village in found.rows] == ["Thôn 2"]
    ((_, reason, _, shape),) = found.reasons
    assert (reason, shape) == ("personal_data", None)


def test_a_heading_that_looks_like_personal_data_or_is_a_text_is_not_reported() -> None:
    longest = "ệ" * 60
    content = f"Xã;Thôn;4G;Ghi chú thêm;84 912 345 678;{longest};{longest}ệ\nThành Sen;Thôn 1;có;x;y;z;w\n"
    found = loaded(all_sources()["village_coverage"], content.encode(), name="viettel-thon-2026-09-30.csv")
    assert found.unexpected == ("Ghi chú thêm", longest)


def test_a_file_on_disk_that_the_child_reads_keeps_its_hash(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The child moves no position that the parent hashes from, however long the file is."""
    content = b"PK\x03\x04\n" + b"\n".join(b'{"n": "%d"}' % n for n in range(50_000))
    (tmp_path / "file").write_bytes(content)
    (result,) = load(
        connection,
        replace(CODES, frame=misbehaving.frame),
        [File(content, "file")],
        lambda file: (tmp_path / file.name).open("rb"),
        key=KEY,
        max_record_bytes=99,
    ).files
    assert (result.refusal, result.rows_loaded) == (None, 50_000)


@pytest.mark.parametrize(
    ("source", "row", "field"),
    [
        (
            "village_coverage",
            {"commune_code": "18073", "village": "{}", "operator": "Viettel", "mobile_4g": "có"},
            "village",
        ),
        ("procedures", {"MATTHC": "1.001193", "TENTTHC": "{}"}, "procedure_name"),
        ("agencies", {"MADONVI": "H27.101", "TENDONVI": "{}", "CAPDONVI": "3"}, "agency_name"),
    ],
)
def test_one_text_of_another_encoding_in_json_rejects_its_record(source: str, row: dict[str, Any], field: str) -> None:
    """TCVN3 that a system copied into JSON as Windows letters; Vietnamese and other languages stay."""
    names = ("Tổ dân phố 9", "Tæ d©n phè 9", "Café – Citroën 5 µm", "To dan pho 9")
    rows = [{name: value.format(text) for name, value in row.items()} for text in names]
    found = loaded(all_sources()[source], "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    assert [reason[:3] for reason in found.reasons] == [(2, "wrong_encoding", field)]
    assert len(found.rows) == 3


def test_a_reported_value_under_two_names_is_no_value() -> None:
    """JSON may have the headings of the form: a value under both names, or twice under one, is two values."""
    both = '{"position": "1/2", "value": "1", "SỐ LIỆU": "2"}'
    twice = '{"position": "2/2", "value": "1", "value": "2"}'
    found = loaded(all_sources()["reported_indicators"], f"[{both}, {twice}]".encode(), name="bieu_2026-10-12.json")
    assert [reason[:2] for reason in found.reasons] == [(1, "repeated_key"), (2, "repeated_key")]
