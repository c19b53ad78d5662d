"""Tables of published figures that people bring: one row per figure, with the day on which it was published.

The same columns as the registry `published_figures`, as CSV, an Excel workbook or JSON. A row is quarantined when it
cannot be meant as written: an indicator that the registry does not know, another unit than the registry's, a share
typed as 0.85. What can be meant but is not to be believed at once (a jump, a value beyond its bounds) is loaded, and
held for review in dbt. Indicators and units are read from the registry `indicators` when the file is loaded.

| Field        | Heading              | Content                                                       |
|--------------|----------------------|---------------------------------------------------------------|
| indicator    | Mã chỉ số            | identifier of the registry                                     |
| area_code    | Mã đơn vị hành chính | VN, 2 digits of a province, 5 of a commune                     |
| period_type  | Loại kỳ              | year, half, quarter, month, day; năm, 6 tháng, quý, tháng, ngày  |
| period_start | Ngày đầu kỳ          | first day of the period; of a year the year is enough           |
| value        | Giá trị              | 1.234,5 or 1,234.5 or 12,87 %, or a mark of a missing value     |
| unit         | Đơn vị tính          | as in the registry                                             |
| obs_status   | Tình trạng số liệu   | observed, also when blank; sơ bộ, ước tính; suppressed, missing  |
| published_on | Ngày công bố         | `DD/MM/YYYY`, ISO, or a date of Excel                           |
| source       | Nguồn                | who published it, spelt as before                              |
| document     | Văn bản              | where it was read                                              |
| page         | Trang                | may be blank                                                   |
| grade        | Mức bằng chứng       | A, A-copy, B, C, K                                             |
| note         | Ghi chú              | may be blank                                                   |

Marks: `-` the thing does not occur, `..` or `…` not available, `.` not applicable. Vintages are compared within one
source, so a source spelt in two ways is two sources.
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.fields import is_no_text
from pipelines.sources.tables import TableForm, printed_number, printed_timestamp

FIELDS = {
    "Mã chỉ số": "indicator",
    "Mã đơn vị hành chính": "area_code",
    "Loại kỳ": "period_type",
    "Ngày đầu kỳ": "period_start",
    "Giá trị": "value",
    "Đơn vị tính": "unit",
    "Tình trạng số liệu": "obs_status",
    "Ngày công bố": "published_on",
    "Nguồn": "source",
    "Văn bản": "document",
    "Trang": "page",
    "Mức bằng chứng": "grade",
    "Ghi chú": "note",
}
NEEDED = ("indicator", "area_code", "period_type", "period_start", "unit", "published_on", "source", "grade")
TEXTS = ("source", "document", "page", "note")
FORM = TableForm(fields=FIELDS, needed=frozenset({"indicator", "value", "published_on"}))

PERIODS = {
    "năm": "year",
    "nửa năm": "half",
    "6 tháng": "half",
    "quý": "quarter",
    "tháng": "month",
    "ngày": "day",
    **{code: code for code in ("year", "half", "quarter", "month", "day")},
}
STATUSES = {
    "sơ bộ": "preliminary",
    "sơ bộ - prel.": "preliminary",
    "prel.": "preliminary",
    "ước tính": "estimated",
    "ước tính - est.": "estimated",
    "ước": "estimated",
    **{code: code for code in ("observed", "preliminary", "estimated", "suppressed", "missing")},
}
MISSING = {"-": "nil", "–": "nil", ".": "not_applicable", "..": "not_available", "…": "not_available"} | {
    "...": "not_available"
}
GRADES = ("A", "A-copy", "B", "C", "K")
FIRST_MONTHS = {"year": (1,), "half": (1, 7), "quarter": (1, 4, 7, 10)}


def _text(field: str) -> str:
    return f"nullif(regexp_replace(trim(j.{field}), '\\s+', ' ', 'g'), '')"


def _coded(field: str, codes: dict[str, str]) -> str:
    cases = " ".join(f"when '{name}' then '{code}'" for name, code in codes.items())
    return f"case lower({_text(field)}) {cases} end"


def _first_day() -> str:
    """Of a year, its number is enough."""
    year = f"case when {_coded('period_type', PERIODS)} = 'year' then try_strptime(trim(j.period_start), '%Y') end"
    return f"cast(coalesce({printed_timestamp('j.period_start')}, {year}) as date)"


def _registered_unit() -> str:
    return "(select any_value(r.unit) from registry('indicators') as r where r.indicator = trim(j.indicator))"


def _is_no_area() -> str:
    """A code that no unit has ever had: communes of other provinces are not registered either."""
    known = (f"select r.area_code from registry('{registry}') as r" for registry in ("areas", "provinces"))
    return f"area_code not in ({' union all '.join(known)})"


_IS_MARK = f"trim(coalesce(j.value, '')) in ({', '.join(repr(mark) for mark in MISSING)})"
_NO_VALUE = f"({_IS_MARK} or coalesce(trim(j.value), '') = '')"
_NOT_FIRST = " or ".join(
    [
        *(
            f"(period_type = '{kind}' and (day(period_start) <> 1 or month(period_start) not in "
            f"({', '.join(map(str, months))})))"
            for kind, months in FIRST_MONTHS.items()
        ),
        "(period_type = 'month' and day(period_start) <> 1)",
    ]
)

SOURCE = Source(
    name="published_tables",
    title_vi="Bảng số liệu thống kê đã công bố",
    title_en="Tables of published statistics",
    publisher="Nêu ở từng dòng",
    licence="Published figures, each with its publisher; terms of reuse are that publisher's",
    cadence="when something is published",
    cycle="year",
    first_period="2020",
    frame=FORM.frame,
    named_after_period=True,
    rows_stand_alone=True,
    registries=("indicators", "areas", "provinces"),
    table=Table(
        structure=dict.fromkeys(FIELDS.values(), "VARCHAR"),
        columns=(
            Column("indicator", "varchar", "trim(j.indicator)"),
            Column("registered_unit", "varchar", _registered_unit()),
            Column("area_code", "varchar", "upper(trim(j.area_code))"),
            Column("period_type", "varchar", _coded("period_type", PERIODS)),
            Column("period_start", "date", _first_day()),
            Column("value", "double", f"case when not {_NO_VALUE} then {printed_number('j.value')} end"),
            Column("unit", "varchar", _text("unit")),
            Column(
                "obs_status",
                "varchar",
                f"case when {_text('obs_status')} is not null then {_coded('obs_status', STATUSES)} "
                f"when {_IS_MARK} then 'missing' else 'observed' end",
            ),
            Column(
                "missing_kind",
                "varchar",
                f"case when {_IS_MARK} then {_coded('value', MISSING)} when {_NO_VALUE} then 'unknown' end",
            ),
            Column("published_on", "date", f"cast({printed_timestamp('j.published_on')} as date)"),
            Column("source", "varchar", _text("source")),
            Column("document", "varchar", _text("document")),
            Column("page", "varchar", _text("page")),
            Column("grade", "varchar", _text("grade")),
            Column("note", "varchar", _text("note")),
        ),
        rules=(
            *(Rule("missing_field", field, f"coalesce(trim(j.{field}), '') = ''") for field in NEEDED),
            *(Rule("wrong_shape", field, is_no_text(field)) for field in TEXTS),
            Rule("unknown_code", "indicator", "registered_unit is null", "j.indicator"),
            Rule("bad_code", "area_code", "not regexp_matches(area_code, '^(VN|[0-9]{2}|[0-9]{5})$')", "j.area_code"),
            Rule("unknown_code", "area_code", _is_no_area(), "j.area_code"),
            Rule("unknown_code", "period_type", "period_type is null", "j.period_type"),
            Rule("bad_date", "period_start", "period_start is null", "j.period_start"),
            Rule("bad_period", "period_start", _NOT_FIRST, "j.period_start"),
            Rule("bad_date", "published_on", "published_on is null", "j.published_on"),
            Rule(
                "date_out_of_range",
                "published_on",
                # a plan may be published before its year, not years before it; nothing is published tomorrow
                "published_on > extracted_on + 1 or published_on < period_start - 366 "
                "or period_start < date '1990-01-01'",
                "j.published_on",
            ),
            Rule("unknown_code", "obs_status", "obs_status is null", "j.obs_status"),
            Rule("unknown_code", "grade", f"grade not in {GRADES}", "j.grade"),
            Rule("missing_field", "value", f"{_NO_VALUE} and obs_status not in ('missing', 'suppressed')"),
            Rule("value_though_missing", "value", f"not {_NO_VALUE} and obs_status in ('missing', 'suppressed')"),
            # text with a group of three digits behind one mark is thousands in one country and decimals in the other;
            # a number cell, which arrives as a JSON number, has one reading
            Rule(
                "ambiguous_number",
                "value",
                "unit <> '%' and regexp_matches(trim(j.value), '^[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}$') "
                "and json_type(text, '$.value') = 'VARCHAR'",
                "j.value",
            ),
            Rule("not_a_number", "value", f"value is null and not {_NO_VALUE}", "j.value"),
            Rule("wrong_unit", "unit", "lower(unit) <> lower(registered_unit)", "j.unit"),
            # 0.85 in a cell that Excel shows as 85 %: who means less than one per cent writes the sign
            Rule(
                "fraction_for_percent",
                "value",
                "registered_unit = '%' and value <> 0 and abs(value) <= 1 and not contains(j.value, '%')",
                "j.value",
            ),
        ),
        identity="indicator",
        dropped=frozenset({"STT"}),
        free_texts=TEXTS,
        texts=TEXTS,
    ),
)
