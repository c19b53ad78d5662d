"""The folder that `hatinh province new` writes: of one province, without faults, and without a row of Hà Tĩnh."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.new.national_units import units_of
from pipelines.new.province import NoProvince, province_of, write_province
from pipelines.quality.registries import faults
from pipelines.settings import PROJECT_ROOT, SettingsError, load_settings, use_settings_file

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TODAY = [row["area_code"] for row in rows(SEEDS / "provinces.csv") if not row["valid_to"] and row["area_code"] != "VN"]
FEW = ("44", "46", "79")  # one with a special zone, two cities with urban districts


def test_the_national_list_has_our_own_communes_as_the_resolution_names_them() -> None:
    ours = {(row["old_code"], row["new_code"], row["relation"]) for row in rows(SEEDS / "area_crosswalk.csv")}
    assert {(row["old_code"], row["new_code"], row["relation"]) for row in units_of("42")} == ours
    today = [row for row in rows(SEEDS / "areas.csv") if row["level"] == "commune" and not row["valid_to"]]
    named = {(row["area_code"], row["name"], row["kind"]) for row in today}
    assert {(row["new_code"], row["new_name"], row["new_kind"]) for row in units_of("42")} == named


def test_the_national_list_has_every_commune_of_every_province_once() -> None:
    units = [row for code in TODAY for row in units_of(code)]
    assert (len(TODAY), len({row["new_code"] for row in units})) == (34, 3321)
    whole = [row["old_code"] for row in units if row["relation"] != "split"]
    assert len(whole) == len(set(whole)), "a commune that was not split went into one"


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[] if code in FEW else [pytest.mark.slow]) for code in TODAY]
)
def test_the_registries_of_a_province_hold_together(code: str, tmp_path: Path) -> None:
    province = write_province(code, tmp_path / code, SEEDS)
    own = tmp_path / code / "seeds"
    assert [str(fault) for fault in faults(own, PROJECT_ROOT / "docs" / "methods", code)] == []
    areas = {row["area_code"] for row in rows(own / "areas.csv")}
    assert not areas & {row["area_code"] for row in rows(SEEDS / "areas.csv")} or code == "42"
    for registry in own.glob("*.csv"):
        if registry.stem not in ("areas", "provinces"):
            stated = {row.get("area_code", "VN") for row in rows(registry)}
            assert stated <= areas | {"VN"}, registry.stem
    assert {row["level"] for row in rows(own / "targets.csv") if not row["target_id"].endswith("_not_set")} == {
        "national"
    }
    west, south, east, north = map(float, province.box.split(","))
    points = [(float(row["lon"]), float(row["lat"])) for row in units_of(code)]
    assert all(west < lon < east and south < lat < north for lon, lat in points)


def test_the_settings_are_read_from_the_file_of_the_province_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HATINH_SETTINGS", "HATINH_DATA_DIR"):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text('HATINH_ADDRESSES={"dossiers": "https://ha-tinh.example.vn"}\n')
    assert load_settings().addresses
    write_province("44", tmp_path / "44", SEEDS)
    use_settings_file(tmp_path / "44" / "settings.env")
    settings = load_settings()
    assert (settings.province_code, settings.portal_code, settings.province_name) == ("44", "H50", "Quảng Trị")
    assert settings.addresses == {}, "of the other province's .env"
    places = (settings.data, settings.seeds, settings.dagster_home, settings.pseudonym_key, settings.dbt_target)
    assert all(str(place).startswith(str(tmp_path / "44")) for place in places)
    monkeypatch.setenv("HATINH_DATA_DIR", "/var/lib/ha-tinh")
    with pytest.raises(SettingsError, match="HATINH_DATA_DIR is set in the environment and in"):
        use_settings_file(tmp_path / "44" / "settings.env")


def test_what_is_there_is_not_overwritten_and_an_unknown_code_is_named(tmp_path: Path) -> None:
    (tmp_path / "44").mkdir()
    result = CliRunner().invoke(app, ["province", "new", "44", "--folder", str(tmp_path / "44")])
    assert (result.exit_code, list((tmp_path / "44").iterdir())) == (1, [])
    with pytest.raises(NoProvince, match="44 Quảng Trị"):
        province_of("99", SEEDS)
    assert CliRunner().invoke(app, ["province", "new", "30", "--folder", str(tmp_path / "x")]).exit_code == 2
