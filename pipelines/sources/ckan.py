"""Tables of an open-data portal that runs CKAN, by `datastore_search`: page by page, one answer per page.

Address: the portal's base URL. Credentials: `resources`, the identifiers of the tables that are asked, separated by
semicolons, and `token` where the portal requires one. No portal of the province was found yet, and none is set: set one
when it is found. A portal keeps to a largest page without saying so (32,000 rows by default), so pages follow one
another by the rows that came, until `offset` reaches `total`. (Protocol as in CKAN's own source, github.com/ckan/ckan.)

What a column is shows in its name and type: one names the period (with a quarter or month beside the year), one the
place, one the unit. A column called value holds the figures, and all others are dimensions of the series, numbers too.
Without one, every column of numbers holds figures of its own, but for codes and classes (_CLASS). A column of numbers
that was misread shows as conflicting figures, which are rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from pipelines.language import later, tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.interface import MAX_PAGES, Interface
from pipelines.sources.statistic_rows import (
    TABLE,
    NoAnswerError,
    Reason,
    Record,
    answer,
    consistent,
    each,
    framed,
    label,
    read_json,
    record,
    words,
)
from pipelines.sources.tables import heading_key

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

NAME = "ckan"
PATH = "api/3/action/datastore_search"
PERIODS = ("kỳ", "ky", "năm", "nam", "year", "period", "thời gian", "thoi_gian", "thoigian", "time_period")
QUARTERS = ("quý", "quy", "quarter")
MONTHS = ("tháng", "thang", "month")
PLACES = ("địa phương", "dia_phuong", "diaphuong", "tỉnh", "tinh", "xã", "xa", "area", "area_name", "ten_dvhc")
UNITS = ("đơn vị tính", "don_vi_tinh", "donvitinh", "đơn vị", "don_vi", "unit", "dvt")
VALUES = ("giá trị", "gia_tri", "giatri", "số liệu", "so_lieu", "value", "obs_value")
FLAGS = ("obs_status", "obs_flag")
NUMBERS = frozenset(
    {"int", "int4", "int8", "integer", "bigint", "numeric", "float", "float8", "float4", "double precision"}
)
_CLASS = re.compile(
    r"((mã|ma|code|id|stt|số thứ tự|nhóm|nhom|group|cấp|cap|level|loại|loai|type|giới|gioi|sex|tuổi|tuoi|age)([ _].*)?)"
    r"|.*[ _](code|id|no|group|type|level)"
)
"""Names of columns of numbers that are codes or classes, never figures."""
MOVED = later(
    "Look the table up on the portal and set its identifier in `resources` of this source in HATINH_CREDENTIALS_FILE."
)


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every page of every table; a table that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    return each(words(interface.option("resources")), lambda resource: _pages(interface, resource))


def _pages(interface: Interface, resource: str) -> Iterator[Fetched]:
    token = interface.ask.credentials.get("token")
    headers = {"authorization": token} if token else {}
    limit, offset = interface.number("page_size", 10_000), 0
    for _ in range(MAX_PAGES):
        what = f"{resource} from row {offset}"
        params: Mapping[str, str | int] = {"resource_id": resource, "limit": limit, "offset": offset, "sort": "_id"}
        response, document = answer(interface, what, "GET", PATH, moved=tr(MOVED), params=params, headers=headers)
        try:
            result = _result(document)
        except NoAnswerError as error:
            raise interface.failed(
                what, tr("the answer is no page of a table: {error}. {moved}", error=error, moved=tr(MOVED))
            ) from None
        rows, total = result["records"], result.get("total")
        if not isinstance(total, int):
            raise interface.failed(what, tr('the answer has no "total": the portal has changed, or is no CKAN.'))
        if rows:
            yield interface.fetched(f"{resource}-row-{offset:09d}.json", response.content, PATH, response)
        offset += len(rows)
        if offset >= total:
            return
        if not rows:
            raise interface.failed(
                what, tr("the page is empty, though {total:,} rows are announced. Pull again later.", total=total)
            )
    raise interface.failed(
        resource, tr("there is no end after {max_pages:,} pages: raise page_size.", max_pages=MAX_PAGES)
    )


# ------------------------------------------------------------------------------------------------------------ framing
def _result(document: Any) -> Mapping[str, Any]:
    """What a page holds.

    Raises:
        NoAnswerError: it is none, or reports an error.
    """
    if not isinstance(document, dict) or "success" not in document:
        raise NoAnswerError(tr("it is another kind of JSON"))
    result = document.get("result")
    if document["success"] is not True or not isinstance(result, dict):
        raise NoAnswerError(tr("it reports no success"))
    if not isinstance(result.get("records"), list) or not isinstance(result.get("fields"), list):
        raise NoAnswerError(tr("it has no records and fields"))
    return result


class _Columns:
    """What the columns of a table are.

    Raises:
        NoAnswerError: none of them is a period, or none has figures.
    """

    def __init__(self, fields: Sequence[Any]) -> None:
        named = [f for f in fields if isinstance(f, dict) and isinstance(f.get("id"), str) and f["id"] != "_id"]
        types = {field["id"]: str(field.get("type", "")).lower() for field in named}
        by_key = {heading_key(label(name)): name for name in types}

        def called(names: Sequence[str]) -> str | None:
            return next((by_key[key] for key in names if key in by_key), None)

        self.period, self.place, self.unit, self.flag = (called(names) for names in (PERIODS, PLACES, UNITS, FLAGS))
        self.quarter, self.month, value = (called(names) for names in (QUARTERS, MONTHS, VALUES))
        known = {self.period, self.quarter, self.month, self.place, self.unit, self.flag, value}
        others = [name for name in types if name not in known]
        self.is_wide = value is None
        self.is_number = {name: types[name] in NUMBERS for name in types}
        figures = [n for n in others if self.is_number[n] and not _CLASS.fullmatch(heading_key(label(n)))]
        self.values = figures if value is None else [value]
        self.dimensions = [name for name in others if name not in self.values]
        if self.period is None or not self.values:
            raise NoAnswerError(tr("no column of it is a period, or none holds figures"))

    def records(self, row: Mapping[str, Any], dataset: str) -> Iterator[Record]:
        """A record a figure of a row."""
        texts = {name: label(row.get(name)) for name in self.dimensions}
        place = label(row.get(self.place)) if self.place else ""
        own = {**texts, **({self.place: place} if self.place else {})}
        for value in self.values:
            measure = {"measure": label(value)} if self.is_wide else {}
            series = {**own, **measure}
            yield record(
                dataset=dataset,
                series={label(name): text for name, text in series.items()} or {"table": dataset},
                period=self._period(row),
                value=row.get(value),
                is_typed=self.is_number[value],
                series_label=" | ".join(text for text in (*texts.values(), *measure.values()) if text),
                area_label=place,
                unit_label=label(row.get(self.unit)) if self.unit else "",
                flag=(label(row.get(self.flag)) if self.flag else "") or None,
            )

    def _period(self, row: Mapping[str, Any]) -> str:
        """The label of a row's time: a quarter or month in a column of its own comes before the year."""
        year = label(row.get(self.period or ""))
        for name, word in ((self.month, "Tháng"), (self.quarter, "Quý")):
            if name and (part := label(row.get(name))):
                return f"{part if part.lower().startswith(word.lower()) else f'{word} {part}'} {year}"
        return year


def _records(content: bytes) -> Iterator[Record | Reason]:
    result = _result(read_json(content))
    columns = _Columns(result["fields"])
    for row in result["records"]:
        if isinstance(row, dict):
            yield from columns.records(row, str(result.get("resource_id") or ""))
        else:
            yield Reason.MALFORMED_ROW


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """The figures of one page."""
    return framed(stream, max_record_bytes, lambda content: consistent(_records(content)))


SOURCE = Source(
    name=NAME,
    title_vi="Bảng số liệu của cổng dữ liệu mở (CKAN)",
    title_en="Tables of an open-data portal (CKAN)",
    publisher="The portal that is set as the source's address",
    licence="As the portal states for each table: look there before figures are passed on; name the source",
    cadence="as tables are updated",
    cycle="year",
    first_period="2025",
    frame=frame,
    rows_stand_alone=True,
    table=TABLE,
    fetch=fetch,
)
