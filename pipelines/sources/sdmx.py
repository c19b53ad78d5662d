"""Observations in SDMX files: SDMX-ML (2.1 or later, generic or structure-specific) and SDMX-CSV, pulled or dropped.

Address: the folder of the national summary data page, `https://nsdp.nso.gov.vn/GSO-chung/SDMXFiles/GSO`, whose files
are named in FILES below. `queries` among the source's credentials replaces the list: complete addresses of data queries
of a REST service, or further files, separated by semicolons, like
`https://sdmx.ilo.org/rest/data/ILO,DF_...,1.0/VNM.A.....?startPeriod=2015`. CSV is asked for first: it holds no time of
its making, so the same data are the same bytes.

Without the structure a file does not state which of its columns are dimensions: names that match _ATTRIBUTE are
attributes, all others are dimensions of the series. The unit is UNIT_MEASURE with its multiplier, so that a change of
either is a changed unit. What the library (pysdmx) cannot read, SDMX-ML 2.0 too, is one reject for the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from pipelines.language import later, tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.interface import Interface
from pipelines.sources.statistic_rows import (
    TABLE,
    NoAnswerError,
    Reason,
    Record,
    consistent,
    each,
    framed,
    label,
    record,
    respond,
    words,
)

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

NAME = "sdmx"
FILES = ("GDPVNM.xml", "POPVNM.xml", "LMIVNM.xml", "CPIVNM.xml", "IIPVNM.xml")
ACCEPT = (
    "application/vnd.sdmx.data+csv;version=1.0.0, application/vnd.sdmx.structurespecificdata+xml;version=2.1;q=0.8, "
    "application/xml;q=0.5"
)
AREAS = ("REF_AREA", "GEO", "COUNTRY", "AREA")
_ATTRIBUTE = re.compile(
    r"TIME_PERIOD|TIME_FORMAT|TIME_PER_COLLECT|(OBS|UNIT|NOTE|COMMENT|TITLE|CONF|PRE_BREAK|EMBARGO|META)_.*|.*_BOUND"
    r"|.*_(FOOTNOTE|NOTE|COMMENT|DESC|DESCRIPTION|LABEL)|UNIT|DECIMALS|BASE_PER|BASE_PERIOD|COLLECTION|COLL_.*|COMMENT"
    r"|TITLE|AVAILABILITY|LAST_UPDATE|METHODOLOGY|SOURCE|SOURCE_.*|ACTION|TYPE|REPORTING_YEAR_START_DAY|COMPILING_ORG"
    r"|DATA_COMP|DISS_ORG|STD_ERR.*|CV|SAMPLE_SIZE|NATURE|BREAKS?|FOOTNOTES?|PRECISION|VALIDITY|REVISION.*",
    re.IGNORECASE,
)
"""Names of columns that describe a figure and are no dimensions of the series, as the structures of ILO, OECD, UN,
Eurostat and IMF have them. A dimension that is taken for one shows as conflicting figures."""
MOVED = later(
    "Look the file or data flow up at its publisher and set it in FILES, or as `queries` of this source in "
    "HATINH_CREDENTIALS_FILE."
)


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every file and query; one that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    return each(words(interface.option("queries", ";".join(FILES))), lambda query: _file(interface, query))


def _file(interface: Interface, query: str) -> Iterator[Fetched]:
    place = query.partition("?")[0]
    what = place.rpartition("://")[2]
    response = respond(interface, what, "GET", query, moved=tr(MOVED), headers={"accept": ACCEPT})
    try:
        _datasets(response.content)
    except NoAnswerError:
        problem = tr(
            "the answer ({bytes:,} bytes) is no SDMX-ML 2.1 or SDMX-CSV. {moved}",
            bytes=len(response.content),
            moved=tr(MOVED),
        )
        raise interface.failed(what, problem) from None
    path = urlsplit(query).path
    stem = path.rpartition("/rest/data/" if "/rest/data/" in path else "/")[2]
    ending = ".xml" if _is_xml(response.content) else ".csv"
    name = re.sub(r"[^A-Za-z0-9._,-]+", "-", stem.removesuffix(ending))[:120] + ending
    yield interface.fetched(name, response.content, place, response)


# ------------------------------------------------------------------------------------------------------------ framing
def _is_xml(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _datasets(content: bytes) -> tuple[list[Any], str | None]:
    """The datasets of a file, and the day on which it was made where that is stated.

    Raises:
        NoAnswerError: the library cannot read it.
    """
    from pysdmx.io import read_sdmx  # brings pandas

    try:
        # as bytes: text that is a path or an address would be opened or fetched
        message = read_sdmx(BytesIO(content.decode("utf-8-sig").encode()), validate=False)
        datasets: list[Any] = list(message.data or [])
    except Exception:  # of many kinds, out of several libraries; the text may quote the file
        raise NoAnswerError(tr("not readable as SDMX")) from None
    if not datasets or not all("OBS_VALUE" in dataset.data.columns for dataset in datasets):
        raise NoAnswerError(tr("no observations"))
    prepared = getattr(message.header, "prepared", None)
    return datasets, f"{prepared.date()}" if prepared else None


def _records(content: bytes) -> Iterator[Record | Reason]:
    datasets, prepared = _datasets(content)
    for dataset in datasets:
        name = str(dataset.short_urn).partition("=")[2].partition("(")[0]
        columns = [str(column) for column in dataset.data.columns]
        is_attribute = {column: bool(_ATTRIBUTE.fullmatch(column)) for column in columns}
        # a file with decimal commas is not written in the format's own numbers: `1.234` may be a thousand there
        is_typed = not dataset.data["OBS_VALUE"].astype(str).str.contains(",").any()
        common = {str(key): str(value) for key, value in (dataset.attributes or {}).items()}
        for cells in dataset.data.itertuples(index=False, name=None):
            row = {column: cell for column, cell in zip(columns, cells, strict=True) if isinstance(cell, str) and cell}
            yield _of_row({**common, **row}, is_attribute, name, prepared, is_typed=is_typed)


def _of_row(
    row: Mapping[str, str], is_attribute: Mapping[str, bool], dataset: str, prepared: str | None, *, is_typed: bool
) -> Record:
    series = {column: row.get(column, "") for column, no_dimension in is_attribute.items() if not no_dimension}
    multiplier = row.get("UNIT_MULT", "0")
    unit = [row.get("UNIT_MEASURE") or row.get("UNIT") or "", "" if multiplier == "0" else f"x 10^{multiplier}"]
    return record(
        dataset=dataset,
        series=series,
        period=row.get("TIME_PERIOD", ""),
        value=row.get("OBS_VALUE"),
        is_typed=is_typed,
        series_label=label(row.get("TITLE", "")),
        area_label=next((series[name] for name in AREAS if name in series), ""),
        unit_label=label(" ".join(unit)),
        flag=row.get("OBS_STATUS"),
        updated_on=row.get("LAST_UPDATE") or prepared,
    )


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """The observations of one file."""
    return framed(stream, max_record_bytes, lambda content: consistent(_records(content)))


SOURCE = Source(
    name=NAME,
    title_vi="Số liệu theo chuẩn SDMX",
    title_en="Statistics in SDMX",
    publisher="Cục Thống kê (national summary data page), and the services whose queries are set",
    licence="Public statistics; of a service, its own terms: look there before figures are passed on; name the source",
    cadence="monthly and quarterly",
    cycle="year",
    first_period="2025",
    frame=frame,
    rows_stand_alone=True,
    table=TABLE,
    fetch=fetch,
    known_address="https://nsdp.nso.gov.vn/GSO-chung/SDMXFiles/GSO",
)
