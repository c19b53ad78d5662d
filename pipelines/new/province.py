"""The folder of another province: its registries, made from the national lists, and its settings.

What is known of every province is written: units, mergers, points, national figures and targets. What is not known
stays empty and is named: agencies, procedures, population, own figures and targets. No row of Hà Tĩnh is kept.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.language import tr
from pipelines.new.national_units import units_of
from pipelines.seeds import read_seed, seed_rows

NATION, OURS = "VN", "Hà Tĩnh"
BEFORE, LAST_BEFORE, TODAY = "2025-01-01", "2025-06-30", "2025-07-01"
LIST = "Nghị quyết sắp xếp đơn vị hành chính năm 2025, theo vietnamadminunits 1.0.4 (MIT)"
AIR_DEGREES = 0.25
"""Beyond the outermost points of communes: the box must hold their territories."""
Row = Mapping[str, str]


class NoProvince(ValueError):
    """The national lists have no such province, or it is ours. The message lists what there is."""


@dataclass(frozen=True)
class Province:
    """What settings must name."""

    code: str
    name: str
    kind: str
    portal_code: str
    box: str
    communes: int
    former_communes: int


def province_of(code: str, seeds: Path) -> Province:
    """The province as the national lists have it.

    Raises:
        NoProvince: no province has this code today.
    """
    named = {row["area_code"]: row for row in seed_rows(seeds, "provinces") if not row["valid_to"]}
    units = units_of(code)
    if code not in named or not units:
        known = ", ".join(f"{row['area_code']} {row['name']}" for row in named.values() if row["area_code"] != NATION)
        raise NoProvince(tr("no province has the code {code}: {known}", code=code, known=known))
    name = named[code]["name"]
    portal = {_plain(row["department_name"]): row["department_code"] for row in seed_rows(seeds, "qd766_provinces")}
    lons, lats = [float(row["lon"]) for row in units], [float(row["lat"]) for row in units]
    box = (min(lons) - AIR_DEGREES, min(lats) - AIR_DEGREES, max(lons) + AIR_DEGREES, max(lats) + AIR_DEGREES)
    return Province(
        code=code,
        name=name,
        kind=named[code]["kind"],
        portal_code=portal[_plain(name)],
        box=",".join(f"{degrees:.2f}" for degrees in box),
        communes=len({row["new_code"] for row in units}),
        former_communes=len({row["old_code"] for row in units}),
    )


def write_province(code: str, folder: Path, seeds: Path) -> Province:
    """Write `seeds/` and `settings.env` of a province into a folder that does not exist yet.

    Raises:
        NoProvince: no province has this code today.
        FileExistsError: the folder is there; nothing is overwritten.
    """
    province = province_of(code, seeds)
    folder.mkdir(parents=True)
    own = folder / "seeds"
    shutil.copytree(seeds, own)
    for name, rows in _made(province).items():
        _write(own / f"{name}.csv", rows)
    for name, keep in _kept(province).items():
        rows = [row for row in seed_rows(own, name) if keep(row)]
        _write(own / f"{name}.csv", rows)
    _write(own / "targets.csv", _targets(own, province))
    (folder / "settings.env").write_text(_settings(province, folder), encoding="utf-8")
    return province


def _made(province: Province) -> dict[str, list[Row]]:
    """Registries whose rows are all of one province; those without rows are for people to fill."""
    units = units_of(province.code)
    return {
        "areas": list(_areas(province, units)),
        "area_crosswalk": [
            {"old_code": row["old_code"], "old_valid_from": BEFORE, "new_code": row["new_code"]}
            | {"new_valid_from": TODAY, "relation": row["relation"], "source": LIST}
            for row in units
        ],
        "area_facts": list(_facts(units)),
        **{name: [] for name in ("area_aliases", "village_aliases", "agencies", "procedures", "statistics_accepted")},
    }


def _kept(province: Province) -> dict[str, Callable[[Row], bool]]:
    """Registries of which the nation's rows, or those of the province, are kept."""
    return {
        name: (lambda row: row["area_code"] == NATION)
        for name in ("published_figures", "digital_economy_inputs", "release_calendar", "statistic_series")
    }


def _areas(province: Province, units: list[dict[str, str]]) -> Iterable[Row]:
    common = {"source": LIST, "grade": "C"}
    yield {"area_code": province.code, "valid_from": BEFORE, "level": "province", "name": province.name} | {
        "kind": province.kind,
        **common,
    }
    districts = {row["district_code"]: row for row in units if row["district_code"]}
    for code, row in sorted(districts.items()):
        yield {"area_code": code, "valid_from": BEFORE, "valid_to": LAST_BEFORE, "level": "district"} | {
            "name": row["district_name"],
            "kind": row["district_kind"],
            "parent_code": province.code,
            **common,
        }
    for code, row in sorted({row["old_code"]: row for row in units}.items()):
        yield {"area_code": code, "valid_from": BEFORE, "valid_to": LAST_BEFORE, "level": "commune"} | {
            "name": row["old_name"],
            "kind": row["old_kind"],
            "parent_code": row["district_code"] or province.code,
            **common,
        }
    for code, row in sorted({row["new_code"]: row for row in units}.items()):
        yield {"area_code": code, "valid_from": TODAY, "level": "commune", "name": row["new_name"]} | {
            "kind": row["new_kind"],
            "parent_code": province.code,
            **common,
        }


def _facts(units: list[dict[str, str]]) -> Iterable[Row]:
    """Area and a point of each current commune, where they are known. The population is not in the list."""
    kinds = (("area_km2", "area_km2", "km²"), ("centroid_lon", "lon", "°"), ("centroid_lat", "lat", "°"))
    for code, row in sorted({row["new_code"]: row for row in units}.items()):
        for fact, column, unit in kinds:
            if row[column]:
                yield {"area_code": code, "valid_from": TODAY, "fact": fact, "value": row[column], "as_of": TODAY} | {
                    "unit": unit,
                    "source": LIST,
                    "grade": "C",
                    "is_preferred": "true",
                }


def _targets(own: Path, province: Province) -> list[Row]:
    """The nation's targets, without what was known of Hà Tĩnh, and one row for each pillar that has none."""
    rows: list[Row] = [
        row
        | {"baseline_value": "", "baseline_year": ""}
        | (
            {
                "responsible_agency": row["responsible_agency"].replace(OURS, province.name),
                "responsible_basis": "proposed",
            }
            if OURS in row["responsible_agency"]
            else {}
        )
        for row in seed_rows(own, "targets")
        if row["level"] == "national" and OURS not in row["document"]
    ]
    of_pillar = {row["pillar"]: row for row in reversed(list(seed_rows(own, "indicators")))}
    for pillar in seed_rows(own, "pillars"):
        if pillar["pillar"] not in {row["pillar"] for row in rows}:
            indicator = of_pillar[pillar["pillar"]]
            note = "Chưa đặt chỉ tiêu: thay dòng này bằng các chỉ tiêu trong kế hoạch của tỉnh."
            rows.append(
                {"target_id": f"{pillar['pillar']}_not_set", "pillar": pillar["pillar"], "level": "province"}
                | {"title_vi": pillar["title_vi"], "title_en": pillar["title_en"], "measured_for": "province"}
                | {key: indicator[key] for key in ("indicator", "unit", "direction")}
                | {"is_proxy": "false", "is_strict": "false", "responsible_agency": "UBND tỉnh"}
                | {"responsible_basis": "proposed", "grade": "C", "note": note}
            )
    return rows


def _settings(province: Province, folder: Path) -> str:
    home = folder.resolve()
    values = {
        "PROVINCE_CODE": province.code,
        "PORTAL_CODE": province.portal_code,
        "PROVINCE_NAME": province.name,
        "PROVINCE_BOX": province.box,
        "SEEDS_DIR": home / "seeds",
        "DATA_DIR": home / "data",
        "DAGSTER_DIR": home / "dagster",
        "PSEUDONYM_KEY_FILE": home / "secrets" / "pseudonym.key",
        "CREDENTIALS_FILE": home / "secrets" / "credentials.json",
        "UI_PORT": 3000 + int(province.code),
    }
    lines = "\n".join(f'HATINH_{name}="{value}"' for name, value in values.items())
    return (
        f"# Settings of {province.name}, and of no other province: hatinh --settings {folder}/settings.env run.\n"
        "# The box holds the points of all communes with a margin: correct it by the map.\n"
        f"{lines}\n"
    )


def _plain(name: str) -> str:
    """A province's name without its kind or office: TP. Huế, UBND Thành phố Huế."""
    for part in ("UBND", "Thành phố", "thành phố", "tỉnh", "Tỉnh", "TP."):
        name = name.replace(part, " ")
    return " ".join(name.split())


def _write(path: Path, rows: Iterable[Row]) -> None:
    """Rows under the header that the registry has; cells that are not given are empty."""
    header = read_seed(path.parent, path.stem).heading
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
