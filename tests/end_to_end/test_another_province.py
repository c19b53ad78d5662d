"""Another province by settings and a folder of registries alone: made up, with two communes that came of three."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
ROWS: dict[str, str] = {
    "areas": """
        98,2025-01-01,,province,Ví Dụ,tỉnh,,made up,K
        20001,2025-01-01,2025-06-30,commune,Thượng,xã,98,made up,K
        20002,2025-01-01,2025-06-30,commune,Trung,xã,98,made up,K
        20003,2025-01-01,2025-06-30,commune,Hạ,xã,98,made up,K
        20001,2025-07-01,,commune,Thượng Trung,xã,98,made up,K
        20003,2025-07-01,,commune,Hạ,phường,98,made up,K""",
    "area_crosswalk": """
        20001,2025-01-01,20001,2025-07-01,merged,,,made up
        20002,2025-01-01,20001,2025-07-01,merged,,,made up
        20003,2025-01-01,20003,2025-07-01,unchanged,,,made up""",
    "area_facts": """
        98,2025-01-01,population,30000,2025-07-01,người,made up,K,true,
        98,2025-01-01,area_km2,300,2025-07-01,km²,made up,K,true,
        20001,2025-07-01,population,20000,2025-07-01,người,made up,K,true,
        20003,2025-07-01,population,10000,2025-07-01,người,made up,K,true,
        20001,2025-07-01,area_km2,200,2025-07-01,km²,made up,K,true,
        20003,2025-07-01,area_km2,100,2025-07-01,km²,made up,K,true,
        20001,2025-07-01,centroid_lon,108.2,2025-07-01,°,made up,K,true,
        20001,2025-07-01,centroid_lat,12.6,2025-07-01,°,made up,K,true,
        20003,2025-07-01,centroid_lon,108.4,2025-07-01,°,made up,K,true,
        20003,2025-07-01,centroid_lat,12.7,2025-07-01,°,made up,K,true,""",
    "agencies": """
        H98.1,Văn phòng UBND tỉnh,province,98,2025-01-01,,made up
        H98.11,UBND xã Thượng,commune,20001,2025-01-01,2025-06-30,made up
        H98.12,UBND xã Trung,commune,20002,2025-01-01,2025-06-30,made up
        H98.13,UBND xã Hạ,commune,20003,2025-01-01,2025-06-30,made up
        H98.11,UBND xã Thượng Trung,commune,20001,2025-07-01,,made up
        H98.13,UBND phường Hạ,commune,20003,2025-07-01,,made up""",
    "area_aliases": "",
    "qd766_recorded": "",
    "digital_economy_inputs": "",
}
"""Registries with rows of their own; the others, of the nation, are those that ship with the project."""
DOSSIER = {
    "MaTTHC": "9.000001",
    "MaLinhVuc": "HT",
    "KenhThucHien": "2",
    "LoaiDoiTuong": "1",
    "TrangThaiHoSo": "9",
    "NgayHenTra": "20260812170000",
    "NgayKetThucXuLy": "20260810080000",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder and registries of the province, with a file of dossiers, of sites and of villages."""
    home = tmp_path_factory.mktemp("vi-du")
    shutil.copytree(SEEDS, home / "seeds")
    for name, rows in ROWS.items():
        path = home / "seeds" / f"{name}.csv"
        header = path.read_text(encoding="utf-8").splitlines()[0]
        path.write_text("\n".join([header, *(line.strip() for line in rows.split("\n") if line.strip())]) + "\n")
    _keep(home / "seeds" / "published_figures.csv", lambda row: row["area_code"] == "VN")
    _keep(home / "seeds" / "targets.csv", lambda row: row["indicator"] != "grdp_per_capita_million_vnd")
    dossiers = [
        {
            **DOSSIER,
            "MaHoSo": f"{agency}-{day}-{number:04}",
            "NgayNopHoSo": f"20{day}073000",
            "NgayTiepNhan": f"20{day}080000",
        }
        for agency, day, count in (("H98.11", "250602", 2), ("H98.12", "250602", 3), ("H98.13", "260803", 4))
        for number in range(count)
    ]
    files = {
        "dossiers/hoso-2026-08-20.ndjson": "\n".join(json.dumps(dossier) for dossier in dossiers),
        "bts_inventory/viettel-tram-2026-06-30.csv": "Mã trạm,Công nghệ,Kinh độ,Vĩ độ,Xã\n"
        + "".join(f"V{number},4G,108.2,12.6,\n" for number in range(40))
        + "HT,4G,105.9,18.3,\n",
        "village_coverage/viettel-thon-2026-06-30.csv": "Xã,Thôn,4G\nPhường Hạ,Thôn 1,có\n",
    }
    for name, content in files.items():
        path = home / "data" / "drop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return home


def _keep(path: Path, wanted: Callable[[dict[str, str]], bool]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if wanted(row))


@pytest.fixture(scope="module")
def ran(home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "COLUMNS": "200",
        "HATINH_PROVINCE_CODE": "98",
        "HATINH_PORTAL_CODE": "H98",
        "HATINH_PROVINCE_NAME": "Ví Dụ",
        "HATINH_PROVINCE_BOX": "107.9,12.3,108.7,13.0",
        "HATINH_SEEDS_DIR": str(home / "seeds"),
        "HATINH_DATA_DIR": str(home / "data"),
        "HATINH_DAGSTER_DIR": str(home / "dagster"),
        "HATINH_PSEUDONYM_KEY_FILE": str(home / "key"),
        "HATINH_DROP_SETTLE_SECONDS": "0",
    }
    command = [sys.executable, "-m", "pipelines.cli"]
    subprocess.run([*command, "key", "make"], check=True, env=environment, cwd=PROJECT_ROOT, capture_output=True)
    return subprocess.run(
        [*command, "run"], check=False, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def release(ran: subprocess.CompletedProcess[str], home: Path) -> Path:
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return home / "data" / "marts" / "current"


def _rows(release: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_table_passes_and_carries_the_name_of_the_province(release: Path) -> None:
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    assert package["title"] == "Số liệu chuyển đổi số tỉnh Ví Dụ"
    assert {state["verdict"] for state in package["verdicts"].values()} == {"passed"}
    assert "Hà Tĩnh" not in "".join(source["publisher"] for source in package["sources"] if "publisher" in source)
    page = (release / "scoreboard.html").read_text(encoding="utf-8")
    assert "Ví Dụ" in page.split("</h1>")[0]
    tables = _rows(release, "select table_name, column_name from duckdb_columns() where column_name like '%area_code'")
    for table, column in tables:
        foreign = f"select count(*) from {table} where {column} = '42' or {column} like '18%'"
        assert _rows(release, foreign) == [(0,)], (table, column)


def test_only_files_of_dbt_are_written_into_the_project(release: Path) -> None:
    assert release.exists()
    left = {path.name for path in SEEDS.parent.iterdir()} - {"logs", "target"}
    assert left == {"dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests"}


def test_its_figures_go_to_its_own_communes(release: Path) -> None:
    counts = "select area_code, sum(received) from dossiers_by_commune where received > 0 group by all order by all"
    sites = (
        "select area_code, sites from telecom_coverage where technology = '4G' and operator = 'Viettel' and sites > 0 "
        "order by all"
    )
    assert _rows(release, counts) == [("20001", 5), ("20003", 4)], "two communes until June 2025 became one"
    assert _rows(release, sites) == [("20001", 40), ("98", 40)], "a site in Hà Tĩnh is out of place here"
    assert _rows(release, "select count(*) from commune_boundaries") == [(2,)]
    named = "select distinct area_name from target_progress where area_code = '98'"
    assert _rows(release, named) == [("tỉnh Ví Dụ",)]
