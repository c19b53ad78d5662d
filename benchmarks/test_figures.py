"""The comparison of figures finds every kind of difference, and the bare script reads what the feed writes."""
# ruff: noqa: S101

from __future__ import annotations

import csv
import gzip
import json
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from benchmarks.bare import build
from benchmarks.figures import KEYS, differences
from benchmarks.processes import ProgramError, measure

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"
CELL = "select date '2026-01-01' as month, 'A' as agency_code, 'HT' as procedure_field_code, 1.25::double as mean_days"


def marts(folder: Path, cell: str = CELL) -> Path:
    folder.mkdir()
    for mart in KEYS:
        duckdb.sql(cell).write_parquet(str(folder / f"{mart}.parquet"))
    return folder


def test_equal_figures_do_not_differ_even_where_a_key_is_null(tmp_path: Path) -> None:
    cell = CELL.replace("'HT'", "null::varchar")
    assert differences(marts(tmp_path / "a", cell), marts(tmp_path / "b", cell)) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (CELL.replace("1.25", "1.26"), "dossier_timeliness.mean_days: 1 of 1 rows differ"),
        (CELL.replace("1.25::double", "null::double"), "dossier_timeliness.mean_days: 1 of 1 rows differ"),
        (CELL.replace("'A'", "'B'"), "dossier_timeliness: 1 rows only in"),
        (CELL.replace("double", "float"), "dossier_timeliness.mean_days: DOUBLE in"),
        (CELL.replace("mean_days", "median_days"), "dossier_timeliness.mean_days: DOUBLE in"),
        (f"{CELL} union all {CELL}", "dossier_timeliness: 1 rows repeat a key in"),
        (f"{CELL} limit 0", "dossier_timeliness: 1 rows only in"),
    ],
    ids=["value", "null", "key", "type", "column", "repeated", "empty"],
)
def test_a_difference_is_named(tmp_path: Path, cell: str, message: str) -> None:
    found = differences(marts(tmp_path / "a"), marts(tmp_path / "b", cell))
    assert any(text.startswith(message) for text in found), found


def test_a_term_in_days_ends_when_its_last_day_ends(tmp_path: Path) -> None:
    """Open, without a due date, in term until the last second of the month: seen at ten million dossiers first."""
    with (SEEDS / "procedures.csv").open(encoding="utf-8") as rows:
        of_days = (row for row in csv.DictReader(rows) if row["statutory_unit"] == "day")
        procedure = next(row for row in of_days if int(row["statutory_days"]) < 28)
    received = date(2026, 6, 30) - timedelta(days=int(procedure["statutory_days"]))
    dossier: dict[str, object] = {
        "MaHoSo": f"H27.1-{received:%y%m%d}-0001",
        "MaTTHC": procedure["procedure_code"],
        "NgayTiepNhan": f"{received:%Y%m%d}100000",
        "DanhSachHoSoBoSung": [],
    }
    (tmp_path / "raw").mkdir()
    with gzip.open(tmp_path / "raw" / "hoso-2026-06.ndjson.gz", "wt", encoding="utf-8") as out:
        out.write(json.dumps(dossier) + "\n")
    build(tmp_path / "raw", SEEDS, tmp_path / "out", threads=1, memory="1GB")
    counted = f"select in_process, overdue from read_parquet('{tmp_path / 'out' / 'dossier_timeliness.parquet'}')"
    assert duckdb.execute(counted).fetchall() == [(1, 0)]


def test_the_newest_version_counts_and_both_spellings_of_a_time_are_read(tmp_path: Path) -> None:
    dossier = {
        "MaHoSo": "H27.1-20260105-0000001",
        "MaTTHC": "unknown",
        "MaLinhVuc": "HT",
        "KenhThucHien": "2",
        "NgayTiepNhan": "20260105080000",
        "NgayHenTra": "2026-01-20 17:00:00",
        "NgayKetThucXuLy": "",
        "NgayTra": "",
        "NgayTuChoi": "",
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
        "ChuHoSo": "Người Mẫu",
    }
    finished = {**dossier, "NgayKetThucXuLy": "2026-01-20 17:00:01"}
    for name, record in (("hoso-2026-01-10", dossier), ("hoso-2026-01-21", finished), ("hoso-2025-12", dossier)):
        (tmp_path / f"{name}.ndjson.gz").write_bytes(gzip.compress(json.dumps(record).encode() + b"\n"))
    build(tmp_path, SEEDS, tmp_path / "out", threads=1, memory="1GB")
    file = str(tmp_path / "out" / "dossier_timeliness.parquet")
    counts = duckdb.sql(f"select received, resolved, late, overdue, procedure_field_name from '{file}'").fetchall()
    assert counts == [(1, 1, 1, 0, "Hộ tịch")]


def test_a_failed_program_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('the last words'); raise SystemExit(3)"]
    with pytest.raises(ProgramError, match=r"exit code 3(.|\n)*the last words"):
        measure(command, cwd=tmp_path, environment={}, log=tmp_path / "log")


def test_cpu_counts_the_processes_that_a_program_starts_and_leaves_behind(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass\nopen('ended', 'w').close()"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    leave = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {burn!r}]); time.sleep(0.2)"
    for program in (burn, start, leave):
        (tmp_path / "ended").unlink(missing_ok=True)
        run = measure([sys.executable, "-c", program], cwd=tmp_path, environment={}, log=tmp_path / "log")
        assert (tmp_path / "ended").exists(), program
        assert run.cpu_seconds > 0.3, program


def test_peak_memory_counts_the_processes_that_a_program_starts(tmp_path: Path) -> None:
    hold = "held = bytearray(b'x') * (100 << 20); import time; time.sleep(0.3)"
    alone = measure([sys.executable, "-c", hold], cwd=tmp_path, environment={}, log=tmp_path / "log")
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    started = measure([sys.executable, "-c", start], cwd=tmp_path, environment={}, log=tmp_path / "log")
    assert alone.peak_mib > 100
    assert started.peak_mib > alone.peak_mib
