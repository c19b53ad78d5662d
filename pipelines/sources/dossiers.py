"""Dossiers of administrative procedures, in the exchange format of the National Public Service Portal (HoSoDongBoDVC).

Files of JSON: an array, a body `{"data": [...]}`, or one object per line; plain or gzip. Every value is a JSON string;
dates are `yyyyMMddHHmmss` in Vietnam time, newer feeds write `yyyy-MM-dd HH:mm:ss`. Codes: status 1 to 10, channel
1 in person, 2 online, 3 post.

Personal data: the dossier number becomes a keyed pseudonym; name, identity number, address, phone, mail, free text,
file names and links are not loaded at all. Of nested lists only the flags, times, amounts and codes that measures ask
for are kept.
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source
from pipelines.sources.dossier_rows import CHANNELS, STATUSES, TYPES, Fields, dossier_table, short_code
from pipelines.sources.fields import Choice, holds_no_object, is_out_of_range, is_true, same, timestamp, whole
from pipelines.sources.framing import frame

FIELDS = Fields(
    number="MaHoSo",
    procedure_code="MaTTHC",
    field_code="MaLinhVuc",
    agency_name="DonViXuLy",
    times={
        "NgayNopHoSo": "submitted_at",
        "NgayTiepNhan": "received_at",
        "NgayHenTra": "due_at",
        "NgayKetThucXuLy": "finished_at",
        "NgayTra": "returned_at",
        "NgayTuChoi": "refused_at",
    },
    status=Choice("TrangThaiHoSo", "status", meanings=same(STATUSES), required=True),
    codes=(
        Choice("KenhThucHien", "channel", meanings=same(CHANNELS)),
        Choice("LoaiDoiTuong", "applicant_type", meanings=same("1234")),
        Choice("DuocThanhToanTrucTuyen", "payment_code", meanings=same("0123")),
    ),
    flags={"HoSoCoThanhPhanSoHoa": "has_digitised_component", "TaiKhoanDuocXacThucVoiVNeID": "is_vneid_verified"},
)
LISTS = {
    "TaiLieuNop": ("DuongDanTaiTepTin", "TepDinhKemId", "IsDeleted", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG"),
    "DanhSachLePhi": ("HinhThucThu", "Gia"),
    "DanhSachHoSoBoSung": ("NgayBoSung", "NgayTiepNhanBoSung", "TrangThaiBoSung"),
    "DanhSachGiayToKetQua": ("DuongDanTepTinKetQua", "GiayToId"),
    "DSKetNoiCSDL": ("MaCSDL",),
}

# Known fields that are not kept: personal, free text, or without use for a measure.
DROPPED = frozenset(
    {
        "TenTTHC",
        "TenLinhVuc",
        "SoGiayToChuHoSo",
        "ChuHoSo",
        "MaDoiTuong",
        "ThongTinKhac",
        "Email",
        "Fax",
        "SoDienThoai",
        "TrichYeuHoSo",
        "ThongTinTra",
        "HinhThuc",
        "GhiChu",
        "NoiNopHoSo",
        "DinhDanhCHS",
        "DanhSachTepDinhKemKhac",
    }
)


def _each(field: str, struct: str) -> str:
    """SQL of a nested list, its elements `e` reduced to `struct`; an absent list is an empty one."""
    return f"coalesce(list_transform(j.{field}, lambda e: {{{struct}}}), [])"


NESTED = {
    "papers": (
        "coalesce(list_transform("
        f"list_filter(j.TaiLieuNop, lambda e: not ({is_true('e.IsDeleted')})), lambda e: {{"
        "has_file: coalesce(e.DuongDanTaiTepTin, '') <> '' or coalesce(e.TepDinhKemId, '') <> '', "
        f"is_digitised: {is_true('e.DuocSoHoa')}, is_reused: {is_true('e.DuocTaiSuDung')}, "
        f"is_from_personal_store: {is_true('e.DuocLayTuKhoDMQG')}}}), [])"
    ),
    "fees": _each(
        "DanhSachLePhi",
        f"collected_when: {short_code('e.HinhThucThu')}, amount_vnd: {whole('e.Gia')}",
    ),
    "supplements": _each(
        "DanhSachHoSoBoSung",
        f"requested_at: {timestamp('e.NgayBoSung')}, received_at: {timestamp('e.NgayTiepNhanBoSung')}, "
        f"status: {short_code('e.TrangThaiBoSung')}",
    ),
    "results": _each("DanhSachGiayToKetQua", "has_file: coalesce(e.DuongDanTepTinKetQua, '') <> ''"),
    "databases": f"coalesce(list_transform(j.DSKetNoiCSDL, lambda e: {short_code('e.MaCSDL')}), [])",
}

TABLE = dossier_table(
    FIELDS,
    dropped=DROPPED,
    lists=[Column(name, TYPES[name], sql) for name, sql in NESTED.items()],
    structure={field: [dict.fromkeys(keys, "VARCHAR")] for field, keys in LISTS.items()},
    first_rules=[
        Rule("wrong_shape", field, f"j.{field} is null and coalesce(json_type(text, '$.{field}'), 'NULL') <> 'NULL'")
        for field in LISTS
    ]
    + [Rule("wrong_shape", field, holds_no_object(field, keys)) for field, keys in LISTS.items()],
    last_rules=[
        Rule(
            "bad_date",
            "DanhSachHoSoBoSung",
            "len(list_filter(j.DanhSachHoSoBoSung, lambda e, n: "
            "(coalesce(trim(e.NgayBoSung), '') <> '' and supplements[n].requested_at is null) or "
            "(coalesce(trim(e.NgayTiepNhanBoSung), '') <> '' and supplements[n].received_at is null))) > 0",
        ),
        Rule(
            "wrong_shape",
            "DanhSachHoSoBoSung",
            "len(list_filter(j.DanhSachHoSoBoSung, lambda e: e is null "
            "or coalesce(e.NgayBoSung, e.NgayTiepNhanBoSung, e.TrangThaiBoSung) is null)) > 0",
        ),
        Rule(
            "date_out_of_range",
            "DanhSachHoSoBoSung",
            "len(list_filter(supplements, lambda s: "
            f"{is_out_of_range('s.requested_at')} or {is_out_of_range('s.received_at')})) > 0",
        ),
        Rule(
            "bad_amount",
            "DanhSachLePhi",
            "len(list_filter(j.DanhSachLePhi, lambda e, n: coalesce(trim(e.Gia), '') <> '' "
            "and coalesce(fees[n].amount_vnd not between 0 and 10**12, true))) > 0",
        ),
    ],
)
"""Dossiers in the exchange format, whatever way they came."""

SOURCE = Source(
    name="dossiers",
    title_vi="Hồ sơ thủ tục hành chính",
    title_en="Dossiers of administrative procedures",
    publisher="Trung tâm phục vụ hành chính công tỉnh {province}; Cổng Dịch vụ công quốc gia",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=TABLE,
)
