"""Cells of mobile networks as volunteers' phones saw them: OpenCelliD, CSV with or without header, mostly gzip.

Full files, files of one country (often without header) and daily differences have the same columns. Taken are cells of
Vietnam (452) in the province's box, and those that would be with longitude and latitude exchanged, which are set aside
as wrong; all others are counted and passed over.

A full file tells every cell, so it replaces what was known before; a difference tells cells that are new or changed and
cannot tell that one is gone. Which of them a file is, only its name says: keep it as downloaded (`cell_towers.csv.gz`,
`452.csv.gz`, `MLS-full-cell-export-…`; `OCID-diff-cell-export-…`). What has another name, as an answer of the interface
by area, counts as a difference: it adds cells and takes none away.

Licence: CC BY-SA 4.0: who publishes what is derived names OpenCelliD and shares alike. Places are estimates of the
crowd: a cell that nobody passed by is not in it, so no cell is no statement about coverage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.sources import framing
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.framing import Frames, Reject
from pipelines.sources.operators import NETWORK_CODES, place_rules
from pipelines.sources.province import BOX, MCC
from pipelines.sources.tables import Reason

FIELDS = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal".split(",")  # noqa: SIM905
)
FULL = re.compile(rf"cell_towers|full|(?<!\d){MCC}(?!\d)", re.IGNORECASE)
"""What names of full files have, the world's and the country's; those of differences say so."""
RADIOS = {"GSM": "2G", "CDMA": "2G", "UMTS": "3G", "LTE": "4G", "NR": "5G"}


def is_full(name: str) -> bool:
    """Whether a file tells every cell, by its name."""
    return "diff" not in name.lower() and FULL.search(name) is not None


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The province's lines as JSON records, numbered by line; the others as a count. Blank lines and headers are none.

    A line that is not of the world's form (another number of columns) is a reject; so is the end of a torn gzip.
    """
    import pyarrow as pa

    told = {"full_file": is_full(name)}
    for batch in framing.lines(stream, max_record_bytes=max_record_bytes):
        row_no: list[int] = []
        texts: list[str] = []
        rejects: list[Reject] = list(batch.rejects)
        elsewhere = 0
        for number, line in zip(batch.row_no.to_pylist(), batch.text.to_pylist(), strict=True):
            cells = line.removeprefix("\ufeff").split(",")
            if cells[:3] == FIELDS[:3]:
                continue
            if len(cells) != len(FIELDS):
                rejects.append((number, Reason.WRONG_WIDTH))
            elif cells[1] == MCC and _is_near(cells[6], cells[7]):
                row_no.append(number)
                texts.append(json.dumps({**told, **dict(zip(FIELDS, cells, strict=True))}))
            else:
                elsewhere += 1
        if row_no or rejects or elsewhere:
            yield Frames(pa.array(row_no, pa.int64()), pa.array(texts, pa.string()), sorted(rejects), elsewhere)


def _is_near(lon: str, lat: str) -> bool:
    """Whether a place lies in the box, or would with its coordinates exchanged; what is no number is for the load."""
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        return True
    return BOX.holds(x, y) or BOX.holds(y, x)


def _integer(field: str) -> str:
    return f"try_cast(nullif(trim(j.{field}), '') as bigint)"


def _time(field: str) -> str:
    seconds = _integer(field)
    return f"case when {seconds} between 946684800 and 4102444800 then make_timestamp({seconds} * 1000000) end"


_NETWORKS = ", ".join(f"'{code}': '{operator}'" for code, operator in NETWORK_CODES.items())
_RADIOS = ", ".join(f"'{radio}': '{technology}'" for radio, technology in RADIOS.items())
_COUNTS = {"net": "net", "area": "area", "cell": "cell", "range": "range_m", "samples": "samples"}

SOURCE = Source(
    name="opencellid_cells",
    title_vi="Ô di động do cộng đồng ghi nhận (OpenCelliD)",
    title_en="Cells seen by volunteers (OpenCelliD)",
    publisher="OpenCelliD, Unwired Labs and contributors",
    licence="CC-BY-SA-4.0",
    cadence="daily differences, full files at times",
    cycle="month",
    first_period="2020-01",
    frame=frame,
    frames_by_name=True,
    table=Table(
        structure={"full_file": "BOOLEAN", **dict.fromkeys(FIELDS, "VARCHAR")},
        columns=(
            Column("radio", "varchar", "upper(trim(j.radio))"),
            Column("technology", "varchar", f"map {{{_RADIOS}}}[upper(trim(j.radio))]"),
            Column("operator", "varchar", f"map {{{_NETWORKS}}}[cast({_integer('net')} as varchar)]"),
            *(Column(name, "bigint", _integer(field)) for field, name in _COUNTS.items()),
            Column("lon", "double", "try_cast(j.lon as double)"),
            Column("lat", "double", "try_cast(j.lat as double)"),
            Column("updated_at", "timestamp", _time("updated")),
            Column("is_full_file", "boolean", "j.full_file"),
        ),
        rules=(
            Rule("unknown_code", "radio", "technology is null", "j.radio"),
            Rule("bad_number", "net", "net is null", "j.net"),
            Rule("unknown_code", "net", "operator is null", "j.net"),
            *(Rule("bad_number", name, f"{name} is null", f"j.{name}") for name in ("area", "cell", "lon", "lat")),
            *place_rules(),
        ),
        identity="cell",
    ),
)
