"""Petitions about administrative procedures (phản ánh, kiến nghị): when they came, were due and were answered.

The portal publishes counts only (QĐ 766 items 5.2 and 5.3), and no format of single petitions is documented. So this
one is ours: a table (CSV, Excel) or JSON with the columns below, to be exported without text and without persons.
"""

from __future__ import annotations

from pipelines.sources.agencies import AGENCY_CODE
from pipelines.sources.base import Rule, Source, Table
from pipelines.sources.fields import Choice, Code, Due, Flag, Pseudonym, Timestamp, headings
from pipelines.sources.tables import TableForm

KINDS = {"tthc": "TTHC", "staff": "STAFF", "other": "OTHER"}
"""About a procedure, about an official's conduct, about anything else."""
FIELDS = (
    Pseudonym(
        "petition_id",
        kind="petition",
        pattern=".{0,60}[0-9].{0,60}",
        required=True,
        headings=("Mã phản ánh", "Mã PAKN"),
    ),
    Code("agency_code", pattern=AGENCY_CODE, required=True, headings=("Mã đơn vị",)),
    Timestamp("received_at", required=True, headings=("Ngày tiếp nhận",)),
    Due("due_at", after="received_at", headings=("Hạn trả lời",)),
    Timestamp("answered_at", headings=("Ngày trả lời",)),
    Choice("kind", meanings=KINDS, headings=("Phân loại",)),
    Flag("satisfied", "is_satisfied", headings=("Hài lòng",)),
)
FORM = TableForm(fields=headings(FIELDS), needed=frozenset({"petition_id", "agency_code", "received_at"}))

SOURCE = Source(
    name="petitions",
    title_vi="Phản ánh, kiến nghị",
    title_en="Petitions",
    publisher="Trung tâm phục vụ hành chính công tỉnh {province}",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    table=Table.of(
        *FIELDS,
        identity="petition_id",
        dropped=("STT",),
        rules=(Rule("answered_before_received", "answered_at", "answered_at < received_at"),),
    ),
)
