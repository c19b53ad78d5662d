"""i-Speed of VNNIC (speedtest.vn): monthly speeds of fixed and mobile access by commune and operator, as published.

No public interface and no layout of files was found; provinces have accounts of the portal. So this is a table (CSV,
Excel) copied from it, with the headings below. VNNIC rates a commune from 300 samples a month on: with fewer, the
values are not rated and the marts keep them out. Months before the communes of today are set aside. Of two tables that
tell a month, the one of the later day in its name counts.

| Field            | Heading                               | Content                                               |
|------------------|---------------------------------------|-------------------------------------------------------|
| period           | Kỳ, Tháng                             | 07/2026, 2026-07, Tháng 7/2026; blank: the file's     |
| commune_code     | Mã xã                                 | or the name                                           |
| commune_name     | Xã, phường                            |                                                       |
| operator         | Nhà mạng                              | blank: all operators together                         |
| network          | Loại mạng                             | cố định, di động                                      |
| download, upload | Tải xuống (Mbps), Tải lên (Mbps)      | median                                                |
| ping             | Ping (ms)                             |                                                       |
| samples          | Số mẫu                                |                                                       |
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.operators import COMMUNE, OPERATORS, coded, commune, count, is_blank, number, text
from pipelines.sources.tables import TableForm

NETWORKS = {"cố định": "fixed", "fixed": "fixed", "di động": "mobile", "mobile": "mobile", "4g/5g": "mobile"}
FIRST_MONTH = "2025-07-01"
"""The communes of today begin with it. A median of an earlier commune cannot be carried to the one that it became."""
ALL = {"tất cả": "all", "all": "all", "chung": "all"}
SPEEDS = {"download": "download_mbps", "upload": "upload_mbps", "ping": "latency_ms"}
FORM = TableForm(
    fields={
        **COMMUNE,
        "Kỳ": "period",
        "Tháng": "period",
        "Nhà mạng": "operator",
        "Loại mạng": "network",
        "Tải xuống (Mbps)": "download",
        "Download (Mbps)": "download",
        "Tải lên (Mbps)": "upload",
        "Upload (Mbps)": "upload",
        "Ping (ms)": "ping",
        "Số mẫu": "samples",
    },
    needed=frozenset({"network", "download", "samples"}),
)
_COMMUNE, _COMMUNE_RULES = commune()
_OPERATOR = coded(text("operator"), {**OPERATORS, **ALL})
# the whole cell: a quarter or a span of months is no month. Excel makes the first day of it out of a month typed in.
_MONTH = (
    f"try_strptime(regexp_replace(lower({text('period')}), "
    "'^(?:(?:tháng|t) ?)?([0-9]{1,2}) ?(?:[/.-]|năm) ?(20[0-9]{2})$', '\\1/\\2'), "
    "['%m/%Y', '%Y-%m', '%Y-%m-01', '%Y-%m-01 00:00:00'])"
)

SOURCE = Source(
    name="ispeed",
    title_vi="Tốc độ Internet i-Speed theo xã",
    title_en="Internet speed by commune (i-Speed)",
    publisher="Trung tâm Internet Việt Nam (VNNIC)",
    licence="Published by VNNIC; terms of reuse to be confirmed with the publisher",
    cadence="monthly",
    cycle="month",
    first_period="2025-07",
    frame=FORM.frame,
    dated_by_name=True,  # of two tables of a month the one of the later day counts
    table=Table(
        structure=dict.fromkeys(dict.fromkeys(FORM.fields.values()), "VARCHAR"),
        columns=(
            *_COMMUNE,
            Column(
                "month",
                "date",
                f"case when {is_blank('period')} then cast(date_trunc('month', extracted_on) as date) "
                f"else cast({_MONTH} as date) end",
            ),
            Column("operator", "varchar", f"case when {is_blank('operator')} then 'all' else {_OPERATOR} end"),
            Column("network", "varchar", coded(text("network"), NETWORKS)),
            *(Column(name, "double", number(field)) for field, name in SPEEDS.items()),
            Column("samples", "bigint", count("samples")),
        ),
        rules=(
            *_COMMUNE_RULES,
            Rule("missing_field", "commune_name", "commune_code is null and commune_name is null"),
            Rule("bad_date", "period", "month is null", "j.period"),
            Rule("date_out_of_range", "period", f"month < date '{FIRST_MONTH}' or month > extracted_on", "j.period"),
            Rule("unknown_code", "operator", "operator is null", "j.operator"),
            Rule("unknown_code", "network", "network is null", "j.network"),
            Rule("missing_field", "samples", is_blank("samples")),
            Rule("bad_number", "samples", "samples is null", "j.samples"),
            *(
                Rule("bad_number", field, f"{name} is null and not {is_blank(field)}", f"j.{field}")
                for field, name in SPEEDS.items()
            ),
            *(
                Rule("out_of_range", field, f"{name} <= 0 or {name} > 20000", f"j.{field}")
                for field, name in SPEEDS.items()
            ),
        ),
        identity="month",
        dropped=frozenset({"STT", "TT"}),
    ),
)
