"""Indicators of the World Bank for Việt Nam by its API, version 2: page by page, one answer per page.

Address: `https://api.worldbank.org/v2`. The indicators that are asked are listed in INDICATORS below; `indicators`
among the source's credentials replaces the list (separated by semicolons). Everything from 2000 on is asked at each
pull: the bank revises old years, and unchanged pages are not landed again.

Errors come with status 200 and a list of messages in place of the page's head; an indicator without any value has null
in place of its observations. `lastupdated` of the head is the vintage. The unit is stated in the indicator's title.
(Wire format as in the public client github.com/tgherzog/wbgapi.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
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
    unit_in,
    words,
)

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

NAME = "worldbank"
INDICATORS = (
    "IT.NET.USER.ZS",
    "IT.CEL.SETS.P2",
    "IT.NET.BBND.P2",
    "IT.NET.SECR.P6",
    "TX.VAL.ICTG.ZS.UN",
    "BX.GSR.CCIS.ZS",
)
COUNTRY = "VNM"
FIRST_YEAR = 2000
MOVED = later(
    "Look the indicator up in the World Bank's catalogue and set its identifier in INDICATORS, or as `indicators` of "
    "this source in HATINH_CREDENTIALS_FILE."
)


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every page of every indicator; an indicator that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    indicators = words(interface.option("indicators", ";".join(INDICATORS)))
    return each(indicators, lambda indicator: _pages(interface, indicator))


def _pages(interface: Interface, indicator: str) -> Iterator[Fetched]:
    path = f"country/{COUNTRY}/indicator/{indicator}"
    asked: Mapping[str, str | int] = {
        "format": "json",
        "per_page": interface.number("page_size", 1000),
        "date": f"{FIRST_YEAR}:{interface.today.year}",
    }
    for number in count(1):
        what = f"{indicator} page {number}"
        if number > MAX_PAGES:
            raise interface.failed(what, tr("there is no end after {max_pages:,} pages.", max_pages=MAX_PAGES))
        response, document = answer(interface, what, "GET", path, moved=tr(MOVED), params={**asked, "page": number})
        try:
            head, rows = _read(document)
        except NoAnswerError as error:
            raise interface.failed(
                what, tr("the answer is no page of observations: {error}. {moved}", error=error, moved=tr(MOVED))
            ) from None
        pages = head.get("pages")
        # numbers of the head are text in some answers
        pages = int(pages) if isinstance(pages, int | str) and str(pages).isdigit() else 0
        if not rows and number < pages:
            raise interface.failed(what, tr("the page is empty, though more are announced. Pull again later."))
        if rows:
            yield interface.fetched(f"{indicator}-page-{number:04d}.json", response.content, path, response)
        if number >= pages:
            return


# ------------------------------------------------------------------------------------------------------------ framing
def _read(document: Any) -> tuple[Mapping[str, Any], list[Any]]:
    """Head and observations of a page.

    Raises:
        NoAnswerError: it is none, or reports an error.
    """
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise NoAnswerError(tr("it is another kind of JSON"))
    if "message" in document[0]:
        raise NoAnswerError(tr("it holds messages of an error"))
    rows = document[1] if len(document) > 1 else None
    if not isinstance(rows, list | None) or "page" not in document[0]:
        raise NoAnswerError(tr("it has no list of observations"))
    return document[0], rows or []


def _records(content: bytes) -> Iterator[Record | Reason]:
    head, rows = _read(read_json(content))
    updated = head.get("lastupdated")
    for row in rows:
        indicator, country = (row.get(key) if isinstance(row, dict) else None for key in ("indicator", "country"))
        if not (isinstance(indicator, dict) and isinstance(country, dict)):
            yield Reason.MALFORMED_ROW
            continue
        title = label(indicator.get("value"))
        yield record(
            dataset=str(indicator.get("id") or ""),
            series={"AREA": str(row.get("countryiso3code") or country.get("id") or "")},
            period=str(row.get("date") or ""),
            value=row.get("value"),
            series_label=title,
            area_label=label(country.get("value")),
            unit_label=label(row.get("unit")) or unit_in(title),
            flag=str(row.get("obs_status") or "") or None,
            updated_on=updated if isinstance(updated, str) else None,
        )


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """The observations of one page."""
    return framed(stream, max_record_bytes, lambda content: consistent(_records(content)))


SOURCE = Source(
    name=NAME,
    title_vi="Chỉ số của Ngân hàng Thế giới",
    title_en="Indicators of the World Bank",
    publisher="World Bank",
    licence="CC BY 4.0, as generally stated for World Development Indicators; attribution: World Bank",
    cadence="several times a year",
    cycle="year",
    first_period="2025",
    frame=frame,
    rows_stand_alone=True,
    table=TABLE,
    fetch=fetch,
    known_address="https://api.worldbank.org/v2",
)
