"""Dossiers as people export them from the one-stop-shop system: the list of its web page, and its register.

- The list is an HTML table saved as `.xls`, titles above the header, times `DD/MM/YYYY HH:mm:ss`, statuses by name.
  Some versions print a heading "Người tiếp nhận" over rows that have no such cell; the framing puts the cells back.
- The register, `Sổ theo dõi hồ sơ_yyyy_MM_dd_hh_mm.xlsx`, has field names for headings and no status: a dossier with a
  day of return has been returned (10), any other was received (2).

Headings and times were read in github.com/HuanVu201/DichVuCong_KhoaLuan_PASETO. Neither form has a procedure's code;
its name is kept beside the columns that all feeds of dossiers share, and the code is looked up in dbt, where the
catalogue is. Of fees, papers and supplements the exports tell nothing. Columns about persons are not loaded.

An export counts as of the day in its name, so keep that name.
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.sources import province
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.dossier_rows import Coded, Fields, dossier_table
from pipelines.sources.tables import TableForm, printed_timestamp

STATUS_NAMES = {
    "mới đăng ký": "1",
    "được tiếp nhận": "2",
    "đã tiếp nhận": "2",
    "không được tiếp nhận": "3",
    "đang xử lý": "4",
    "yêu cầu bổ sung giấy tờ": "5",
    "yêu cầu thực hiện nghĩa vụ tài chính": "6",
    "công dân yêu cầu rút hồ sơ": "7",
    "dừng xử lý": "8",
    "đã xử lý xong": "9",
    "đã trả kết quả": "10",
}
"""Status by the name of the portal's list; a number is taken as it is."""

FORM = TableForm(
    fields={
        "Mã hồ sơ": "MaHoSo",
        "Đơn vị tiếp nhận": "DonViTiepNhan",
        "Tên thủ tục hành chính": "TenTTHC",
        "Trạng thái": "TrangThai",
        "Ngày nộp hồ sơ": "NgayNopHoSo",
        "Ngày nhận": "NgayTiepNhan",
        "Ngày hẹn trả": "NgayHenTra",
        "Ngày kết thúc xử lý": "NgayKetThucXuLy",
        "Ngày trả": "NgayTra",
        "Địa chỉ": "DiaChi",
        "Người nộp": "NguoiNop",
        "Chủ hồ sơ": "ChuHoSo",
        "Người tiếp nhận": "NguoiTiepNhan",
        "Trích yếu hồ sơ": "TrichYeuHoSo",
        "Số bộ hồ sơ": "SoBoHoSo",
        "SĐT": "SoDienThoai",
    },
    needed=frozenset({"MaHoSo", "NgayTiepNhan", "NgayHenTra"}),
    omitted="NguoiTiepNhan",
)
TIMES = {
    "NgayNopHoSo": "submitted_at",
    "NgayTiepNhan": "received_at",
    "NgayHenTra": "due_at",
    "NgayKetThucXuLy": "finished_at",
    "NgayTra": "returned_at",
}
STATUS = Coded("TrangThai", {**STATUS_NAMES, **{code: code for code in STATUS_NAMES.values()}})


def _table() -> Table:
    """The table of all feeds of dossiers, less what the exports do not have: code of the procedure, status."""
    shared = dossier_table(
        Fields(
            number="MaHoSo",
            procedure_code="MaTTHC",
            field_code="MaLinhVuc",
            agency_name="DonViTiepNhan",
            times=TIMES,
            status=STATUS,
            time=printed_timestamp,
        ),
        dropped=("STT", "DiaChi", "NguoiNop", "ChuHoSo", "NguoiTiepNhan", "TrichYeuHoSo", "SoBoHoSo", "SoDienThoai"),
        structure={"TenTTHC": "VARCHAR"},
    )
    status = f"case when j.TrangThai is not null then {STATUS.sql} when trim(j.NgayTra) <> '' then '10' else '2' end"
    name = "nullif(left(regexp_replace(nfc_normalize(trim(j.TenTTHC)), '\\s+', ' ', 'g'), 1000), '')"
    may_be_missing = ("MaTTHC", "TrangThai")
    return replace(
        shared,
        columns=(
            *(replace(column, sql=status) if column.name == "status" else column for column in shared.columns),
            Column("procedure_name", "varchar", name),
        ),
        rules=(
            *(rule for rule in shared.rules if rule.reason != "missing_field" or rule.field not in may_be_missing),
            Rule("missing_field", "TrangThai", "trim(j.TrangThai) = ''"),
        ),
    )


SOURCE = Source(
    name="onestop_exports",
    title_vi="Danh sách hồ sơ xuất từ hệ thống một cửa",
    title_en="Lists of dossiers exported from the one-stop shop",
    publisher=f"Trung tâm phục vụ hành chính công tỉnh {province.NAME}",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="when someone exports",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    table=_table(),
)
