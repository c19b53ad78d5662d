"""Indicators that agencies report by workbook, since no system delivers them: one row per indicator and area.

The workbook is written by `hatinh template` (pipelines/reporting) and comes back filled. Every row carries what was
asked: codes of indicator, area and agency, the period, its place among the rows ("3/12") and the form itself
(`1-5f3c9a2b/2026-Q3`). So each cell is judged by itself against the registries, a row that was deleted is missed, and a
wrong cell takes no other with it. What the reasons of quarantine mean to the person who filled it is in
pipelines/reasons.py.

A report counts as of the day in the file's name (`…_2026-10-12.xlsx`), else the day it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, ClassVar

from pipelines import periods
from pipelines.json_text import RepeatedKeyError, parse_json
from pipelines.sources import framing, tables
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.fields import BAD_TEXT, Choice, Code, Computed, blank, clean, decimal, is_ambiguous

FIELDS = {
    "STT": "position",
    "Tên chỉ số": "title",
    "Định nghĩa": "definition",
    "Đơn vị tính": "unit",
    "Khoảng cho phép": "range",
    "Địa bàn": "area_name",
    "Cơ quan báo cáo": "agency_name",
    "Kỳ báo cáo": "period",
    "Kỳ trước": "previous",
    "SỐ LIỆU": "value",
    "Tình trạng": "status",
    "Ghi chú": "note",
    "Mã chỉ số": "indicator",
    "Mã địa bàn": "area_code",
    "Mã cơ quan": "agency_code",
    "Mã mẫu": "form",
    "Cần sửa": "fix",  # of a marked copy that was corrected and sent again
}
PRINTED = frozenset({"title", "definition", "unit", "range", "area_name", "agency_name", "previous", "fix"})
"""Text in a row for its reader only; the registries hold it too."""
STATUSES = {"Thực hiện": "observed", "Ước thực hiện": "estimated", "Không áp dụng": "not_applicable"}
"""The words of the drop-down list, and what they mean here."""
CHOICE = " · "
"""Between the code and the name of an agency in the drop-down list."""
FORM = tables.TableForm(
    fields=FIELDS, needed=frozenset({"indicator", "value", "form"}), typed=frozenset({"value"}), keeps_failed=True
)

_UNCALCULATED = "="
"""Stands for the value of a row with a formula that no program has computed: such a cell reads as blank."""
_POSITION = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


_FIELD_BY_HEADING = {tables.heading_key(heading): field for heading, field in FIELDS.items()}


class Reason(StrEnum):
    """What is wrong with a row among the rows of its form."""

    ROW_ALTERED = "row_altered"
    ROW_REPEATED = "row_repeated"
    REPEATED_KEY = "repeated_key"
    ROW_DELETED = "row_deleted"


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[framing.Frames]:
    """The rows of a form as records. What is no row of a form is a reject, and so is each row that is not there.

    Never raises because of what the bytes are. Rows that were deleted get numbers below the last row.
    """
    seen: set[int] = set()
    total = last = 0
    for batch in FORM.frame(stream, max_record_bytes=max_record_bytes):
        row_no: list[int] = []
        texts: list[str] = []
        rejects: list[Any] = list(batch.rejects)
        for number, text in zip(batch.row_no.to_pylist(), batch.text.to_pylist(), strict=True):
            record = _record(text)
            if record is None:
                rejects.append((number, Reason.REPEATED_KEY))
                continue
            place = _POSITION.fullmatch(str(record.get("position") or ""))
            if place is None or int(place[1]) > int(place[2]) or int(place[2]) not in (total or int(place[2]),):
                rejects.append((number, Reason.ROW_ALTERED))
                continue
            if int(place[1]) in seen:
                rejects.append((number, Reason.ROW_REPEATED))
                continue
            seen.add(int(place[1]))
            total = int(place[2])
            if isinstance(agency := record.get("agency_code"), str):
                record["agency_code"] = agency.partition(CHOICE)[0]
            if _UNCALCULATED in record.values():
                record["value"] = _UNCALCULATED
            row_no.append(number)
            texts.append(json.dumps(record, ensure_ascii=False))
        last = max([last, *row_no, *(number for number, *_ in rejects)])
        yield _frames(row_no, texts, sorted(rejects))
    if missing := total - len(seen):
        yield _frames([], [], [(number, Reason.ROW_DELETED) for number in range(last + 1, last + 1 + missing)])


def _record(text: str) -> dict[str, Any] | None:
    """The fields of a row; JSON may have the headings of the form for names. None where a field comes twice."""
    try:
        record = parse_json(text)
    except RepeatedKeyError:
        return None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(record, dict):
        return {}
    fields = {_FIELD_BY_HEADING.get(tables.heading_key(name), str(name)): value for name, value in record.items()}
    return fields if len(fields) == len(record) else None


def _frames(row_no: list[int], texts: list[str], rejects: list[tuple[int, Any]]) -> framing.Frames:
    import pyarrow as pa  # costly, and only needed when there is a file

    return framing.Frames(pa.array(row_no, pa.int64()), pa.array(texts, pa.string()), rejects)


# ------------------------------------------------------------------------------------------------------------ table
def _registered(seed: str, condition: str) -> str:
    """SQL: whether the registry has a row `r` of which a condition holds; the record is `typed`."""
    return f"exists (select 1 from registry('{seed}') as r where {condition})"


def _valid(on: str) -> str:
    """SQL: whether the row `r` holds on a day."""
    return f"{on} between try_cast(r.valid_from as date) and coalesce(try_cast(r.valid_to as date), date '9999-12-31')"


_HAS_VALUE = f"not {blank('value')}"
_ROW = "r.indicator = typed.indicator"
_AGENCY = f"upper(r.agency_code) = typed.agency_code and {_valid('typed.period_end')}"
_AREA = f"r.area_code = typed.area_code and {_valid('typed.period_end')}"
_ASKED = (
    f"{_ROW} and r.form = split_part(typed.form, '/', 1) and {_valid('typed.period_start')} "
    "and r.agency_level = case when length(typed.area_code) = 2 then 'province' else 'commune' end"
)
_RANGE = "coalesce(try_cast(r.valid_min as double), -1e300) and coalesce(try_cast(r.valid_max as double), 1e300)"
# anything by which a person can be reached or identified: the note is published with the figure
_LETTERS_OF_NOTE = "note || ' ' || regexp_replace(note, '[ .-]', '', 'g')"
_CONTACT = r"[^\s@]+@[^\s@]+|[0-9]{9,}|[A-Z][0-9]{2}(\.[0-9]+)*-[0-9]{6,8}-[0-9]+"


@dataclass(frozen=True)
class _Status(Choice):
    """How the value was come by; a value without a status was observed."""

    bad: ClassVar[str] = "unknown_status"

    @property
    def sql(self) -> str:
        return f"coalesce({super().sql}, case when {_HAS_VALUE} then 'observed' end)"


@dataclass(frozen=True)
class _Registered(Code):
    """A code that a registry must have: which one, the rules say."""

    pattern: str = ""

    def checks(self) -> Iterator[Rule]:
        yield from ()


TYPED = (
    _Registered("indicator", in_capitals=False, required=True),
    _Registered("area_code", required=True),
    _Registered("agency_code"),
    Computed("period", "period_type", by=periods.type_sql("j.period"), required=True),
    Computed("value", type="double", by=decimal("j.value")),
    _Status("status", "value_status", meanings={word.lower(): code for word, code in STATUSES.items()}),
    Computed(
        "note",
        by=clean("j.note"),
        holds_words=True,
        more=(Rule("bad_text", "note", f"regexp_matches(j.note, '{BAD_TEXT}')"),),
    ),
    _Registered("form", in_capitals=False, required=True),
)
PERIOD = (
    Column("period_start", "date", periods.first_sql("j.period")),
    Column("period_end", "date", periods.last_sql("j.period")),
)
RULES = (
    # a form may leave the agency open; where nothing was answered, nobody needs to have answered
    Rule("missing_field", "agency_code", "agency_code is null and value_status is not null"),
    Rule("unknown_indicator", "indicator", f"not {_registered('indicators', _ROW)}", "j.indicator"),
    Rule("not_reported", "indicator", f"not {_registered('indicators', f'{_ROW} and r.reported_by is not null')}"),
    Rule("bad_period", "period", "period_start is null", "j.period"),
    Rule(
        "wrong_frequency",
        "period",
        f"not {_registered('indicators', f'{_ROW} and r.frequency = typed.period_type')}",
        "j.period",
    ),
    Rule("other_period", "period", "split_part(form, '/', 2) <> upper(trim(j.period))", "j.period"),
    Rule("period_not_begun", "period", "period_start > extracted_on", "j.period"),
    Rule(
        "unknown_agency",
        "agency_code",
        f"agency_code is not null and not {_registered('agencies', _AGENCY)}",
        "j.agency_code",
    ),
    Rule("unknown_area", "area_code", f"not {_registered('areas', _AREA)}", "j.area_code"),
    Rule(
        "area_of_another",
        "area_code",
        f"agency_code is not null and not {_registered('agencies', f'{_AGENCY} and r.area_code = typed.area_code')}",
        "j.area_code",
    ),
    Rule("old_form", "form", f"not {_registered('report_obligations', _ASKED)}", "j.form"),
    Rule("text_in_number_cell", "value", "j.value like '''%'", "j.value"),
    Rule("ambiguous_number", "value", is_ambiguous("value"), "j.value"),
    Rule("not_a_number", "value", f"{_HAS_VALUE} and not coalesce(isfinite(value), false)", "j.value"),
    Rule("value_not_applicable", "value", f"value_status = 'not_applicable' and {_HAS_VALUE}"),
    Rule("status_without_value", "value", f"value_status in ('observed', 'estimated') and not {_HAS_VALUE}"),
    Rule(
        "fraction_for_percent",
        "value",
        "value > 0 and value <= 1 and not contains(coalesce(note, ''), '%') and "
        + _registered("indicators", f"{_ROW} and r.unit = '%' and try_cast(r.valid_max as double) = 100"),
        "j.value",
    ),
    Rule(
        "out_of_range",
        "value",
        _registered("indicators", f"{_ROW} and not typed.value between {_RANGE}"),
        "j.value",
    ),
    Rule("note_too_long", "note", "length(note) > 500"),
    Rule("contact_in_note", "note", f"regexp_matches({_LETTERS_OF_NOTE}, '{_CONTACT}')"),
)

SOURCE = Source(
    name="reported_indicators",
    title_vi="Chỉ số do cơ quan báo cáo",
    title_en="Indicators reported by agencies",
    publisher="Các cơ quan, đơn vị của tỉnh {province}",
    licence="Reports of state agencies to the province; figures may be published, terms of reuse to be confirmed",
    cadence="quarterly, half-yearly or yearly, by indicator",
    cycle="month",
    first_period="2025-07",
    frame=frame,
    named_after_period=True,
    registries=("indicators", "agencies", "areas", "report_obligations"),
    rows_stand_alone=True,  # a wrong answer goes back to its agency, which then is one that has not reported
    table=Table.of(
        *TYPED,
        identity="indicator",
        dropped=PRINTED,
        first_rules=(Rule("formula_without_value", "value", f"j.value = '{_UNCALCULATED}'"),),
        columns=PERIOD,
        rules=RULES,
        structure={"position": "VARCHAR"},
    ),
)
