"""What the load does with real bytes: every rule, both date formats, duplicates, odd files, and no person anywhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.sources import framing
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.dossiers import SOURCE
from pipelines.sources.province import Box, Province
from pipelines.warehouse.connection import SCHEMA, get_state
from pipelines.warehouse.load import FileLoad, load

KEY = bytes(range(32))
NOW = datetime(2026, 12, 1, tzinfo=UTC)
Record = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class File:
    """A landed file in memory."""

    content: bytes
    name: str = "hoso-2026-03-31.ndjson"
    extracted_on: date = date(2026, 3, 31)
    partition: str = "2026-03"
    landed_at: datetime = NOW
    synthetic: bool = False

    @property
    def path(self) -> str:
        return f"dossiers/{self.partition}/{self.name}"

    @property
    def bytes(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


ONE_THREAD = {"threads": 1}
"""Each thread would compile every pattern of the rules."""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config=ONE_THREAD) as opened:
        opened.execute(SCHEMA)
        yield opened


def ndjson(*records: Any) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def loaded(connection: duckdb.DuckDBPyConnection, *files: File) -> tuple[FileLoad, ...]:
    """Make these files the only active ones."""
    report = load(connection, SOURCE, files, lambda file: io.BytesIO(file.content), key=KEY, max_record_bytes=1 << 16)  # type: ignore[attr-defined]
    return report.files


def quarantine(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("select row_no, reason, field from raw.quarantine order by row_no").fetchall()


# One way to break each rule of the source, in the form of its format.
BREAKS: dict[tuple[str, str], dict[str, Any]] = {
    ("wrong_shape", "TaiLieuNop"): {"TaiLieuNop": "không có"},
    ("wrong_shape", "DanhSachLePhi"): {"DanhSachLePhi": {"Gia": "1"}},
    ("wrong_shape", "DanhSachHoSoBoSung"): {"DanhSachHoSoBoSung": 0},
    ("wrong_shape", "DanhSachGiayToKetQua"): {"DanhSachGiayToKetQua": True},
    ("wrong_shape", "DSKetNoiCSDL"): {"DSKetNoiCSDL": "7"},
    **{("wrong_shape", field): {field: value} for field, value in
       (("MaHoSo", ["H27.101-260302-0001"]), ("MaTTHC", {"code": "1.000001"}), ("MaLinhVuc", True))},
    ("missing_field", "MaHoSo"): {"MaHoSo": " "},
    ("bad_number", "MaHoSo"): {"MaHoSo": "Nguyễn Văn Mẫu 0900"},
    ("missing_field", "MaTTHC"): {"MaTTHC": None},
    ("missing_field", "TrangThaiHoSo"): {"TrangThaiHoSo": ""},
    ("unknown_code", "TrangThaiHoSo"): {"TrangThaiHoSo": "11"},
    ("unknown_code", "KenhThucHien"): {"KenhThucHien": "4"},
    ("unknown_code", "LoaiDoiTuong"): {"LoaiDoiTuong": "Công dân"},
    ("unknown_code", "DuocThanhToanTrucTuyen"): {"DuocThanhToanTrucTuyen": "4"},
    ("unknown_code", "HoSoCoThanhPhanSoHoa"): {"HoSoCoThanhPhanSoHoa": "có"},
    ("unknown_code", "TaiKhoanDuocXacThucVoiVNeID"): {"TaiKhoanDuocXacThucVoiVNeID": "2"},
    **{("bad_date", field): {field: "20260230080000"} for field in
       ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "NgayTuChoi")},
    **{("date_out_of_range", field): {field: "20260402000000"} for field in
       ("NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTra", "NgayTuChoi")},
    ("missing_field", "NgayTiepNhan"): {"NgayTiepNhan": ""},
    ("bad_date", "DanhSachHoSoBoSung"): {
        "DanhSachHoSoBoSung": [{"NgayBoSung": "20260303080000"}, {"NgayTiepNhanBoSung": "hôm qua"}]
    },
    ("bad_amount", "DanhSachLePhi"): {"DanhSachLePhi": [{"Gia": "5000"}, {"Gia": "5.000 đ"}]},
    ("date_out_of_range", "DanhSachHoSoBoSung"): {"DanhSachHoSoBoSung": [{"NgayBoSung": "20990303080000"}]},
    ("bad_code", "MaTTHC"): {"MaTTHC": "Đăng ký khai sinh"},
    ("bad_code", "MaLinhVuc"): {"MaLinhVuc": "000123456789"},
    ("date_out_of_range", "NgayHenTra"): {"NgayHenTra": "22060310170000"},
    ("due_before_receipt", "NgayHenTra"): {"NgayHenTra": "20260101170000"},
    **{("error_cell", field): {field: "#N/A"} for field in
       ("MaHoSo", "MaTTHC", "MaLinhVuc", "DonViXuLy", "TrangThaiHoSo", "KenhThucHien", "LoaiDoiTuong",
        "DuocThanhToanTrucTuyen", "HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID", "NgayNopHoSo", "NgayTiepNhan",
        "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "NgayTuChoi")},
}  # fmt: skip


def test_every_rule_names_its_reason_field_and_row(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    assert set(BREAKS) == {(rule.reason, rule.field) for rule in SOURCE.table.rules}, "a rule without a case"
    good = [record(n) for n in range(1, 3)]
    broken = [record(100 + n, **changes) for n, changes in enumerate(BREAKS.values())]
    (result,) = loaded(connection, File(ndjson(good[0], *broken, good[1])))
    assert quarantine(connection) == [(row, *names) for row, names in enumerate(BREAKS, start=2)]
    assert (result.rows_in, result.rows_loaded, result.refusal) == (len(BREAKS) + 2, 2, None)
    assert ("bad_number: MaHoSo", 1) in result.reasons


def test_quarantine_keeps_the_shape_of_a_value_only(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    loaded(
        connection,
        File(ndjson(record(MaHoSo="Nguyễn Văn Mẫu 0900"), record(NgayTra="31/03/2026 08:00, điện thoại 0900000001"))),
    )
    shapes = connection.execute("select shape from raw.quarantine order by row_no").fetchall()
    assert shapes == [("aaaaaa aaa aaa 9999",), ("99/99/9999 99:99, aaaa a",)]


@pytest.mark.parametrize(
    "line",
    [b'{"MaHoSo": ', b"[1, 2]", b'"text"', b"17", b"null", b"\xff\xfe", b'{"MaHoSo": "\\ud800"}', b"{}", b"[" * 5000],
)
def test_a_line_that_is_no_record_costs_itself_only(
    connection: duckdb.DuckDBPyConnection, record: Record, line: bytes
) -> None:
    (result,) = loaded(connection, File(ndjson(record(1)) + line + b"\n" + ndjson(record(2))))
    assert (result.rows_in, result.rows_loaded, result.rows_quarantined) == (3, 2, 1)
    assert [row for row, _, _ in quarantine(connection)] == [2]


def test_dates_of_both_formats_and_numbers_for_strings(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    (result,) = loaded(
        connection,
        File(
            ndjson(
                record(1, NgayTiepNhan="20260302080000", TrangThaiHoSo="9"),
                record(2, NgayTiepNhan="2026-03-02 08:00:00", TrangThaiHoSo=9, KenhThucHien=2),
                record(3, NgayTiepNhan=" 2026-03-02T08:00:00 ", HoSoCoThanhPhanSoHoa=True),
                record(4, NgayTiepNhan=20260302080000, HoSoCoThanhPhanSoHoa="1"),
            )
        ),
    )
    assert result.reasons == ()
    assert connection.execute("select distinct received_at, status, channel from raw.dossiers").fetchall() == [
        (datetime(2026, 3, 2, 8), "9", "2")
    ]
    flags = connection.execute("select has_digitised_component from raw.dossiers order by version").fetchall()
    assert flags == [(None,), (None,), (True,), (True,)]


def test_a_day_of_grace_and_statuses_without_receipt(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    """Extracts of an evening hold the first minutes of the next day; what was never received has no time of it."""
    unreceived = [record(n, NgayTiepNhan="", TrangThaiHoSo=status) for n, status in enumerate(("1", "3", "7"), 2)]
    (result,) = loaded(connection, File(ndjson(record(1, NgayTiepNhan="20260401235959", NgayHenTra=""), *unreceived)))
    assert result.reasons == ()


def test_the_same_bytes_again_are_a_duplicate_and_another_version_is_not(
    connection: duckdb.DuckDBPyConnection, record: Record
) -> None:
    open_, ended = record(1, TrangThaiHoSo="4", NgayKetThucXuLy=""), record(1)
    (result,) = loaded(connection, File(ndjson(open_, ended, open_, record(2), open_)))
    assert quarantine(connection) == [(3, "duplicate_record", None), (5, "duplicate_record", None)]
    assert (result.rows_loaded, result.reasons) == (3, (("duplicate_record", 2),))
    latest = "select arg_max(status, version) from raw.dossiers group by dossier_id order by all"
    assert connection.execute(latest).fetchall() == [("9",), ("9",)]


def test_unexpected_fields_are_reported_and_not_loaded(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    (result,) = loaded(
        connection,
        File(ndjson(record(1, MaDinhDanhMoi="1", ChuHoSo="Người Mẫu", **{"Nguyễn Văn Mẫu": 1, "0900000001": 1}))),
    )
    assert result.unexpected_fields == (
        "MaDinhDanhMoi",
    )  # a known personal field, and what may be a value, are not reported
    assert result.rows_loaded == 1


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"[]", "the file is empty"),
        (
            "Họ tên;Số điện thoại\nNgười Mẫu;0900000001\n".encode(),
            "no record of dossiers in it (2 rows, first reason invalid_json)",
        ),
        (
            b'{"indicator": "GRDP", "value": 7.5}\n',
            "no record of dossiers in it (1 rows, first reason missing_field: MaHoSo)",
        ),
    ],
    ids=["empty", "blank", "byte order mark", "empty gzip", "empty array", "foreign CSV", "another feed"],
)  # fmt: skip
def test_a_file_without_a_record_is_refused(
    connection: duckdb.DuckDBPyConnection, content: bytes, refusal: str
) -> None:
    (result,) = loaded(connection, File(content))
    assert (result.refusal, result.rows_loaded) == (refusal, 0)
    assert connection.execute("select status, refusal, rows_loaded from raw.files").fetchall() == [
        ("refused", refusal, 0)
    ]


@pytest.mark.parametrize("changed", ["registry", "rule", "column"])
def test_files_are_read_again_when_their_rules_or_registries_have_changed(
    changed: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    province = Province("Hà Tĩnh", Box(105, 17, 107, 19), tmp_path)
    codes = tmp_path / "codes.csv"
    codes.write_text("code\nA\n")
    known = f"not exists (select 1 from read_csv('{codes}', header = true) as r where r.code = j.code)"
    table = Table(
        {"code": "VARCHAR"}, (Column("code", "varchar", "j.code"),), (Rule("unknown", "code", known),), "code"
    )
    source = replace(SOURCE, name="codes", frame=framing.frame, table=table, registries=("codes",), province=province)
    files = [File(b'{"code": "A"}\n{"code": "B"}\n', f"f-{day}.ndjson", date(2026, 3, day)) for day in (1, 2)]

    def counts(source: Source) -> tuple[int, int, int, int]:
        report = load(connection, source, files, lambda file: io.BytesIO(file.content), key=KEY, max_record_bytes=99)  # type: ignore[attr-defined]
        booked = connection.execute("select count(*), sum(rows_in), sum(rows_loaded) from raw.files").fetchone()
        assert booked
        assert booked[:2] == (2, 4), "a file is booked once, however often it is read"
        return len(report.files), report.reread, len(report.removed), int(booked[2])

    assert counts(source) == (2, 0, 0, 2)
    assert counts(source) == (0, 0, 0, 2), "the same again is not read"
    if changed == "registry":
        codes.write_text("code\nA\nB\n")
    elif changed == "rule":
        source = replace(source, table=replace(table, rules=()))
    else:
        columns = (*table.columns, Column("length", "integer", "length(j.code)"))
        source = replace(source, table=replace(table, columns=columns, rules=()))
    assert counts(source) == (2, 2, 0, 4)
    assert get_state(connection, "rebuild_because") == "the files of codes are read under other rules now"
    assert counts(source) == (0, 0, 0, 4)


def test_a_file_that_cannot_be_opened_is_refused_and_the_next_one_is_loaded(
    connection: duckdb.DuckDBPyConnection, record: Record
) -> None:
    def open_file(file: Any) -> io.BytesIO:
        if file.name == "gone.ndjson":
            raise FileNotFoundError(2, "No such file or directory", f"/private/{file.name}")
        return io.BytesIO(file.content)

    files = [File(b"x", name="gone.ndjson"), File(ndjson(record()))]
    report = load(connection, SOURCE, files, open_file, key=KEY, max_record_bytes=1 << 16)
    assert [file.refusal for file in report.files] == ["the file cannot be read (No such file or directory)", None]
    assert report.rows_loaded == 1


def test_arrays_bodies_and_gzip_are_the_same_feed(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    records = [record(1), record(2)]
    array = json.dumps(records, indent=1).encode()
    body = json.dumps({"data": records}).encode()
    results = loaded(connection, File(ndjson(*records)), File(array), File(body), File(gzip.compress(array)))
    assert [(r.rows_loaded, r.rows_quarantined) for r in results] == [(2, 0)] * 4
    assert connection.execute("select count(distinct dossier_id), count(*) from raw.dossiers").fetchone() == (2, 8)


# What must never be found in the warehouse; each is long and odd enough not to be there by chance.
PERSONAL = {
    "ChuHoSo": "Nguyễn Thị Người Mẫu",
    "SoGiayToChuHoSo": "000000000042",
    "SoDienThoai": "0900000042",
    "Email": "nguoi.mau@example.invalid",
    "TrichYeuHoSo": "Đăng ký khai sinh cho cháu Trần Bé Mẫu",
    "GhiChu": "Gọi cho bà Mẫu trước khi đến",
    "TaiLieuNop": [
        {"TenTepDinhKem": "giay-khai-sinh-be-mau.pdf", "DuongDanTaiTepTin": "https://example.invalid/be-mau"}
    ],
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "000000000042"}],
    "DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí của ông Mẫu", "Gia": "8000"}],
    "DanhSachHoSoBoSung": [
        {
            "NguoiYeuCauBoSung": "Lê Cán Bộ Mẫu",
            "NoiDungBoSung": "thiếu căn cước 000000000042",
            "NgayBoSung": "20260303080000",
            "TrangThaiBoSung": "bà Mẫu chưa nộp",
        }
    ],
    "DSKetNoiCSDL": [{"MaCSDL": "của bà Trần Mẫu"}],
    "DonViXuLy": "Nguyễn Văn Mẫu Ba",
    "DanhSachGiayToKetQua": [{"TenGiayTo": "Giấy khai sinh Trần Bé Mẫu", "DuongDanTepTinKetQua": "be-mau-ket-qua.pdf"}],
}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif len(value) > 8:
        yield value


SECRETS = sorted({*texts(PERSONAL), "H27.101-260302-0001", "H27.101-260302-0002"})


def everything(connection: duckdb.DuckDBPyConnection) -> str:
    """All that stands in any table, as text."""
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal"
    ).fetchall()
    return "\n".join(str(connection.execute(f"from {table}").fetchall()) for (table,) in tables)


def test_an_element_that_is_no_request_is_no_supplement(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    (result,) = loaded(connection, File(ndjson(record(1), record(2, DanhSachHoSoBoSung=["x", None]))))
    assert result.reasons == (("wrong_shape: DanhSachHoSoBoSung", 1),)


def test_the_provinces_suffix_of_a_procedure_is_removed(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    loaded(connection, File(ndjson(record(1, MaTTHC="1.001193.000.00.00.H27"))))
    assert connection.execute("select procedure_code from raw.dossiers").fetchall() == [("1.001193",)]


def test_no_personal_data_reach_the_warehouse(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    broken = [record(1, **PERSONAL, **changes) for changes in BREAKS.values() if not set(changes) & set(PERSONAL)]
    (result,) = loaded(connection, File(ndjson(record(1, **PERSONAL), record(2, **PERSONAL), *broken)))
    assert (result.rows_loaded, result.rows_quarantined) == (2, len(broken))
    dump = everything(connection) + repr(result)
    assert "H27.101" in dump  # the dump does show what is there
    assert [secret for secret in SECRETS if secret in dump] == []


FIELDS = {"MaTTHC": "9.000001", "TrangThaiHoSo": "9", "NgayTiepNhan": "20260302080000", **PERSONAL}
SMALL = ndjson({"MaHoSo": "H27.101-260302-0001", **FIELDS}, {"MaHoSo": "H27.101-260302-0002", **FIELDS})
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.none()))),
    st.dictionaries(st.sampled_from(["Gia", "NgayBoSung", "x"]), st.text(max_size=5)),
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A small valid file after some accidents: other values, other bytes, lines lost, doubled or cut, gzip or not."""
    records = [json.loads(line) for line in SMALL.splitlines()]
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.sampled_from(records))
        row[draw(st.sampled_from(sorted(SOURCE.table.known_fields)))] = draw(ODD)
    lines = draw(st.lists(st.sampled_from(ndjson(*records).splitlines(keepends=True)), max_size=5))
    content = bytearray(b"".join(lines))
    for _ in range(draw(st.integers(0, 4))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    whole = bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    return gzip.compress(whole, mtime=0) if draw(st.booleans()) else whole


def account_for_every_row(content: bytes) -> None:
    with duckdb.connect(config=ONE_THREAD) as connection:
        connection.execute(SCHEMA)
        (result,) = loaded(connection, File(content))
        (rows,) = connection.execute("select count(*) from raw.dossiers").fetchone() or ()
        assert result.rows_in == rows + len(quarantine(connection))
        assert result.rows_loaded == rows
        assert (result.refusal is not None) == (rows == 0)
        dump = everything(connection) + repr(result)
        assert [secret for secret in SECRETS if secret in dump] == []


@given(content=mangled())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_of_a_mangled_file_is_accounted_for(content: bytes) -> None:
    account_for_every_row(content)


@pytest.mark.slow
@given(content=mangled())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_of_many_mangled_files_is_accounted_for(content: bytes) -> None:
    account_for_every_row(content)
