"""Progress of dossiers as the one-stop system reports it to the National Public Service Portal (CapNhatTienDoHoSoMC).

The service takes reports and gives none back, so the bodies that were sent come as files: `{"service": ..., "data":
[report, ...]}`, an array, or one report a line. A report says at what time a dossier reached which step.

Personal data: the dossier number becomes the same pseudonym as in the feeds of dossiers; the official's name and post
and the free text are not loaded at all.
"""

from __future__ import annotations

from pipelines.sources import province
from pipelines.sources.base import Column, Rule, Source, Table, timestamp
from pipelines.sources.dossier_rows import NUMBER, STATUSES, Coded, blank
from pipelines.sources.framing import frame

STATUS = Coded.same("TrangThai", STATUSES)
TIMES = {"ThoiDiemXuLy": "handled_at", "NgayBatDau": "started_at", "NgayKetThucTheoQuyDinh": "step_due_at"}

SOURCE = Source(
    name="dvcqg_progress",
    title_vi="Tiến độ xử lý hồ sơ",
    title_en="Progress of dossiers",
    publisher=f"Trung tâm phục vụ hành chính công tỉnh {province.NAME}; Cổng Dịch vụ công quốc gia",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=Table(
        structure=dict.fromkeys(("MaHoSo", "PhongBanXuLy", STATUS.field, *TIMES), "VARCHAR"),
        columns=(
            Column("dossier_id", "uuid", "pseudonym('dossier', trim(j.MaHoSo))"),
            Column("status", "varchar", STATUS.sql),
            Column("department_name", "varchar", "left(nfc_normalize(trim(j.PhongBanXuLy)), 200)"),
            *(Column(name, "timestamp", timestamp(f"j.{field}")) for field, name in TIMES.items()),
        ),
        rules=(
            Rule("missing_field", "MaHoSo", blank("MaHoSo")),
            Rule("bad_number", "MaHoSo", f"not regexp_matches(trim(j.MaHoSo), '{NUMBER}')", "j.MaHoSo"),
            Rule("missing_field", STATUS.field, blank(STATUS.field)),
            STATUS.rule,
            *(
                Rule("bad_date", field, f"{name} is null and not {blank(field)}", f"j.{field}")
                for field, name in TIMES.items()
            ),
            Rule("missing_field", "ThoiDiemXuLy", "handled_at is null"),
            Rule(
                "date_out_of_range",
                "ThoiDiemXuLy",
                "handled_at < timestamp '2000-01-01' or cast(handled_at as date) > extracted_on + 1",
                "j.ThoiDiemXuLy",
            ),
        ),
        identity="dossier_id",
        dropped=frozenset({"NguoiXuLy", "ChucDanh", "NoiDungXuLy"}),
    ),
)
