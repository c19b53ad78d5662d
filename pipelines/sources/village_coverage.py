"""Coverage by village as operators report it: signal of each generation and fibre - yes, no, or not known.

No common form is known; ours is a table (CSV, Excel) with the headings below, one row a village and operator; those of
an operator's own form are rows of the registry `operator_headings`. A blank
cell, a missing column and "không rõ" all mean unknown: only a stated no is a no. A file counts as of the day in its
name, which may name the operator too, where the table does not (`viettel-thon-2026-09-30.xlsx`): keep that name. One
that comes again under its name replaces the first, so reports of parts need names of their own.

| Field                      | Heading                          | Content                                        |
|----------------------------|----------------------------------|------------------------------------------------|
| operator                   | Nhà mạng                         | name; may be in the file's name instead        |
| commune_code               | Mã xã                            | code on the report's day; or the name          |
| commune_name               | Xã, phường                       | name, with or without its kind                 |
| village                    | Thôn, tổ dân phố                 | name, unique within the commune                |
| g2, g3, g4, g5             | 2G, 3G, 4G, 5G                   | có, không, không rõ, blank; x, 1, 0            |
| fibre                      | Cáp quang                        | same                                           |
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.operators import (
    COMMUNE,
    FramedWithName,
    commune,
    headings,
    is_no_statement,
    operator,
    text,
    yes_no,
)
from pipelines.sources.tables import TableForm

SERVICES = {"g2": "has_2g", "g3": "has_3g", "g4": "has_4g", "g5": "has_5g", "fibre": "has_fibre"}
OURS = {
    **COMMUNE,
    "Nhà mạng": "operator",
    "Doanh nghiệp": "operator",
    "Thôn, tổ dân phố": "village",
    "Thôn/tổ dân phố": "village",
    "Tên thôn": "village",
    "Thôn": "village",
    "2G": "g2",
    "3G": "g3",
    "4G": "g4",
    "5G": "g5",
    "Sóng 2G": "g2",
    "Sóng 3G": "g3",
    "Sóng 4G": "g4",
    "Sóng 5G": "g5",
    "Cáp quang": "fibre",
    "Internet cáp quang": "fibre",
    "FTTH": "fibre",
}
THEIRS, DROPPED = headings("village_coverage", OURS)
FORM = TableForm(
    fields={**OURS, **THEIRS},
    needed=frozenset({"village"}),
    one_of=(frozenset({"commune_code", "commune_name"}), frozenset(SERVICES)),
)
_OPERATOR, _OPERATOR_RULES = operator()
_COMMUNE, _COMMUNE_RULES = commune()

SOURCE = Source(
    name="village_coverage",
    title_vi="Phủ sóng theo thôn, tổ dân phố",
    title_en="Coverage by village",
    publisher="Telecom operators of the province, through Sở Khoa học và Công nghệ",
    licence="Internal; counts by commune may be published",
    cadence="quarterly",
    cycle="quarter",
    first_period="2025-Q3",
    frame=FramedWithName(FORM),
    frames_by_name=True,
    subject=str,  # the name itself
    dated_by_name=True,
    registries=("operator_headings",),
    table=Table(
        structure=dict.fromkeys(("file_name", *dict.fromkeys(FORM.fields.values())), "VARCHAR"),
        columns=(
            _OPERATOR,
            *_COMMUNE,
            Column("village", "varchar", f"left({text('village')}, 200)"),
            *(Column(name, "boolean", yes_no(field)) for field, name in SERVICES.items()),
        ),
        rules=(
            *_OPERATOR_RULES,
            *_COMMUNE_RULES,
            Rule("missing_field", "commune_name", "commune_code is null and commune_name is null"),
            Rule("missing_field", "village", "village is null"),
            *(Rule("unknown_code", field, is_no_statement(field), f"j.{field}") for field in SERVICES),
        ),
        identity="village",
        free_texts=("commune_name", "village"),
        dropped=DROPPED | {"STT", "TT", "Ghi chú"},
    ),
)
