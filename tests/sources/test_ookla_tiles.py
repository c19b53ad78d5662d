"""Ookla's tiles: types and columns of all years, a prefix of quadkeys instead of the world, files that are none."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loads import PROVINCE, loaded

from pipelines.sources.ookla_tiles import SOURCE
from pipelines.sources.province import Box, quadkeys

NAME = "2026-07-01_performance_fixed_tiles.parquet"
WEST, SOUTH = PROVINCE.box.west, PROVINCE.box.south
OURS = min(quadkeys(Box(WEST, SOUTH, WEST, SOUTH), 16))
ABROAD = "0" * 16


def parquet(*quadkeys: str, groups: int = 1 << 20, **columns: Any) -> bytes:
    count = len(quadkeys)
    table: dict[str, Any] = {
        "quadkey": list(quadkeys),
        "tile": ["POLYGON EMPTY"] * count,
        "avg_d_kbps": [101_000] * count,
        "avg_u_kbps": [52_000] * count,
        "avg_lat_ms": [11] * count,
        "tests": [7] * count,
        "devices": [3] * count,
        **columns,
    }
    content = io.BytesIO()
    pq.write_table(pa.table({k: v for k, v in table.items() if v is not None}), content, row_group_size=groups)
    return content.getvalue()


def test_the_province_is_taken_and_the_world_counted() -> None:
    found = loaded(SOURCE, parquet(ABROAD, "3" * 16, OURS, groups=2), name=NAME)
    assert (found.reasons, found.elsewhere) == ([], 2)
    (row,) = found.rows
    assert (row["quarter"], row["network"], row["quadkey"]) == (date(2026, 7, 1), "fixed", OURS)
    assert [row[name] for name in ("download_kbps", "upload_kbps", "latency_ms", "tests", "devices")] == [
        101_000, 52_000, 11, 7, 3,
    ]  # fmt: skip
    assert row["latency_download_ms"] is None
    assert row["version"] & ((1 << 28) - 1) == 3  # the row of the file, though two were passed over


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64()])
def test_columns_keep_their_meaning_when_they_change_type(kind: pa.DataType) -> None:
    content = parquet(OURS, avg_d_kbps=pa.array([99_000], kind), avg_lat_down_ms=pa.array([250], kind))
    (row,) = loaded(SOURCE, content, name=NAME).rows
    assert (row["download_kbps"], row["latency_download_ms"]) == (99_000, 250)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (parquet(OURS, tests=None), NAME, "missing_column: tests"),
        (parquet(OURS), "fixed_tiles.parquet", "name_without_quarter"),
        (parquet(OURS)[:-30], NAME, "unreadable_parquet"),
        (parquet(OURS)[:4], NAME, "unreadable_parquet"),
        (b"quadkey,tests\n", NAME, "not_parquet"),
        (b"PK", NAME, "not_parquet"),
        (b"", NAME, "empty_file"),
        (parquet(), NAME, "empty_file"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_reason(content: bytes, name: str, reason: str) -> None:
    found = loaded(SOURCE, content, name=name)
    assert found.rows == []
    assert [why for _, why, _, _ in found.reasons] == [reason]
    assert len(found.refusals) == 1


@pytest.mark.parametrize("column", ["avg_d_kbps", "avg_lat_ms", "tests", "devices", "avg_lat_down_ms"])
def test_a_fraction_is_no_count_and_is_not_rounded(column: str) -> None:
    found = loaded(SOURCE, parquet(OURS, **{column: pa.array([2.5])}), name=NAME)
    assert (found.rows, [reason[1:3] for reason in found.reasons]) == ([], [("bad_number", column)])


def test_tiles_that_cannot_be_are_quarantined() -> None:
    content = parquet(OURS, OURS[:-1] + "x", OURS[:-1] + "1", OURS[:-1] + "2", tests=[7, 7, 0, 2], devices=[3, 3, 0, 3])
    found = loaded(SOURCE, content, name=NAME)
    assert [(row, why) for row, why, _, _ in found.reasons] == [
        (2, "bad_code"), (3, "no_test"), (4, "more_devices_than_tests"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(16)])
def test_quadkeys_of_other_types_are_read_and_their_statistics_are_not_misunderstood(kind: pa.DataType) -> None:
    keys = [ABROAD.encode(), OURS.encode(), b"3" * 16]
    values = pa.array([key if "binary" in str(kind) else key.decode() for key in keys], kind)
    found = loaded(SOURCE, parquet(*map(str, keys), quadkey=values, groups=1), name=NAME)
    assert ([row["quadkey"] for row in found.rows], found.elsewhere, found.reasons) == ([OURS], 2, [])


def test_a_quadkey_of_a_type_that_is_not_understood_is_named() -> None:
    found = loaded(SOURCE, parquet(OURS, quadkey=pa.array([int(OURS)], pa.int64())), name=NAME)
    assert [why for _, why, _, _ in found.reasons] == ["wrong_type: quadkey"]


def test_tiles_without_a_right_quadkey_are_not_taken_for_those_of_other_places() -> None:
    values = pa.array([OURS, None, "", OURS[:15], ABROAD, "x" * 16])
    found = loaded(SOURCE, parquet(*[OURS] * 6, quadkey=values), name=NAME)
    assert (len(found.rows), found.elsewhere) == (1, 1)
    assert [(row, why, field) for row, why, field, _ in found.reasons] == [
        (row, "bad_code", "quadkey") for row in (2, 3, 4, 6)
    ]


degrees = st.floats(-84, 84)


@given(degrees, degrees, st.integers(1, 16))
def test_a_point_of_the_box_lies_under_one_of_its_quadkeys(lon: float, lat: float, zoom: int) -> None:
    point = quadkeys(Box(lon, lat, lon, lat), 16)
    around = quadkeys(Box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001), zoom)
    assert len(point) == 1
    assert min(point)[:zoom] in around
