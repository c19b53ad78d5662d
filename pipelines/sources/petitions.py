"""Petitions about administrative procedures (phản ánh, kiến nghị): when they came, were due and were answered.

The portal publishes counts only (QĐ 766 items 5.2 and 5.3), and no format of single petitions is documented. So this
one is ours: a table (CSV, Excel) or JSON with the columns below, to be exported without text and without persons.

| Field        | Heading          | Content                                                             |
|--------------|------------------|---------------------------------------------------------------------|
| petition_id  | Mã phản ánh      | number of the petition; kept as a keyed pseudonym only               |
| agency_code  | Mã đơn vị        | agency that answers                                                  |
| received_at  | Ngày tiếp nhận   | `DD/MM/YYYY HH:mm:ss`, ISO, or a date of Excel                       |
| due_at       | Hạn trả lời      | same; may be blank                                                   |
| answered_at  | Ngày trả lời     | same; blank while open                                               |
| kind         | Phân loại        | TTHC about a procedure, STAFF about an official's conduct, OTHER      |
| satisfied    | Hài lòng         | 1 satisfied, 0 not; blank while not asked                            |
"""

from __future__ import annotations

from pipelines.sources import province
from pipelines.sources.base import Column, Rule, Source, Table, is_true
from pipelines.sources.tables import TableForm, printed_timestamp

KINDS = ("TTHC", "STAFF", "OTHER")
FIELDS = {
    "Mã phản ánh": "petition_id",
    "Mã PAKN": "petition_id",
    "Mã đơn vị": "agency_code",
    "Ngày tiếp nhận": "received_at",
    "Hạn trả lời": "due_at",
    "Ngày trả lời": "answered_at",
    "Phân loại": "kind",
    "Hài lòng": "satisfied",
}
TIMES = ("received_at", "due_at", "answered_at")
FORM = TableForm(fields=FIELDS, needed=frozenset({"petition_id", "agency_code", "received_at"}))


def _blank(field: str) -> str:
    return f"coalesce(trim(j.{field}), '') = ''"


SOURCE = Source(
    name="petitions",
    title_vi="Phản ánh, kiến nghị",
    title_en="Petitions",
    publisher=f"Trung tâm phục vụ hành chính công tỉnh {province.NAME}",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    table=Table(
        structure=dict.fromkeys(dict.fromkeys(FIELDS.values()), "VARCHAR"),
        columns=(
            Column("petition_id", "uuid", "pseudonym('petition', trim(j.petition_id))"),
            Column("agency_code", "varchar", "trim(j.agency_code)"),
            *(Column(name, "timestamp", printed_timestamp(f"j.{name}")) for name in TIMES),
            Column("kind", "varchar", "upper(nullif(trim(j.kind), ''))"),
            Column("is_satisfied", "boolean", f"case when not {_blank('satisfied')} then {is_true('j.satisfied')} end"),
        ),
        rules=(
            *(Rule("missing_field", field, _blank(field)) for field in ("petition_id", "agency_code", "received_at")),
            Rule("bad_code", "agency_code", "not regexp_matches(agency_code, '^[0-9A-Za-z.]{2,50}$')", "j.agency_code"),
            *(Rule("bad_date", name, f"{name} is null and not {_blank(name)}", f"j.{name}") for name in TIMES),
            *(
                Rule(
                    "date_out_of_range",
                    name,
                    f"{name} < timestamp '2000-01-01' or cast({name} as date) > extracted_on + 1",
                    f"j.{name}",
                )
                for name in ("received_at", "answered_at")
            ),
            Rule("answered_before_received", "answered_at", "answered_at < received_at"),
            Rule("unknown_code", "kind", f"coalesce(kind, 'OTHER') not in {KINDS}", "j.kind"),
            Rule(
                "unknown_code",
                "satisfied",
                "lower(coalesce(trim(j.satisfied), '')) not in ('', '0', '1', 'true', 'false')",
                "j.satisfied",
            ),
        ),
        identity="petition_id",
        dropped=frozenset({"STT"}),
    ),
)
