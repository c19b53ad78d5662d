"""Ookla's open data: speed tests of a quarter by tile of some 600 m, fixed and mobile access, the world in Parquet.

A file has 6 to 10 million tiles; those under the quadkeys of the province's bounding box are taken, the others are
counted and passed over: row groups are skipped by their statistics, and of the rest only one batch is in memory. The
landed file stays as it was received. Quarter and network are in the name: keep it,
`2026-07-01_performance_fixed_tiles.parquet`.

Types have changed over the years (integers, doubles) and latencies under load are missing in early quarters: columns
are taken by name and cast. A file that came again for the same quarter and network replaces the earlier one completely:
tiles may be gone.

Licence: CC BY-NC-SA 4.0. No commercial use, and what is derived is shared alike; so it is published in a target of its
own (`broadband_speed`). A tile without a test is unknown, not without network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.framing import Frames
from pipelines.sources.province import Province, quadkeys

NAME = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])-01_performance_(fixed|mobile)_tiles")
NEEDED = ("quadkey", "avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices")
OPTIONAL = ("avg_lat_down_ms", "avg_lat_up_ms")
ZOOM = 10
"""Of the prefix that tiles are chosen by: squares of some 37 km."""
QUADKEY = re.compile("[0-3]{16}")
BATCH_ROWS = 1 << 16
MARK = b"PAR1"


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str, province: Province) -> Iterator[Frames]:
    """The province's tiles as JSON records, numbered by their row in the file; the others as a count.

    A file that is no Parquet, lacks a column or has another name is one reject.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def refused(reason: str, row: int = 1) -> Frames:
        return Frames(pa.array([], pa.int64()), pa.array([], pa.string()), [(row, reason)])

    named = NAME.search(name)
    if not named:
        yield refused("name_without_quarter")
        return
    # a Parquet file begins and ends with its mark: one that only begins with it is truncated, one without is none
    mark = stream.read(len(MARK))
    stream.seek(0)
    if mark != MARK:
        yield refused("not_parquet" if mark else "empty_file")
        return
    row = 0
    try:
        # columns are read as batches ask for them, never a complete row group at once
        file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=1 << 20)
        columns = file.schema_arrow.names
        missing = [column for column in NEEDED if column not in columns]
        if missing:
            yield refused(f"missing_column: {missing[0]}")
            return
        if not file.metadata.num_rows:
            yield refused("empty_file")
            return
        quarter = {"quarter": f"{named[1]}-{named[2]}-01", "network": named[3]}
        wanted = [column for column in (*NEEDED, *OPTIONAL) if column in columns]
        prefixes = quadkeys(province.box, ZOOM)
        at = columns.index("quadkey")
        if not _is_text(file.schema_arrow.field("quadkey").type):
            yield refused("wrong_type: quadkey")
            return
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            if not _may_hold(group.column(at).statistics, prefixes):
                row += group.num_rows
                yield Frames(pa.array([], pa.int64()), pa.array([], pa.string()), [], group.num_rows)
                continue
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[number], columns=wanted, use_threads=False):
                yield _cut(batch, prefixes, row, quarter)
                row += batch.num_rows
    except (pa.ArrowException, OSError, ValueError):
        yield refused("unreadable_parquet", row + 1)


def subject(name: str) -> str:
    """Quarter and network, whatever else a download put into the name."""
    named = NAME.search(name)
    return named[0] if named else name


def _may_hold(statistics: Any, prefixes: frozenset[str]) -> bool:
    """Whether a row group can hold a tile of the province, by its smallest and largest quadkey."""
    if statistics is None or not statistics.has_min_max:
        return True
    low, high = statistics.min, statistics.max
    if not (isinstance(low, str) and isinstance(high, str) and QUADKEY.fullmatch(low) and QUADKEY.fullmatch(high)):
        return True  # of another type or made in a way that is not understood: every row is looked at
    return any(prefix <= high and prefix + "9" >= low for prefix in prefixes)


def _is_text(kind: Any) -> bool:
    """Text, or bytes that may be it, as some writers leave out the mark of text."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(
        is_kind(kind)
        for is_kind in (
            *(types.is_string, types.is_large_string, types.is_string_view),
            *(types.is_binary, types.is_large_binary, types.is_fixed_size_binary),
        )
    )


def _cut(batch: Any, prefixes: frozenset[str], before: int, named: dict[str, str]) -> Frames:
    """The tiles of a batch that are under the prefixes; a batch has `before` rows before it in the file. Where a tile
    lies is known only of a right quadkey: one with another is a reject."""
    import pyarrow as pa
    import pyarrow.compute as pc

    quadkey = batch.column("quadkey")
    if pa.types.is_dictionary(quadkey.type):
        quadkey = quadkey.cast(quadkey.type.value_type)
    quadkey = quadkey.cast(pa.binary()).cast(pa.string())
    batch = batch.set_column(batch.schema.get_field_index("quadkey"), "quadkey", quadkey)
    is_right = pc.fill_null(pc.match_substring_regex(quadkey, f"^{QUADKEY.pattern}$"), fill_value=False)
    rejects = [(before + 1 + row, "bad_code", "quadkey") for row in pc.indices_nonzero(pc.invert(is_right)).to_pylist()]
    is_ours = pc.is_in(pc.utf8_slice_codeunits(quadkey, 0, ZOOM), pa.array(sorted(prefixes)))
    is_ours = pc.and_(is_ours, is_right)
    places = pc.indices_nonzero(is_ours)
    texts = [
        json.dumps({**named, **{key: None if value is None else str(value) for key, value in tile.items()}})
        for tile in batch.take(places).to_pylist()
    ]
    row_no = pc.add(places.cast(pa.int64()), before + 1)
    return Frames(row_no, pa.array(texts, pa.string()), rejects, batch.num_rows - len(texts) - len(rejects))


_NUMBERS = {
    "avg_d_kbps": "download_kbps",
    "avg_u_kbps": "upload_kbps",
    "avg_lat_ms": "latency_ms",
    "avg_lat_down_ms": "latency_download_ms",
    "avg_lat_up_ms": "latency_upload_ms",
    "tests": "tests",
    "devices": "devices",
}

SOURCE = Source(
    name="ookla_tiles",
    title_vi="Ô đo tốc độ Internet (Ookla)",
    title_en="Tiles of internet speed tests (Ookla)",
    publisher="Ookla, Speedtest® Global Fixed and Mobile Network Performance Maps",
    licence="CC-BY-NC-SA-4.0",
    cadence="quarterly",
    cycle="quarter",
    first_period="2019-Q1",
    frame=frame,
    frames_by_name=True,
    frames_by_province=True,
    subject=subject,
    table=Table(
        structure=dict.fromkeys(("quarter", "network", *NEEDED, *OPTIONAL), "VARCHAR"),
        columns=(
            Column("quarter", "date", "try_cast(j.quarter as date)"),
            Column("network", "varchar", "j.network"),
            Column("quadkey", "varchar", "j.quadkey"),
            # doubles in some years, though every number is whole
            *(
                Column(name, "bigint", f"try_cast(try_cast(j.{field} as double) as bigint)")
                for field, name in _NUMBERS.items()
            ),
        ),
        rules=(
            Rule("bad_date", "quarter", "quarter is null", "j.quarter"),
            Rule("date_out_of_range", "quarter", "quarter < date '2000-01-01' or quarter > extracted_on", "j.quarter"),
            Rule("bad_code", "quadkey", "not coalesce(regexp_matches(quadkey, '^[0-3]{16}$'), false)", "j.quadkey"),
            *(
                Rule("bad_number", field, f"coalesce({_NUMBERS[field]}, -1) < 0", f"j.{field}")
                for field in NEEDED
                if field in _NUMBERS
            ),
            *(
                # whole and not below zero; an average of 0.4 is no 0
                Rule("bad_number", field, f"not regexp_full_match(j.{field}, '[0-9]{{1,15}}([.]0+)?')", f"j.{field}")
                for field in _NUMBERS
            ),
            Rule("no_test", "tests", "tests = 0"),
            Rule("more_devices_than_tests", "devices", "devices > tests"),
        ),
        identity="quadkey",
    ),
)
