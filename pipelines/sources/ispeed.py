"""i-Speed of VNNIC (speedtest.vn): monthly speeds of fixed and mobile access by commune and operator, as published.

No public interface and no layout of files was found; provinces have accounts of the portal. So this is a table (CSV,
Excel) copied from it, with the headings below. VNNIC rates a commune from 300 samples a month on: with fewer, the
values are not rated and the marts keep them out. Months before the current communes are set aside. Of two tables for
one month, the one of the later day in its name counts.
"""

from __future__ import annotations

from pipelines.sources.base import Rule, Source, Table
from pipelines.sources.fields import Choice, Computed, Number, Whole, clean, headings
from pipelines.sources.operators import COMMUNE_CODE, COMMUNE_NAME, OPERATORS
from pipelines.sources.tables import TableForm

NETWORKS = {"cố định": "fixed", "fixed": "fixed", "di động": "mobile", "mobile": "mobile", "4g/5g": "mobile"}
FIRST_MONTH = "2025-07-01"
"""The current communes begin with it. A median of an earlier commune cannot be carried to the one that it became."""
ALL = {"tất cả": "all", "all": "all", "chung": "all"}
# the complete cell: a quarter or a span of months is no month. Excel makes the first day of it out of a month typed in.
_MONTH = (
    f"try_strptime(regexp_replace(lower({clean('j.period')}), "
    "'^(?:(?:tháng|t) ?)?([0-9]{1,2}) ?(?:[/.-]|năm) ?(20[0-9]{2})$', '\\1/\\2'), "
    "['%m/%Y', '%Y-%m', '%Y-%m-01', '%Y-%m-01 00:00:00'])"
)
FIELDS = (
    COMMUNE_CODE,
    COMMUNE_NAME,
    Computed(
        "period",
        "month",
        type="date",
        by=f"case when j.period is null then cast(date_trunc('month', extracted_on) as date) "
        f"else cast({_MONTH} as date) end",
        more=(
            # a table without the column is of the month of its day; one with it has a month in each row
            Rule("missing_field", "period", "trim(j.period) = ''"),
            Rule("bad_date", "period", "month is null", "j.period"),
            Rule("date_out_of_range", "period", f"month < date '{FIRST_MONTH}' or month > extracted_on", "j.period"),
        ),
        headings=("Kỳ", "Tháng"),
    ),
    Choice("operator", meanings={**OPERATORS, **ALL}, blank_means="all", headings=("Nhà mạng",)),
    Choice("network", meanings=NETWORKS, required=True, headings=("Loại mạng",)),
    Number("download", "download_mbps", above=0, maximum=20_000, headings=("Tải xuống (Mbps)", "Download (Mbps)")),
    Number("upload", "upload_mbps", above=0, maximum=20_000, headings=("Tải lên (Mbps)", "Upload (Mbps)")),
    Number("ping", "latency_ms", above=0, maximum=20_000, headings=("Ping (ms)",)),
    Whole("samples", required=True, headings=("Số mẫu",)),
)
FORM = TableForm(fields=headings(FIELDS), needed=frozenset({"network", "download", "samples"}))

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
    table=Table.of(
        *FIELDS,
        identity="month",
        dropped=("STT", "TT"),
        first_rules=(Rule("missing_field", "commune_name", "commune_code is null and commune_name is null"),),
    ),
)
