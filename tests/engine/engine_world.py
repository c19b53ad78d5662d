"""What the tests of the engine share: files of dossiers, a world under another setting, and the comparison of two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.engine.increments import files_of_view, month_of
from pipelines.landing.receipts import SYNTHETIC_PREFIX
from pipelines.platform import Platform
from pipelines.settings import PROJECT_ROOT
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

GOLDEN = PROJECT_ROOT / "tests" / "golden"
ROWS = 20_000
ENDED_BEFORE_ITS_DAY = (
    b'{"MaHoSo":"H27.1-20260805-0000001","MaTTHC":"9.000001","MaLinhVuc":"HT","KenhThucHien":"2",'
    b'"TrangThaiHoSo":"10","NgayNopHoSo":"20260805080000","NgayTiepNhan":"20260805080000",'
    b'"NgayHenTra":"20260810170000","NgayTra":"20260803100000"}\n'
)
EARLIER = ENDED_BEFORE_ITS_DAY.replace(b"20260805", b"20260720")
WAITING = "hoso-2026-08-22.ndjson"
LATER = (
    ENDED_BEFORE_ITS_DAY.replace(b"20260803100000", b"20260807100000")
    + EARLIER.replace(b'NgayTiepNhan":"20260720', b'NgayTiepNhan":"20260809')
    + ENDED_BEFORE_ITS_DAY.replace(b"20260805", b"20250305")
)
"""The same two dossiers, one corrected and one moved from July to August 2026, and one more of March 2025."""


def ends_its_reader(*_: object) -> Iterator[bytes]:
    """What a damaged file does to the child process that reads it."""
    os.abort()
    yield b""


def on(world: World, engine: str, **others: object) -> World:
    """The same world under another setting."""
    before = world.platform
    settings = before.settings.model_copy(update={"engine": engine, **others})
    return replace(world, platform=Platform(settings, sleep=before.sleep, dbt_target=before.dbt_target))


def land_dossiers(world: World, folder: Path, rows: int = ROWS) -> None:
    """Golden dossiers, a sample with its dirt, and files that are truncated, in a wrong encoding, or empty."""
    for path in sorted(GOLDEN.glob("*/*/*.ndjson"), key=lambda path: (path.name, path)):
        world.land(path.name, path.read_bytes())
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    write_dossiers(folder, seeds, rows=rows, seed=7, first=date(2025, 1, 1), last=date(2026, 8, 20))
    files = sorted(folder.iterdir())
    for path in files:  # under a name of real files: samples are superseded by these
        world.land(path.name.removeprefix(SYNTHETIC_PREFIX), path.read_bytes())
    complete = files[0].read_bytes()
    world.land("hoso-2026-08-18.ndjson.gz", complete[: len(complete) // 2])
    world.land("hoso-2026-08-17.ndjson", b'{"MaHoSo": \n\xff\xfe no record\n' + ENDED_BEFORE_ITS_DAY)
    world.land("hoso-2026-08-16.ndjson", b"")
    world.land("hoso-2026-08-19.ndjson", ENDED_BEFORE_ITS_DAY + EARLIER)


def copy_of(world: World, folder: Path) -> Path:
    """The warehouse as it is now, to compare with."""
    copy = folder / "former.duckdb"
    copy.write_bytes(world.platform.settings.warehouse.read_bytes())
    return copy


def files_by_month(world: World) -> dict[str, set[str]]:
    """By month: the files of the rows of dossiers."""
    with world.warehouse.connect() as connection:
        files = files_of_view(connection, "intermediate.int_dossiers")
    return {month_of(file): {other for other in files if month_of(other) == month_of(file)} for file in files}


def marts_and_counts(world: World) -> list[str]:
    counts = [f"intermediate.{name}" for name in ("int_dossiers", "int_qd766_counts", "int_on_time")]
    return [*(mart.relation for mart in world.platform.project.marts), *counts]


def differing(world: World, former: Path, relations: list[str]) -> dict[str, int]:
    """By relation: rows that one of two warehouses has and the other has not, where there are any."""
    found = {}
    with world.warehouse.connect(read_only=True) as connection:
        connection.execute(f"attach '{former}' as former (read_only)")
        for relation in relations:
            # a double may differ in its last digits: sums are of integers, and quotients are the same
            columns = ", ".join(
                f"round({name}, 9) as {name}" if kind == "DOUBLE" else name
                for name, kind, *_ in connection.execute(f"describe {relation}").fetchall()
                if name != "load_no"
            )
            here, there = f"select {columns} from {relation}", f"select {columns} from former.{relation}"
            apart = f"(({here} except all {there}) union all ({there} except all {here}))"
            found[relation] = sum(connection.execute(f"select count(*) from {apart}").fetchone() or (1,))
    return {relation: rows for relation, rows in found.items() if rows}
