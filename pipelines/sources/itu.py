"""Series of the ITU DataHub for Việt Nam: by code as JSON (version 2), and tables of CSV (version 3) where asked for.

Address: `https://api.datahub.itu.int`. The codes that are asked are listed in CODES below; `codes` among the source's
credentials replaces the list (separated by semicolons). `downloads` are complete paths of version 3, like
`v3/data/download?codesid=178&countriesid=...`; none is asked where it is not set, since how the hub numbers countries
was not seen. A CSV file can be dropped as well.

The server refuses programs that do not identify as a browser, and may still answer 403: then the pull ends, and
the files are fetched by hand. An answer by code does not name its country, so the name of its file does:
`178-VNM.json`. In the CSV two values hold line breaks outside of quotes: lines are put together until they have as many
cells as the header.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from pipelines.language import later, tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.client import Manner
from pipelines.sources.interface import Interface
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
    respond,
    words,
)

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

NAME = "itu"
CODES = ("178", "11632", "19303", "12047")
COUNTRY = "VNM"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
MOVED = later(
    "Look the series up on datahub.itu.int and set its code in CODES, or as `codes` or `downloads` of this source in "
    "HATINH_CREDENTIALS_FILE."
)
HEADER = (
    *("SeriesID", "SeriesCode", "Series", "Unit", "Database", "Year", "AreaName", "AreaCode", "DisaggregationGroup"),
    *("Disaggregation1", "Disaggregation2", "Value", "Notes", "Source", "LastModifiedOn"),
)
MOST_LINES = 20
"""Lines that one row may run over: more belong to no row."""


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every code, then every download; one that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    yield from each(
        [
            *(("code", code) for code in words(interface.option("codes", ";".join(CODES)))),
            *(("download", path) for path in words(ask.credentials.get("downloads", ""))),
        ],
        lambda thing: (_by_code if thing[0] == "code" else _download)(interface, thing[1]),
    )


def _by_code(interface: Interface, code: str) -> Iterator[Fetched]:
    path = f"v2/data/bycode/{code}/byiso/{COUNTRY}"
    response, document = answer(interface, code, "GET", path, moved=tr(MOVED))
    if not isinstance(document, list) or not all(isinstance(row, dict) and "dataYear" in row for row in document):
        raise interface.failed(
            code, tr('the answer is no list with "dataYear": the interface has changed. {moved}', moved=tr(MOVED))
        )
    if document:
        yield interface.fetched(f"{code}-{COUNTRY}.json", response.content, path, response)


def _download(interface: Interface, path: str) -> Iterator[Fetched]:
    what = f"download {path.partition('?')[0]}"
    response = respond(interface, what, "GET", path, moved=tr(MOVED))
    if not _is_csv(response.content):
        raise interface.failed(what, tr("the answer is no CSV with the header of the hub. {moved}", moved=tr(MOVED)))
    codes = re.sub(r"[^0-9]+", "-", path.partition("codesid=")[2].partition("&")[0]).strip("-") or "all"
    yield interface.fetched(f"download-{codes}.csv", response.content, path.partition("?")[0], response)


# ------------------------------------------------------------------------------------------------------------ framing
def _is_csv(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"SeriesID,")


def _of_codes(content: bytes, area: str) -> Iterator[Record | Reason]:
    document = read_json(content)
    if not isinstance(document, list):
        raise NoAnswerError(tr("no list"))
    for row in document:
        answers = row.get("answer") if isinstance(row, dict) else None
        if not isinstance(answers, list) or len(answers) != 1 or not isinstance(answers[0], dict):
            yield Reason.MALFORMED_ROW  # several values of one year: which one counts was never seen
            continue
        yield record(
            dataset=str(row.get("codeID") or ""),
            series={"AREA": area},
            period=str(row.get("dataYear") or ""),
            value=answers[0].get("value"),
            is_typed=True,
            series_label=label(row.get("code")),
            area_label=area,
        )


def _of_csv(content: bytes) -> Iterator[Record | Reason]:
    header: list[str] | None = None
    for cells in _rows(content.decode("utf-8-sig", "surrogateescape")):
        if header is None:
            header = [cell.strip() for cell in cells or ()]
            if not {"SeriesID", "Year", "Value", "AreaCode"} <= set(header):
                raise NoAnswerError(tr("not the header of the hub"))
            continue
        if cells is None:
            yield Reason.MALFORMED_ROW
            continue
        yield _of_row(dict(zip(header, cells, strict=True)))


def _of_row(row: Mapping[str, str]) -> Record:
    series = {"AREA": row["AreaCode"].strip(), "SERIES": row.get("SeriesCode", "").strip()}
    parts = {f"D{n}": label(row.get(f"Disaggregation{n}", "")) for n in (1, 2)}
    series |= {name: part for name, part in parts.items() if part}
    return record(
        dataset=row["SeriesID"].strip(),
        series=series,
        period=row["Year"].strip(),
        value=row["Value"].strip() or None,
        is_typed=True,
        series_label=" | ".join([label(row.get("Series", "")), *(part for part in parts.values() if part)]),
        area_label=label(row.get("AreaName", "")),
        unit_label=label(row.get("Unit", "")),
        updated_on=row.get("LastModifiedOn", "").strip() or None,
    )


def _rows(text: str) -> Iterator[list[str] | None]:
    """The rows of the CSV, the header first; None for lines that do not make one.

    A line that is short is put together with those after it: a value broke over them, outside of quotes. A complete
    line is a row of its own: what was held before it is none.
    """
    width, held, lines = 0, "", 0
    for line in (line.rstrip("\r") for line in text.split("\n")):
        if not held and not line.strip():
            continue
        is_complete = held.count('"') % 2 == 0 and len(_cells(line) or ()) == width
        if held and is_complete:
            yield None
            held, lines = "", 0
        held, lines = f"{held} {line}" if held else line, lines + 1
        cells = _cells(held)
        if cells is not None and (not width or len(cells) == width):
            width = len(cells)
            yield cells
            held, lines = "", 0
        elif lines >= MOST_LINES or len(cells or ()) > width:
            yield None
            held, lines = "", 0
    if held.strip():
        yield None


def _cells(text: str) -> list[str] | None:
    """The cells of one row; None where a quote is still open, or a cell is beyond measure."""
    if text.count('"') % 2:
        return None
    try:
        return next(csv.reader([text]), None)
    except csv.Error:
        return None


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The values of one answer; `name` states the country where the answer does not."""
    found = re.search(r"-([A-Z]{3})(?![A-Za-z])", name)
    area = found[1] if found else COUNTRY
    return framed(
        stream,
        max_record_bytes,
        lambda content: consistent(_of_csv(content) if _is_csv(content) else _of_codes(content, area)),
    )


SOURCE = Source(
    name=NAME,
    title_vi="Số liệu viễn thông, Internet của ITU",
    title_en="Telecommunication and Internet series of the ITU",
    publisher="International Telecommunication Union (DataHub)",
    licence="CC BY-NC-SA 3.0 IGO: not for commercial use, share alike; name ITU",
    cadence="yearly",
    cycle="year",
    first_period="2025",
    frame=frame,
    rows_stand_alone=True,
    frames_by_name=True,
    table=TABLE,
    fetch=fetch,
    known_address="https://api.datahub.itu.int",
    manner=Manner({"user-agent": BROWSER}, min_delay_seconds=1.0),
)
