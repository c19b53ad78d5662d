"""Other provinces by settings and a folder of registries alone, side by side in one installation.

Two are made up, with two communes that came of three; one is real, as `hatinh province new` writes it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.new.province import write_province
from pipelines.release.codes import tables_alone
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
"""Registries with rows of their own; the others are those of the nation."""
NAMES = {"98": "Ví Dụ", "97": "Mẫu Số"}
DOSSIER = {
    "MaTTHC": "9.000001",
    "MaLinhVuc": "HT",
    "KenhThucHien": "2",
    "LoaiDoiTuong": "1",
    "TrangThaiHoSo": "9",
    "NgayHenTra": "20260812170000",
    "NgayKetThucXuLy": "20260810080000",
}


AREA_COLUMNS = """
    select schema_name || '.' || table_name, column_name from duckdb_columns()
    where column_name like '%area_code' and not internal and table_name <> 'area_codes'
"""
"""Not of the list of codes, which names every province."""
CODES = ("98", "97")
"""The two made-up provinces: the second is the first under other codes."""


def _of(code: str, text: str) -> str:
    return (
        text
        if code == "98"
        else re.sub(r"\b98\b|H98", lambda found: found[0].replace("98", code), text).replace("2000", "2100")
    )


def _write_home(home: Path, code: str) -> None:
    """Registries, settings and a drop folder of one made-up province."""
    write_province("44", home, SEEDS)
    for name, rows in ROWS.items():
        path = home / "seeds" / f"{name}.csv"
        header = path.read_text(encoding="utf-8").splitlines()[0]
        lines = [line.strip() for line in _of(code, rows).split("\n") if line.strip()]
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    settings = (home / "settings.env").read_text(encoding="utf-8")
    for before, after in (('"44"', f'"{code}"'), ('"H50"', f'"H{code}"'), ("Quảng Trị", NAMES[code])):
        assert before in settings
        settings = settings.replace(before, after)
    settings = re.sub('PROVINCE_BOX=".*"', 'PROVINCE_BOX="107.9,12.3,108.7,13.0"', settings)
    (home / "settings.env").write_text(f"{settings}HATINH_DROP_SETTLE_SECONDS=0\n", encoding="utf-8")
    procedures = (SEEDS / "procedures.csv").read_text(encoding="utf-8")
    (home / "seeds" / "procedures.csv").write_text(procedures, encoding="utf-8")
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
        path.write_text(_of(code, content), encoding="utf-8")


def _command(home: Path, *command: str) -> subprocess.Popen[str]:
    """`hatinh --settings` in a process whose environment names no province."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "--lang", "en", "--settings", str(home / "settings.env"), *command],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two provinces of one installation, run at the same time."""
    homes = {code: Path(tmp_path_factory.mktemp("provinces")) / code for code in CODES}
    for code, home in homes.items():
        _write_home(home, code)
        assert _command(home, "key", "make").wait() == 0
    runs = {code: _command(home, "run") for code, home in homes.items()}
    for code, run in runs.items():
        output, _ = run.communicate()
        assert run.returncode == 0, (code, output[-3000:])
    return homes


@pytest.fixture(scope="module")
def home(homes: dict[str, Path]) -> Path:
    return homes["98"]


@pytest.fixture(scope="module")
def release(home: Path) -> Path:
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
    tables = _rows(release, AREA_COLUMNS)
    for table, column in tables:
        foreign = f"select count(*) from {table} where {column} not in ('VN', '98', '20001', '20002', '20003')"
        assert _rows(release, foreign) == [(0,)], (table, column)


def test_the_other_province_has_the_same_figures_under_its_own_codes(homes: dict[str, Path]) -> None:
    release = homes["97"] / "data" / "marts" / "current"
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    assert package["title"] == "Số liệu chuyển đổi số tỉnh Mẫu Số"
    assert package["held_back"] == []
    counts = "select area_code, sum(received) from dossiers_by_commune where received > 0 group by all order by all"
    assert _rows(release, counts) == [("21001", 5), ("21003", 4)]
    page = (release / "scoreboard.html").read_text(encoding="utf-8")
    assert "Ví Dụ" not in page
    assert {path.name for path in (homes["97"] / "data" / "dbt").iterdir()} >= {"manifest.json"}, (
        "dbt's files are apart"
    )


def test_the_nation_unites_both_without_a_row_under_another_code(homes: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(f'HATINH_DATA_DIR="{tmp_path / "data"}"\n', encoding="utf-8")
    made = _command(tmp_path, "nation", *(str(home / "settings.env") for home in homes.values()))
    output, _ = made.communicate()
    assert made.returncode == 0, output
    nation = tmp_path / "data" / "marts" / "current"
    for code, home in homes.items():
        own = home / "data" / "marts" / "current"
        for table in tables_alone(json.loads((own / "datapackage.json").read_bytes()))["resources"]:
            name = table["name"]
            under_it = f"select * exclude (province_code, is_stale) from united.{name} where province_code = '{code}'"
            with duckdb.connect(str(own / "marts.duckdb"), read_only=True) as connection:
                connection.execute(f"attach '{nation / 'marts.duckdb'}' as united (read_only)")
                differ = f"(({under_it}) except all from {name}) union all (from {name} except all ({under_it}))"
                assert connection.execute(f"select count(*) from ({differ})").fetchone() == (0,), (code, name)
    compared = "select province_code, value, rank, provinces from province_comparison where measure = '{}'"
    # a column has no direction, so no rank
    for measure, rank in {"dossiers_online_pct": 1, "online_pct": None}.items():
        figures = _rows(nation, compared.format(measure))
        assert {row[0] for row in figures} == set(homes)
        assert {row[2:] for row in figures} == {(rank, 2)}, "the second is the first under other codes"


def test_a_data_folder_is_of_one_province(homes: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(homes["97"] / "settings.env", tmp_path)
    mixed = (
        (tmp_path / "settings.env").read_text(encoding="utf-8").replace(f"{homes['97']}/data", f"{homes['98']}/data")
    )
    mixed = mixed.replace(f"{homes['97']}/secrets", f"{homes['98']}/secrets")
    (tmp_path / "settings.env").write_text(mixed, encoding="utf-8")
    run = _command(tmp_path, "run")
    output, _ = run.communicate()
    assert run.returncode == 1
    assert "holds province 98, and the settings are of 97 (Mẫu Số)" in " ".join(output.split())


def test_a_real_province_is_written_by_one_command_and_runs(tmp_path: Path) -> None:
    """Quảng Trị: 265 communes became 78, none of them in Hà Tĩnh. Without files every table of dossiers is empty."""
    home = tmp_path / "44"
    subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "province", "new", "44", "--folder", str(home)],
        check=True,
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"]},
    )
    assert _command(home, "key", "make").wait() == 0
    run = _command(home, "run")
    output, _ = run.communicate()
    assert run.returncode == 0, output[-3000:]
    release = home / "data" / "marts" / "current"
    communes = "select count(*) from area_registry where area_level = 'commune' and valid_to is null"
    assert _rows(release, communes) == [(78,)]
    for table, column in _rows(release, AREA_COLUMNS):
        foreign = f"select count(*) from {table} where {column} = '42' or {column} in (select unnest(?))"
        with (SEEDS / "areas.csv").open(encoding="utf-8", newline="") as file:
            ours = [row["area_code"] for row in csv.DictReader(file)]
        with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as connection:
            assert connection.execute(foreign, [ours]).fetchall() == [(0,)], (table, column)
    targets = _rows(release, "select count(*) from target_progress where area_code = '44'")
    assert targets[0][0] > 40, "the nation's targets hold for the province"


def test_only_files_of_dbt_are_written_into_the_project(release: Path) -> None:
    assert release.exists()
    left = {path.name for path in SEEDS.parent.iterdir()} - {"logs", "target"}
    assert left == {
        "dbt_project.yml",
        "profiles.yml",
        "columns.yml",
        "retired_tables.yml",
        "macros",
        "models",
        "seeds",
        "tests",
    }


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
