"""What a world-wide quarter of tiles costs: `python -m benchmarks.tiles` writes one, made up, and loads its province.

    python -m benchmarks.tiles --tiles 10000000

Three worlds: one, the same with a tenth of the province's tiles, and one of twice the size with all of them; what the
time follows can be read from the three. Each with the tiles in the order of their quadkeys, as the publisher's files
are, so that row groups can be skipped, and in no order, where every one must be read. Each load is a process of its
own, through landing's stream and the warehouse's load into DuckDB; time and peak memory are of that process. Results
are Markdown on stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import measure
from pipelines.settings import load_settings
from pipelines.sources.province import Province, quadkeys

NAME = "2026-07-01_performance_fixed_tiles.parquet"
CHUNK, ZOOM = 500_000, 16


def write_world(path: Path, tiles: int, *, is_sorted: bool, every: int = 1, seed: int = 766) -> None:
    """A quarter of so many tiles, among them every n-th tile of the province's bounding box, written chunk by chunk."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    ours = np.array(
        sorted(int(key, 4) for key in quadkeys(Province.of(load_settings()).box, ZOOM))[::every], dtype=np.int64
    )
    world = rng.integers(0, 4**ZOOM, tiles - len(ours), dtype=np.int64)
    keys = np.concatenate([ours, world])
    if is_sorted:
        keys.sort()
    else:
        rng.shuffle(keys)
    writer = None
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        digits = (part[:, None] >> (2 * np.arange(ZOOM - 1, -1, -1))) & 3
        text = (digits + ord("0")).astype(np.uint8).view(f"S{ZOOM}").ravel()
        lon = np.round(part % 360_000_000 / 1e6 - 180, 4)
        tests = rng.integers(1, 200, len(part))
        table = pa.table(
            {
                "quadkey": pa.array(text).cast(pa.string()),
                # about as long as the polygons of the real files
                "tile": pa.array([f"POLYGON(({x} 18.3415, {x} 18.3363, {x} 18.3363, {x} 18.3415))" for x in lon]),
                "tile_x": lon,
                "tile_y": lon / 2,
                "avg_d_kbps": rng.integers(1_000, 300_000, len(part)),
                "avg_u_kbps": rng.integers(1_000, 300_000, len(part)),
                "avg_lat_ms": rng.integers(1, 90, len(part)),
                "avg_lat_down_ms": rng.normal(200, 20, len(part)),
                "avg_lat_up_ms": rng.normal(200, 20, len(part)),
                "tests": tests,
                "devices": tests // 2 + 1,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table)
    if writer:
        writer.close()


def load_province(path: Path) -> str:
    """Load the file as a run does, into a warehouse beside it, and say what became of its rows."""
    from datetime import UTC, date, datetime
    from types import SimpleNamespace

    from pipelines.sources.ookla_tiles import SOURCE
    from pipelines.warehouse.connection import Warehouse
    from pipelines.warehouse.load import load

    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    file = SimpleNamespace(
        name=NAME,
        path=NAME,
        partition="2026-Q3",
        sha256=sha256,
        extracted_on=date(2026, 7, 1),
        landed_at=datetime(2026, 10, 20, tzinfo=UTC),
        synthetic=True,
        bytes=path.stat().st_size,
    )
    with Warehouse(path.with_suffix(".duckdb")).connect() as connection:
        (result,) = load(
            connection,
            SOURCE.bound(Province.of(load_settings())),
            [file],
            lambda _: path.open("rb"),
            key=bytes(32),
            max_record_bytes=1 << 20,
        ).files
    return (
        f"{result.rows_loaded:,} loaded, {result.rows_quarantined:,} in quarantine, {result.rows_elsewhere:,} elsewhere"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=10_000_000)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.load:
        sys.stdout.write(load_province(options.load))
        return 0
    project = Path(__file__).resolve().parent.parent
    sys.stdout.write("| tiles | order | MB | rows | s | peak MiB |\n|---:|---|---:|---|---:|---:|\n")
    with tempfile.TemporaryDirectory() as folder:
        worlds = [(options.tiles, 1), (options.tiles, 10), (2 * options.tiles, 1)]
        for (tiles, every), order in itertools.product(worlds, ("quadkey", "none")):
            path = Path(folder) / "world.parquet"
            write_world(path, tiles, is_sorted=order == "quadkey", every=every)
            log = path.with_suffix(".log")
            command = [sys.executable, "-m", "benchmarks.tiles", "--load", str(path)]
            run = measure(command, cwd=project, environment=os.environ, log=log)
            size, rows = path.stat().st_size / 1e6, log.read_text(encoding="utf-8").strip()
            sys.stdout.write(
                f"| {tiles:,} | {order} | {size:,.0f} | {rows} | {run.seconds:.1f} | {run.peak_mib:,.0f} |\n"
            )
            for file in Path(folder).iterdir():
                file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
