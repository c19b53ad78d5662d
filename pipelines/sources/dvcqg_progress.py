"""Progress of dossiers as the one-stop system reports it to the National Public Service Portal (CapNhatTienDoHoSoMC).

The service takes reports and gives none back, so the bodies that were sent come as files: `{"service": ..., "data":
[report, ...]}`, an array, or one report per line. A report states at what time a dossier reached which step.

Personal data: the dossier number becomes the same pseudonym as in the feeds of dossiers; the official's name and post
and the free text are not loaded at all.
"""

from __future__ import annotations

from pipelines.sources.base import Source, Table
from pipelines.sources.dossier_rows import NUMBER, STATUSES
from pipelines.sources.fields import Choice, Due, Pseudonym, Text, Timestamp, same, timestamp
from pipelines.sources.framing import frame

SOURCE = Source(
    name="dvcqg_progress",
    title_vi="Tiến độ xử lý hồ sơ",
    title_en="Progress of dossiers",
    publisher="Trung tâm phục vụ hành chính công tỉnh {province}; Cổng Dịch vụ công quốc gia",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=Table.of(
        Pseudonym("MaHoSo", "dossier_id", kind="dossier", pattern=NUMBER, required=True),
        Choice("TrangThai", "status", meanings=same(STATUSES), required=True),
        Text("PhongBanXuLy", "department_name", longest=500),
        Timestamp("ThoiDiemXuLy", "handled_at", read=timestamp, required=True),
        Timestamp("NgayBatDau", "started_at", read=timestamp),
        Due("NgayKetThucTheoQuyDinh", "step_due_at", read=timestamp, after="started_at"),
        identity="dossier_id",
        dropped=("NguoiXuLy", "ChucDanh", "NoiDungXuLy"),
    ),
)
