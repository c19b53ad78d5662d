"""Dossiers of administrative procedures, in the exchange format of the National Public Service Portal (HoSoDongBoDVC).

Files of JSON: an array, a body `{"data": [...]}`, or one object a line; plain or gzip. Every value is a JSON string;
dates are `yyyyMMddHHmmss` in Vietnam time, newer feeds write `yyyy-MM-dd HH:mm:ss`. Codes: status 1 to 10, channel
1 in person, 2 online, 3 post.

Personal data: the dossier number becomes a keyed pseudonym; name, identity number, address, phone, mail, free text, file
names and links are not loaded at all. Of nested lists only the flags, times, amounts and codes that measures ask for are
kept.
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source, Table, is_true, timestamp
from pipelines.sources.framing import frame

STATUSES = tuple(str(code) for code in range(1, 11))
CHANNELS = ("1", "2", "3")
TIMES = {
    "NgayNopHoSo": "submitted_at",
    "NgayTiepNhan": "received_at",
    "NgayHenTra": "due_at",
    "NgayKetThucXuLy": "finished_at",
    "NgayTra": "returned_at",
    "NgayTuChoi": "refused_at",
}
FLAGS = ("", "0", "1", "true", "false")
CODES = {
    "TrangThaiHoSo": STATUSES,
    "KenhThucHien": ("", *CHANNELS),
    "LoaiDoiTuong": ("", "1", "2", "3", "4"),
    "DuocThanhToanTrucTuyen": ("", "0", "1", "2", "3"),
    "HoSoCoThanhPhanSoHoa": FLAGS,
    "TaiKhoanDuocXacThucVoiVNeID": FLAGS,
}
LISTS = {
    "TaiLieuNop": ("DuongDanTaiTepTin", "TepDinhKemId", "IsDeleted", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG"),
    "DanhSachLePhi": ("HinhThucThu", "Gia"),
    "DanhSachHoSoBoSung": ("NgayBoSung", "NgayTiepNhanBoSung", "TrangThaiBoSung"),
    "DanhSachGiayToKetQua": ("DuongDanTepTinKetQua", "GiayToId"),
    "DSKetNoiCSDL": ("MaCSDL",),
}
TEXTS = ("MaHoSo", "MaTTHC", "MaLinhVuc", "DonViXuLy", *CODES, *TIMES)

# Known fields that are not kept: personal, free text, or without use for a measure.
DROPPED = frozenset(
    "TenTTHC TenLinhVuc SoGiayToChuHoSo ChuHoSo MaDoiTuong ThongTinKhac Email Fax SoDienThoai TrichYeuHoSo ThongTinTra "
    "HinhThuc GhiChu NoiNopHoSo DinhDanhCHS DanhSachTepDinhKemKhac".split()
)

# `{agency}-{yyMMdd or yyyyMMdd}-{sequence}`
NUMBER = r"^[0-9A-Za-z.]{2,30}-([0-9]{6}|[0-9]{8})-[0-9]{1,10}$"


def _blank(field: str) -> str:
    return f"coalesce(trim(j.{field}), '') = ''"


def _code(field: str) -> str:
    return f"nullif(trim(j.{field}), '')"


def _flag(field: str) -> str:
    return f"case when not {_blank(field)} then {is_true(f'j.{field}')} end"


def _one_of(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _each(field: str, struct: str) -> str:
    """SQL of a nested list, its elements `e` reduced to `struct`; an absent list is an empty one."""
    return f"coalesce(list_transform(j.{field}, lambda e: {{{struct}}}), [])"


COLUMNS = (
    Column("dossier_id", "uuid", "pseudonym('dossier', trim(j.MaHoSo))"),
    Column("agency_code", "varchar", "regexp_extract(trim(j.MaHoSo), '^(.+)-[0-9]+-[0-9]+$', 1)"),
    Column("agency_name", "varchar", "left(nfc_normalize(trim(j.DonViXuLy)), 200)"),
    Column("procedure_code", "varchar", _code("MaTTHC")),
    Column("field_code", "varchar", "coalesce(trim(j.MaLinhVuc), '')"),
    Column("channel", "varchar", _code("KenhThucHien")),
    Column("applicant_type", "varchar", _code("LoaiDoiTuong")),
    Column("status", "varchar", _code("TrangThaiHoSo")),
    *(Column(name, "timestamp", timestamp(f"j.{field}")) for field, name in TIMES.items()),
    Column("payment_code", "varchar", _code("DuocThanhToanTrucTuyen")),
    Column("has_digitised_component", "boolean", _flag("HoSoCoThanhPhanSoHoa")),
    Column("is_vneid_verified", "boolean", _flag("TaiKhoanDuocXacThucVoiVNeID")),
    Column(
        "papers",
        "struct(has_file boolean, is_digitised boolean, is_reused boolean, is_from_personal_store boolean)[]",
        "coalesce(list_transform("
        f"list_filter(j.TaiLieuNop, lambda e: not ({is_true('e.IsDeleted')})), lambda e: {{"
        "has_file: coalesce(e.DuongDanTaiTepTin, '') <> '' or coalesce(e.TepDinhKemId, '') <> '', "
        f"is_digitised: {is_true('e.DuocSoHoa')}, is_reused: {is_true('e.DuocTaiSuDung')}, "
        f"is_from_personal_store: {is_true('e.DuocLayTuKhoDMQG')}}}), [])",
    ),
    Column(
        "fees",
        "struct(collected_when varchar, amount_vnd bigint)[]",
        _each("DanhSachLePhi", "collected_when: e.HinhThucThu, amount_vnd: try_cast(nullif(trim(e.Gia), '') as bigint)"),
    ),
    Column(
        "supplements",
        "struct(requested_at timestamp, received_at timestamp, status varchar)[]",
        _each(
            "DanhSachHoSoBoSung",
            f"requested_at: {timestamp('e.NgayBoSung')}, received_at: {timestamp('e.NgayTiepNhanBoSung')}, "
            "status: e.TrangThaiBoSung",
        ),
    ),
    Column(
        "results",
        "struct(has_file boolean)[]",
        _each("DanhSachGiayToKetQua", "has_file: coalesce(e.DuongDanTepTinKetQua, '') <> ''"),
    ),
    Column("databases", "varchar[]", "coalesce(list_transform(j.DSKetNoiCSDL, lambda e: e.MaCSDL), [])"),
)

RULES = (
    *(
        Rule("wrong_shape", field, f"j.{field} is null and coalesce(json_type(text, '$.{field}'), 'NULL') <> 'NULL'")
        for field in LISTS
    ),
    Rule("missing_field", "MaHoSo", _blank("MaHoSo")),
    Rule("bad_number", "MaHoSo", f"not regexp_matches(trim(j.MaHoSo), '{NUMBER}')", "j.MaHoSo"),
    Rule("missing_field", "MaTTHC", _blank("MaTTHC")),
    Rule("missing_field", "TrangThaiHoSo", _blank("TrangThaiHoSo")),
    *(
        Rule("unknown_code", field, f"lower(coalesce(trim(j.{field}), '')) not in ({_one_of(codes)})", f"j.{field}")
        for field, codes in CODES.items()
    ),
    *(Rule("bad_date", field, f"{name} is null and not {_blank(field)}", f"j.{field}") for field, name in TIMES.items()),
    *(
        Rule(
            "date_out_of_range",
            field,
            f"{name} < timestamp '2000-01-01' or cast({name} as date) > extracted_on + 1",
            f"j.{field}",
        )
        for field, name in TIMES.items()
        if name != "due_at"
    ),
    Rule("missing_field", "NgayTiepNhan", "received_at is null and status not in ('1', '3', '7')"),
    Rule(
        "bad_date",
        "DanhSachHoSoBoSung",
        "len(list_filter(j.DanhSachHoSoBoSung, lambda e: "
        f"(coalesce(trim(e.NgayBoSung), '') <> '' and {timestamp('e.NgayBoSung')} is null) or "
        f"(coalesce(trim(e.NgayTiepNhanBoSung), '') <> '' and {timestamp('e.NgayTiepNhanBoSung')} is null))) > 0",
    ),
    Rule(
        "bad_amount",
        "DanhSachLePhi",
        "len(list_filter(j.DanhSachLePhi, lambda e: "
        "coalesce(trim(e.Gia), '') <> '' and try_cast(trim(e.Gia) as bigint) is null)) > 0",
    ),
)

SOURCE = Source(
    name="dossiers",
    title_vi="Hồ sơ thủ tục hành chính",
    title_en="Dossiers of administrative procedures",
    publisher="Trung tâm phục vụ hành chính công tỉnh Hà Tĩnh; Cổng Dịch vụ công quốc gia",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=Table(
        structure={
            **dict.fromkeys(TEXTS, "VARCHAR"),
            **{field: [dict.fromkeys(keys, "VARCHAR")] for field, keys in LISTS.items()},
        },
        columns=COLUMNS,
        rules=RULES,
        identity="dossier_id",
        dropped=DROPPED,
    ),
)
