"""Coverage by village as operators report it: signal of each generation and fibre - yes, no, or not known.

No common form is known; ours is a table (CSV, Excel) with the headings below, one row per village and operator; those
of an operator's own form are rows of the registry `operator_headings`. A blank
cell, a missing column and "không rõ" all mean unknown: only a stated no is a no. A file counts as of the day in its
name, which may name the operator too, where the table does not (`viettel-thon-2026-09-30.xlsx`): keep that name. One
that comes again under its name replaces the first, so reports of parts need names of their own.
"""

from __future__ import annotations

from pipelines.sources.base import Rule, Source, Table
from pipelines.sources.fields import Computed, Text, headings
from pipelines.sources.operators import COMMUNE_CODE, COMMUNE_NAME, Operator, OperatorForm, Statement

SERVICES = (
    Statement("g2", "has_2g", headings=("2G", "Sóng 2G")),
    Statement("g3", "has_3g", headings=("3G", "Sóng 3G")),
    Statement("g4", "has_4g", headings=("4G", "Sóng 4G")),
    Statement("g5", "has_5g", headings=("5G", "Sóng 5G")),
    Statement("fibre", "has_fibre", headings=("Cáp quang", "Internet cáp quang", "FTTH")),
)
FIELDS = (
    Computed("file_name"),
    Operator("operator", headings=("Nhà mạng", "Doanh nghiệp")),
    COMMUNE_CODE,
    COMMUNE_NAME,
    Text(
        "village",
        is_member=True,
        required=True,
        headings=("Thôn, tổ dân phố", "Thôn/tổ dân phố", "Tên thôn", "Thôn"),
    ),
    *SERVICES,
)
FORM = OperatorForm(
    "village_coverage",
    headings(FIELDS),
    needed=frozenset({"village"}),
    one_of=(frozenset({"commune_code", "commune_name"}), frozenset(service.name for service in SERVICES)),
)

SOURCE = Source(
    name="village_coverage",
    title_vi="Phủ sóng theo thôn, tổ dân phố",
    title_en="Coverage by village",
    publisher="Telecom operators of the province, through Sở Khoa học và Công nghệ",
    licence="Internal; counts by commune may be published",
    cadence="quarterly",
    cycle="quarter",
    first_period="2025-Q3",
    frame=FORM.frame,
    frames_by_name=True,
    frames_by_province=True,
    subject=str,  # the name itself
    dated_by_name=True,
    registries=("operator_headings",),
    known_headings=FORM.dropped,
    table=Table.of(
        *FIELDS,
        identity="village",
        dropped=("STT", "TT", "Ghi chú"),
        first_rules=(Rule("missing_field", "commune_name", "commune_code is null and commune_name is null"),),
    ),
)
