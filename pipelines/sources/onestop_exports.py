"""Dossiers as people export them from the one-stop-shop system: the list of its web page, and its register.

- The list is an HTML table saved as `.xls`, titles above the header, times `DD/MM/YYYY HH:mm:ss`, statuses by name.
  Some versions print a heading "Người tiếp nhận" over rows that have no such cell; the framing puts the cells back.
- The register, `Sổ theo dõi hồ sơ_yyyy_MM_dd_hh_mm.xlsx`, has field names for headings and no status: a dossier with a
  day of return has been returned (10), any other was received (2).

Headings and times were read in github.com/HuanVu201/DichVuCong_KhoaLuan_PASETO. Neither form has a procedure's code;
its name is kept beside the columns that all feeds of dossiers share, and the code is looked up in dbt, where the
catalogue is. The exports have no fees, papers or supplements. Columns about persons are not loaded.

An export counts as of the day in its name, so keep that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.sources.base import Rule, Source
from pipelines.sources.dossier_rows import Fields, dossier_table
from pipelines.sources.fields import Choice, Text, printed_timestamp
from pipelines.sources.tables import TableForm

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


@dataclass(frozen=True)
class _Status(Choice):
    """The status by name or number; the register has no such column, and of it the day of return decides."""

    @property
    def sql(self) -> str:
        return f"case when {self.raw} is not null then {super().sql} when trim(j.NgayTra) <> '' then '10' else '2' end"

    def checks(self) -> Iterator[Rule]:
        yield from super().checks()
        yield Rule("missing_field", self.name, f"trim({self.raw}) = ''")


SOURCE = Source(
    name="onestop_exports",
    title_vi="Danh sách hồ sơ xuất từ hệ thống một cửa",
    title_en="Lists of dossiers exported from the one-stop shop",
    publisher="Trung tâm phục vụ hành chính công tỉnh {province}",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="when someone exports",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    table=dossier_table(
        Fields(
            number="MaHoSo",
            procedure_code="MaTTHC",
            has_procedure_code=False,
            field_code="MaLinhVuc",
            agency_name="DonViTiepNhan",
            times=TIMES,
            status=_Status(
                "TrangThai", "status", meanings={**STATUS_NAMES, **{code: code for code in STATUS_NAMES.values()}}
            ),
            read=printed_timestamp,
        ),
        columns=(Text("TenTTHC", "procedure_name", longest=1000),),
        dropped=("STT", "DiaChi", "NguoiNop", "ChuHoSo", "NguoiTiepNhan", "TrichYeuHoSo", "SoBoHoSo", "SoDienThoai"),
    ),
)
