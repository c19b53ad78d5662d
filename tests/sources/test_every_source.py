"""What holds for every source and every record: no row is lost, and no date is implausible."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loads import PROVINCE, loaded

from pipelines.reasons import REASONS
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources, framing
from pipelines.sources.base import Source

DAY = date(2026, 11, 20)
EARLIEST, LATEST = date(1950, 1, 1), date(2100, 12, 31)
TO_COME = {"due_at", "step_due_at", "on_air_date"}
"""Columns that may lie behind the day of the file; periods end at most with their year."""
GOLDEN = {
    "dossiers": "*/*/hoso-*.ndjson",
    "dvcqg_dossiers": "*/*/hoso-*.ndjson",
    "petitions": "*/*/pakn-*.csv",
    "published_tables": "*/*/bang-*.csv",
}
"""Golden cases of sources that have no folder of their name in them."""
NUMBER, AT = "H27.101-261002-0001", "2026-10-02T08:00:00"
BY_HAND: dict[str, dict[str, Any]] = {
    "onestop_dossiers": {"maHoSo": NUMBER, "maTTHC": "9.000001", "trangThaiHoSoId": 4, "ngayTiepNhan": AT},
    "onestop_exports": {"MaHoSo": NUMBER, "TenTTHC": "Khai sinh", "TrangThai": "Đang xử lý", "NgayTiepNhan": AT},
    "igate_dossiers": {
        "code": NUMBER,
        "procedure": {"code": "9.000001"},
        "dossierStatus": {"id": 2},
        "acceptedDate": AT,
        "appointmentDate": "2026-10-12T17:00:00",
    },
    "dvcqg_progress": {"MaHoSo": NUMBER, "TrangThai": "4", "ThoiDiemXuLy": "20261002080000"},
    "agencies": {"MADONVI": "H27.101", "TENDONVI": "UBND phường Thành Sen", "CAPDONVI": "3"},
    "procedures": {"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"},
}
"""Records of sources that have neither."""
ODD = (
    *("", " ", None, True, 0, -1, 12.7, 1.024, "1.024", "1,024", "1.234,5", "-1", "1e999", "nan", "9" * 20),
    *(
        "0001-01-01T00:00:00",
        "1026-10-10",
        "1900-01-01",
        "9999-12-31 23:59:59.997",
        "2206-10-10",
        "10/10/26",
        "20261010",
        "31/02/2026",
    ),
    *(
        "31/02/2026",
        "2027-01-01",
        "1026-10-10",
        "20261010000000",
        "2026-10-10T09:00:00+0700",
        "0000-00-00",
        "1999-12-31 23:59:59",
    ),
    *("#N/A", "#REF!", "=", "Tổng cộng", "h27.101-261002-1", "H27.101-261002-0002", "a\u200bb", "\ufffd", "\x00", "'5"),
    *("Viettel", "4G", "18073", "105,9", "18.34", "{}", "[]", "x" * 3000, "2026", "2026-Q3", "2026-H1", "09/2026"),
)


@cache
def records(name: str) -> tuple[dict[str, Any], ...]:
    """Some records of a source, from the shipped samples and the golden cases."""
    source = all_sources()[name]
    raw, golden = PROJECT_ROOT / "data" / "raw" / name, PROJECT_ROOT / "tests" / "golden"
    paths = [path for path in sorted(raw.glob("*/*")) if not path.name.endswith(".receipt.json")]
    for path in [*paths, *sorted(golden.glob(f"*/*/{name}/*")), *sorted(golden.glob(GOLDEN.get(name, "nothing")))]:
        batches = source.frames(io.BytesIO(path.read_bytes()), max_record_bytes=1 << 20, name=path.name)
        if found := tuple(json.loads(text) for batch in batches for text in batch.text.to_pylist()[:20]):
            return found
    return (BY_HAND.get(name) or dict.fromkeys(source.table.structure, None),)


def as_json(source: Source) -> Source:
    """The source, its records given as they leave the framing: that is tested elsewhere."""
    return replace(source, frame=framing.frame, frames_by_name=False, frames_by_province=False)


def check_rows(name: str, data: st.DataObject, size: int) -> None:
    source = all_sources()[name]
    fields = st.lists(st.sampled_from(sorted(source.table.structure)), max_size=3)
    value = st.sampled_from(ODD) | st.text(max_size=12)
    rows = []
    for _ in range(data.draw(st.integers(size // 2, size))):
        row = dict(data.draw(st.sampled_from(records(name))))
        for field in data.draw(fields):
            row[field] = data.draw(value)
        rows.append(row)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    found = loaded(as_json(source), content, day=DAY)
    assert len(found.rows) + len(found.reasons) == len(rows)
    assert {reason for _, reason, _, _ in found.reasons} <= REASONS.keys()
    for row in found.rows:
        for column, value in row.items():
            if isinstance(value, date):
                day = value.date() if isinstance(value, datetime) else value
                latest = date(DAY.year, DAY.month, DAY.day + 1)
                is_to_come = column in TO_COME or column.startswith("period_")
                assert EARLIEST <= day <= (LATEST if is_to_come else latest), (column, value)


FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", all_sources())
@given(data=st.data())
@FEW
def test_every_row_is_loaded_or_rejected_and_every_date_is_plausible(name: str, data: st.DataObject) -> None:
    check_rows(name, data, 24)


@pytest.mark.slow
@pytest.mark.parametrize("name", all_sources())
@given(data=st.data())
@settings(FEW, max_examples=20)
def test_every_row_of_many_files_is_loaded_or_rejected(name: str, data: st.DataObject) -> None:
    check_rows(name, data, 40)


@pytest.mark.parametrize("name", all_sources())
def test_every_reason_is_registered(name: str) -> None:
    assert {rule.reason for rule in all_sources()[name].table.rules} <= REASONS.keys()


def test_importing_the_sources_reads_no_setting_and_no_registry() -> None:
    """A wrong setting is reported when it is read, and a source can be imported for any province."""
    imports = (
        "import importlib, pkgutil, sys, pipelines.sources as s; "
        "[importlib.import_module(f'pipelines.sources.{m.name}') for m in pkgutil.iter_modules(s.__path__)]; "
        "import pipelines.reporting.obligations; "
        "sys.exit(any(name.startswith('pipelines.landing') for name in sys.modules))"
    )
    wrong = {"HATINH_PROVINCE_BOX": "nowhere", "HATINH_SEEDS_DIR": "/nonexistent", "HATINH_THREADS": "none"}
    ran = subprocess.run(
        [sys.executable, "-c", imports], cwd=PROJECT_ROOT, env={**os.environ, **wrong}, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()


def test_a_source_is_bound_to_its_province() -> None:
    other = replace(PROVINCE, name="Lâm Đồng", seeds=PROJECT_ROOT / "nowhere")
    bound = all_sources(other)
    assert "Lâm Đồng" in bound["dossiers"].publisher
    assert (
        bound["boundaries"].reading()
        != all_sources(replace(other, box=replace(PROVINCE.box, west=1.0)))["boundaries"].reading()
    )
