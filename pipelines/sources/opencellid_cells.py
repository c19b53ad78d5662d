"""Cells of mobile networks as volunteers' phones saw them: OpenCelliD, CSV with or without header, mostly gzip.

Full files, files of one country (often without header) and daily differences have the same columns. Taken are cells of
Vietnam (452) in the province's bounding box, and those that would be with longitude and latitude exchanged, which are
set aside as wrong; all others are counted and passed over.

A full file lists every cell, so it replaces what was known before; a difference lists cells that are new or changed
and no removals. Only its name states which of them a file is: keep it as downloaded (`cell_towers.csv.gz`,
`452.csv.gz`, `MLS-full-cell-export-…`; `OCID-diff-cell-export-…`). What has another name, as an answer of the interface
by area, counts as a difference: it adds cells and takes none away.

Licence: CC BY-SA 4.0: who publishes what is derived names OpenCelliD and shares alike. Places are estimates of the
crowd: a cell that no volunteer passed is missing, so the absence of a cell states nothing about coverage.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.sources import framing
from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.fields import Computed, Coordinate, Identifier, is_out_of_range
from pipelines.sources.framing import Frames, Reject
from pipelines.sources.operators import NETWORK_CODES, place_rules
from pipelines.sources.province import MCC, Box, Province
from pipelines.sources.tables import Reason

FIELDS = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal".split(",")  # noqa: SIM905
)
FULL = re.compile(rf"cell_towers|full|(?<!\d){MCC}(?!\d)", re.IGNORECASE)
"""What names of full files have, the world's and the country's; those of differences say so."""
NEEDED = ("net", "area", "cell", "lon", "lat")
RADIOS = {"GSM": "2G", "CDMA": "2G", "UMTS": "3G", "LTE": "4G", "NR": "5G"}


def is_full(name: str) -> bool:
    """Whether a file lists every cell, by its name."""
    return "diff" not in name.lower() and FULL.search(name) is not None


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str, province: Province) -> Iterator[Frames]:
    """The province's lines as JSON records, numbered by line; the others as a count. Blank lines and headers are none.

    A line that is not of the world's form (another number of columns) is a reject; so is the end of a truncated gzip.
    """
    import pyarrow as pa

    constants = {"full_file": is_full(name)}
    for batch in framing.lines(stream, max_record_bytes=max_record_bytes):
        row_no: list[int] = []
        texts: list[str] = []
        rejects: list[Reject] = list(batch.rejects)
        elsewhere = 0
        for number, line in zip(batch.row_no.to_pylist(), batch.text.to_pylist(), strict=True):
            cells = _cells(line.removeprefix("\ufeff"))
            if cells[:3] == FIELDS[:3]:
                continue
            if len(cells) != len(FIELDS):
                rejects.append((number, Reason.WRONG_WIDTH))
            elif cells[1] == MCC and _is_near(province.box, cells[6], cells[7]):
                row_no.append(number)
                texts.append(json.dumps({**constants, **dict(zip(FIELDS, cells, strict=True))}))
            else:
                elsewhere += 1
        if row_no or rejects or elsewhere:
            yield Frames(pa.array(row_no, pa.int64()), pa.array(texts, pa.string()), sorted(rejects), elsewhere)


def _cells(line: str) -> list[str]:
    """The cells of a line, with or without quotes around them; a line with a quote that is not closed is one cell."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        return [line]


def _is_near(box: Box, lon: str, lat: str) -> bool:
    """Whether a place lies in the bounding box, or would with its coordinates exchanged; what is no number is for the
    load."""
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        return True
    return box.holds(x, y) or box.holds(y, x)


_NETWORKS = ", ".join(f"'{code}': '{operator}'" for code, operator in NETWORK_CODES.items())
_RADIOS = ", ".join(f"'{radio}': '{technology}'" for radio, technology in RADIOS.items())
_SECONDS = "try_cast(nullif(trim(j.updated), '') as bigint)"
_UPDATED_AT = f"case when {_SECONDS} between 0 and 4102444800 then make_timestamp({_SECONDS} * 1000000) end"
LARGEST_AREA = 65_533
"""Area codes have 16 bits, of which 0, 65534 and 65535 mean that the phone knows none; those of 5G have 24 bits."""
LARGEST_CELL = (1 << 28) - 1
"""Cell numbers have 28 bits, those of 5G 36; phones write 0, -1 or 2147483647 for one that they do not know."""


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
    frames_by_province=True,
    table=Table.of(
        Computed(
            "radio",
            by="upper(trim(j.radio))",
            more=(Rule("unknown_code", "radio", "technology is null", "j.radio"),),
        ),
        Identifier("net", maximum=999),
        Identifier("area", minimum=1, maximum=(1 << 24) - 2),
        Identifier("cell", minimum=1, maximum=(1 << 36) - 1),
        Identifier("range", "range_m"),
        Identifier("samples"),
        Coordinate("lon"),
        Coordinate("lat"),
        Computed(
            "updated",
            "updated_at",
            type="timestamp",
            by=_UPDATED_AT,
            more=(
                Rule("bad_date", "updated", "updated_at is null and coalesce(trim(j.updated), '') <> ''", "j.updated"),
                Rule("date_out_of_range", "updated", is_out_of_range("updated_at"), "j.updated"),
            ),
        ),
        identity="cell",
        structure={"full_file": "BOOLEAN", **dict.fromkeys(FIELDS, "VARCHAR")},
        columns=(
            Column("technology", "varchar", f"map {{{_RADIOS}}}[upper(trim(j.radio))]"),
            Column("operator", "varchar", f"map {{{_NETWORKS}}}[cast(try_cast(trim(j.net) as bigint) as varchar)]"),
            Column("is_full_file", "boolean", "j.full_file"),
        ),
        rules=(
            *(
                Rule("bad_number", name, f"{name} is null", f"j.{name}")
                for name in ("net", "area", "cell", "lon", "lat")
            ),
            Rule("unknown_code", "net", "operator is null", "j.net"),
            Rule("out_of_range", "area", f"radio <> 'NR' and area > {LARGEST_AREA}", "j.area"),
            Rule("out_of_range", "cell", f"(radio <> 'NR' and cell > {LARGEST_CELL}) or cell = 2147483647", "j.cell"),
            *place_rules(),
        ),
    ),
)
