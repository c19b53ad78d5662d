"""Sample files of telecom coverage and speed, made up: `python -m samples.telecom OUT`.

Nothing in them was measured. Places are scattered around the centroids of the communes, numbers are drawn around round
figures of no source. They have the form of real files, so that a newcomer sees every table filled: inventories of two
operators, village reports of three, cells of OpenCelliD, tiles of Ookla (some of other places), a month of i-Speed.
The last communes of the list are in no report, so that unknown is seen as well.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.seeds import seed_rows
from pipelines.sources import opencellid_cells
from pipelines.sources.province import Box, quadkeys

OPERATORS = {"viettel": 4, "vinaphone": 2}
REPORTED, VILLAGES = 60, 3
"""Communes that the reports speak of, of the 69; villages of each."""
Centroid = tuple[str, float, float]


def write_telecom(out: Path, seeds: Path, *, seed: int = 2026) -> list[Path]:
    """Write the files into a folder a source, below `out`. The same arguments give the same bytes.

    Args:
        seeds: folder of the dbt seeds, for the communes' centroids.
    """
    communes = _centroids(seeds)
    rng = np.random.default_rng(seed)
    files: dict[str, bytes] = {}
    for operator in OPERATORS:
        files[f"bts_inventory/sample-{operator}-tram-2026-09-30.csv"] = _sites(rng, operator, communes[:REPORTED])
        files[f"village_coverage/sample-{operator}-thon-2026-09-30.csv"] = _villages(rng, communes[:REPORTED])
    files["opencellid_cells/sample-452-2026-09-30.csv.gz"] = _cells(rng, communes)
    for network, typical in (("fixed", 160_000), ("mobile", 70_000)):
        name = f"ookla_tiles/sample-2026-07-01_performance_{network}_tiles.parquet"
        files[name] = _tiles(rng, typical, communes)
    files["ispeed/sample-ispeed-2026-09.csv"] = _ispeed(rng, communes)
    # a gap in signal needs the third operator's no
    files["village_coverage/sample-mobifone-thon-2026-09-30.csv"] = _villages(rng, communes[:REPORTED])
    paths = []
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def _centroids(seeds: Path) -> list[Centroid]:
    found: dict[str, dict[str, float]] = {}
    for row in seed_rows(seeds, "area_facts"):
        if row["fact"].startswith("centroid_") and row.is_true("is_preferred"):
            found.setdefault(row["area_code"], {})[row["fact"]] = row.number("value")
    return [(code, at["centroid_lon"], at["centroid_lat"]) for code, at in sorted(found.items())]


def _table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode("utf-8-sig")


def _near(rng: np.random.Generator, lon: float, lat: float) -> tuple[float, float]:
    """A place some kilometres around."""
    x, y = rng.normal(0, 0.012, 2)
    return round(lon + float(x), 5), round(lat + float(y), 5)


def _sites(rng: np.random.Generator, operator: str, communes: Sequence[Centroid]) -> bytes:
    headings = ("Mã trạm", "Công nghệ", "Kinh độ", "Vĩ độ", "Ngày phát sóng", "Trạng thái", "Mã xã")
    rows = []
    for code, lon, lat in communes:
        for number in range(int(rng.integers(1, 4))):
            technology = "2G/4G/5G" if rng.random() < 0.3 else "2G/4G"
            day = f"{int(rng.integers(1, 28)):02d}/{int(rng.integers(1, 12)):02d}/{int(rng.integers(2015, 2026))}"
            rows.append(
                (f"MAU-{operator}-{code}-{number}", technology, *_near(rng, lon, lat), day, "Đang hoạt động", code)
            )
    return _table(headings, rows)


def _villages(rng: np.random.Generator, communes: Sequence[Centroid]) -> bytes:
    headings = ("Mã xã", "Xã, phường", "Thôn, tổ dân phố", "2G", "3G", "4G", "5G", "Cáp quang")

    def word(yes: float, no: float) -> str:
        return str(rng.choice(["có", "không", ""], p=[yes, no, 1 - yes - no]))

    rows = []
    for at, (code, _, _) in enumerate(communes):
        for number in range(VILLAGES):
            # one village in 29 has nothing from anybody, so that gaps are seen
            is_gap = (at * VILLAGES + number) % 29 == 5
            signal = word(0.0, 1.0) if is_gap else word(0.96, 0.03)
            fifth = word(0.3, 0.69) if signal == "có" else signal
            rows.append(
                (
                    code,
                    "",
                    f"Thôn mẫu {number + 1}",
                    signal,
                    "không",
                    signal,
                    fifth,
                    "không" if is_gap else word(0.9, 0.06),
                )
            )
    return _table(headings, rows)


def _cells(rng: np.random.Generator, communes: Sequence[Centroid]) -> bytes:
    """As files of one country come: gzip, no header, CRLF; with cells of other countries and one of an unknown
    network."""
    lines = []
    for _, lon, lat in communes:
        for operator in OPERATORS.values():
            for radio in ("GSM", "LTE", "NR")[: int(rng.integers(1, 4))]:
                x, y = _near(rng, lon, lat)
                area, cell = int(rng.integers(1, 60_000)), int(rng.integers(1, 90_000_000))
                lines.append(f"{radio},452,{operator},{area},{cell},-1,{x},{y},1500,5,1,1609459200,1767225600,0")
    lines += ["UMTS,452,1,1,2,-1,105.85,21.02,500,3,1,1609459200,1609459200,0"] * 2
    lines.append(lines[0].replace(",452,", ",452,9", 1))
    assert all(line.count(",") == len(opencellid_cells.FIELDS) - 1 for line in lines)  # noqa: S101
    return gzip.compress(("\r\n".join(lines) + "\r\n").encode(), mtime=0)


def _tiles(rng: np.random.Generator, typical: int, communes: Sequence[Centroid]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = {"0" * 16, "3" * 16, "1202021132013120"}  # of other places
    for _, lon, lat in communes[: REPORTED - 5]:
        for _ in range(int(rng.integers(1, 4))):
            x, y = _near(rng, lon, lat)
            keys |= quadkeys(Box(x, y, x, y), 16)
    ordered = sorted(keys)
    tests = rng.integers(2, 60, len(ordered))
    speed = rng.normal(typical, typical / 5, len(ordered)).astype("int64")
    table = pa.table(
        {
            "quadkey": ordered,
            "tile": ["POLYGON EMPTY"] * len(ordered),
            "avg_d_kbps": speed,
            "avg_u_kbps": speed // 2,
            "avg_lat_ms": rng.integers(5, 40, len(ordered)),
            "tests": tests,
            "devices": tests // 2 + 1,
        }
    )
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def _ispeed(rng: np.random.Generator, communes: Sequence[Centroid]) -> bytes:
    headings = ("Kỳ", "Mã xã", "Loại mạng", "Tải xuống (Mbps)", "Tải lên (Mbps)", "Ping (ms)", "Số mẫu")
    rows = []
    for code, _, _ in communes[:REPORTED]:
        for network, typical in (("cố định", 150), ("di động", 60)):
            speed = round(float(rng.normal(typical, typical / 8)), 1)
            samples = int(rng.choice([80, 250, 420], p=[0.5, 0.3, 0.2]))
            rows.append(("09/2026", code, network, speed, round(speed / 2, 1), int(rng.integers(5, 40)), samples))
    return _table(headings, rows)


if __name__ == "__main__":
    from pipelines.settings import PROJECT_ROOT

    for written in write_telecom(Path(sys.argv[1]), PROJECT_ROOT / "dbt_project" / "seeds"):
        sys.stdout.write(f"{written}\n")
