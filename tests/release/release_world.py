"""A tiny province for the tests of releases: two targets, their marts in memory, verdicts and receipts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.pages import Page
from pipelines.release.publish import Outcome, publish
from pipelines.release.runs import RunInfo
from pipelines.transform.marts import Column, Mart

DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RUN = RunInfo("run-1", DAY, "abc1234", {"min_cell_count": 5})

DOSSIERS = Mart(
    name="dossiers_by_commune",
    relation="marts.dossiers_by_commune",
    target="online_services",
    title_vi="Hồ sơ theo xã",
    title_en="Dossiers by commune",
    description="Số hồ sơ nhận được trong tháng, theo xã.",
    columns=(
        Column("period", "date", "Kỳ", "Period", None, "Ngày đầu tháng"),
        Column("commune", "text", "Xã, phường", "Commune", None, "Tên"),
        Column("dossiers", "bigint", "Hồ sơ", "Dossiers", "hồ sơ", "Số hồ sơ nhận"),
        Column("on_time_pct", "decimal(5,2)", "Đúng hạn", "On time", "%", "Tỷ lệ đúng hạn"),
        Column("updated_at", "timestamptz", "Cập nhật", "Updated", None, "Lúc ghi"),
    ),
    key=("period", "commune"),
    sources=("portal",),
)
COVERAGE = Mart(
    name="broadband",
    relation="marts.broadband",
    target="connectivity",
    title_vi="Phủ sóng băng rộng",
    title_en="Broadband coverage",
    description="Tốc độ tải xuống.",
    columns=(
        Column("commune", "varchar", "Xã, phường", "Commune", None, "Tên"),
        Column("download_mbps", "double", "Tải xuống", "Download", "Mbps", "Trung vị"),
    ),
    key=("commune",),
    sources=("speed_tests",),
)
MARTS = (DOSSIERS, COVERAGE)

RECEIPTS: list[dict[str, Any]] = [
    {
        "source": "portal",
        "name": "ho_so.json",
        "sha256": "ab" * 32,
        "landed_at": "2026-11-22T20:00:00Z",
        "licence": "Giấy phép dữ liệu mở của tỉnh",
        "address": "https://example.test/ho-so",
        "synthetic": False,
        "bytes": 10,
        "status": "loaded",
    },
    {
        "source": "speed_tests",
        "name": "tiles.csv",
        "sha256": "cd" * 32,
        "landed_at": "2026-11-21T20:00:00Z",
        "licence": "CC-BY-4.0",
        "address": "https://example.test/tiles",
        "synthetic": False,
        "bytes": 20,
        "status": "loaded",
    },
]

ROWS = [("2026-10-01", "Phường Thành Sen", 120, "99.50"), ("2026-10-01", "Xã Đức Thọ", 7, None)]


NOTE = Page(
    "note.html", "Ghi chú", "Note", "text/html", "1", lambda release: f"Bản {release.id}: {release.rows}".encode()
)
"""A page for the tests that want one; what a province shows is in tests/scoreboard."""


def passing(*targets: str) -> dict[str, Verdict]:
    return {t: Verdict(t, (Evidence("unique", "dbt_test", "t", "block", True, observed="0"),)) for t in targets}


def failing(target: str) -> dict[str, Verdict]:
    return {target: Verdict(target, (Evidence("row count", "expectation", "t", "block", False, "3 rows, wanted 9"),))}


GOOD = passing("online_services", "connectivity")


_NUMBERS = count()


@cache
def _instance(threads: int, _process: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": threads})


def in_memory(threads: int) -> duckdb.DuckDBPyConnection:
    """An empty database in memory beside those of other tests: to start DuckDB takes ten times as long."""
    conn, name = _instance(threads, os.getpid()).cursor(), f"of_a_test_{next(_NUMBERS)}"
    conn.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
    return conn


def warehouse(rows: Sequence[tuple[Any, ...]] = ROWS) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with both marts; `rows` are period, commune, dossiers, on_time_pct."""
    conn = in_memory(2)
    conn.execute("CREATE SCHEMA marts")
    conn.execute(
        "CREATE TABLE marts.dossiers_by_commune"
        " (period DATE, commune VARCHAR, dossiers BIGINT, on_time_pct DECIMAL(5, 2), updated_at TIMESTAMPTZ)"
    )
    if rows:
        conn.executemany(
            "INSERT INTO marts.dossiers_by_commune VALUES (?, ?, ?, ?, '2026-11-01 00:00:00+07')", list(rows)
        )
    conn.execute("CREATE TABLE marts.broadband AS SELECT 'Kỳ Anh' AS commune, 45.5::DOUBLE AS download_mbps")
    return conn


def release(root: Path, conn: duckdb.DuckDBPyConnection | None = None, day: int = 0, **changed: Any) -> Outcome:
    """Publish the tiny province on a day, with whatever the test changes."""
    conn = conn or warehouse(changed.pop("rows", ROWS))
    arguments: dict[str, Any] = {"marts": MARTS, "verdicts": GOOD, "receipts": RECEIPTS, "run": RUN}
    now = DAY + timedelta(days=day)
    return publish(conn, root, now=now, **{**arguments, **changed})


def with_type(mart: Mart, column: str, kind: str) -> Mart:
    return replace(mart, columns=tuple(replace(c, type=kind) if c.name == column else c for c in mart.columns))
