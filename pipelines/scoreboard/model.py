"""Tables for BI tools: the scoreboard as the page has it, facts that can be added, dimensions and code lists.

The folder `bi/` of an edition is a data package of its own, with foreign keys; its tables are Parquet and CSV, and the
schema `bi` of marts.duckdb. They are made from the tables of that edition alone, by the SQL in `bi/`, which
`bi/model.yml` describes; a table whose inputs the edition does not hold is left out.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.release import describe
from pipelines.release.files import BI, PACKAGE, ReleaseError, measured, to_json
from pipelines.release.pages import Page, digest
from pipelines.release.reader import ReleaseReader
from pipelines.release.released import Release
from pipelines.release.sql import identifier, literal
from pipelines.scoreboard.charts import polygons
from pipelines.scoreboard.rows import STATUSES, TABLES, Place, Rows
from pipelines.scoreboard.words import STATUS
from pipelines.scoreboard.words import unit as unit_text
from pipelines.seeds import seed_sql

if TYPE_CHECKING:
    import duckdb

    from pipelines.release.describe import Json

_log = logging.getLogger(__name__)

CSV_ROWS = 200_000
"""A table with more rows has no CSV: spreadsheets end near a million, and Parquet is a tenth of it."""
GEOJSON = "communes.geojson"

_MAY_LACK = {
    "target_progress": TABLES["target_progress"],
    "dossiers_by_commune": dict.fromkeys(("area_code", "area_name", "area_match"), "VARCHAR"),
    "rank_history": {**dict.fromkeys(("agency_code", "agency_name"), "VARCHAR"), "period_start": "DATE"},
}
"""Tables of the edition that the model reads as empty where they are not there."""

_SQL = Path(__file__).parent / "bi"
_SEEDS = (
    *("targets", "indicators", "pillars", "area_crosswalk", "obs_statuses", "channels", "applicant_types"),
    *("dossier_statuses", "procedure_fields", "agencies", "provinces"),
)


def model(place: Place) -> Page:
    """The folder as the release wants it described; its design is the SQL, the registries that it reads, this code."""
    files = [Path(__file__), *sorted(_SQL.iterdir()), *(place.seeds / f"{name}.csv" for name in _SEEDS)]
    design = digest([place.province_code.encode(), *(path.read_bytes() for path in files if path.is_file())])
    title, title_en = "Bảng cho công cụ phân tích", "Tables for BI tools"
    return Page(f"{BI}/{PACKAGE}", title, title_en, "application/json", design, partial(_draw, place), folder=BI)


@cache
def _model() -> Mapping[str, Any]:
    described: dict[str, Any] = yaml.safe_load((_SQL / "model.yml").read_text(encoding="utf-8"))
    return described


def _sql(name: str) -> str:
    about = _model()["tables"][name]
    if "counts" not in about:
        return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    template = (_SQL / "facts_of_dossiers.sql").read_text(encoding="utf-8")
    return template.format(mart=about["of"], counts=", ".join(f"f.{column}" for column in about["counts"]))


def _description(name: str) -> str:
    """As the model states it, else the comment that begins its SQL."""
    stated: str | None = _model()["tables"][name].get("description")
    return stated or " ".join(re.findall(r"^-- (.*)$", _sql(name), re.MULTILINE))


def _draw(place: Place, release: Release) -> bytes:
    """Write the tables of one edition into its folder and return the description of the folder."""
    folder = release.path / BI
    folder.mkdir(exist_ok=True)
    known = {resource["name"]: resource for resource in release.package["resources"] if resource["format"] == "parquet"}
    resources: list[Json] = []
    with ReleaseReader(release.path).connect(_MAY_LACK) as connection:
        _add_inputs(connection, release, place)
        made: set[str] = set()
        for name, about in _model()["tables"].items():
            if all(needed in known or needed in made for needed in about["needs"]):
                connection.execute(f"create table {name} as {_sql(name)}")
                if name.startswith("facts_") and not connection.execute(f"select 1 from {name} limit 1").fetchone():
                    continue  # the edition has the table, and no row of this kind
                made.add(name)
                resource = _table(connection, name, about, known, made, folder)
                resources += [resource, *_csv(resource, folder)]
    if "commune_boundaries" in known:
        resources.append(_communes(release, known["commune_boundaries"], folder))
    package = release.package
    described = {key: package[key] for key in ("$schema", "id", "created", "title", "contributors") if key in package}
    described |= {"synthetic": package["synthetic"], "licenses": package["licenses"], "resources": resources}
    return to_json(described).encode()


def _add_inputs(connection: duckdb.DuckDBPyConnection, release: Release, place: Place) -> None:
    """Beside the tables of the edition: registries, the rows of the page, what the release before had of them."""
    import pyarrow as pa

    for seed in _SEEDS:
        connection.execute(f"create view seed_{seed} as from {seed_sql(place.seeds, literal(seed))}")
    # an open edition states no sources
    stated = release if "sources" in release.package else Release(release.path, {"sources": [], **release.package})
    page = Rows.of(stated, place)
    targets = page.targets
    columns = dict.fromkeys(column for row in targets for column in row)
    units = [
        unit for (unit,) in connection.execute("select distinct unit from seed_indicators order by unit").fetchall()
    ]
    inputs = {
        "unit_titles": pa.table({"unit": units, "title_en": [unit_text(u).en for u in units]}),
        "page_targets": pa.table({column: [row[column] for row in targets] for column in columns})
        if targets
        else connection.execute("select *, false as is_sample from target_progress limit 0").to_arrow_table(),
        "previous": _previous(page),
        "target_statuses": pa.table(
            {
                "status": STATUSES,
                "position": pa.array(range(1, len(STATUSES) + 1), pa.int32()),
                "title_vi": [STATUS[status].vi for status in STATUSES],
                "title_en": [STATUS[status].en for status in STATUSES],
            }
        ),
        "about": pa.table({"release_date": [release.created_at.date()]}),
    }
    for name, table in inputs.items():
        connection.register(name, table)


def _previous(page: Rows) -> Any:
    """Value and status that the same edition of the release before had of each target."""
    import pyarrow as pa

    before = page.previous
    rows = [*before.targets.values()] if before else []
    return pa.table(
        {
            "target_id": pa.array([row["target_id"] for row in rows], pa.string()),
            "value": pa.array([row["value"] for row in rows], pa.float64()),
            "status": pa.array([row["status"] for row in rows], pa.string()),
            "release_id": pa.array([before.id if before else "" for _ in rows], pa.string()),
        }
    )


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    about: Mapping[str, Any],
    known: Mapping[str, Json],
    made: set[str],
    folder: Path,
) -> Json:
    """Check the keys of a table, write it as Parquet and describe it."""
    from pipelines.release.write import arrow_schema, write_batches

    inputs = [known[needed] for needed in about["needs"] if needed in known]
    titles = {field["name"]: field for resource in known.values() for field in resource["schema"]["fields"]}
    fields = [_field(column, kind, titles) for column, kind, *_ in connection.execute(f"describe {name}").fetchall()]
    _refuse_repeated_keys(connection, name, about["key"])
    leads = {
        column: table
        for column, table in about.get("leads", {}).items()
        if table in made and not _leads_nowhere(connection, name, column, table)
    }
    resource: Json = {
        "name": name,
        "title": about["vi"],
        "title_en": about["en"],
        "description": _description(name),
        "target": BI,
        "path": f"{name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "synthetic": any(item["synthetic"] for item in inputs),
        "licenses": list(
            {json.dumps(known, sort_keys=True): known for r in inputs for known in r["licenses"]}.values()
        ),
        "sources": [{"title": item["name"]} for item in inputs],
        **({"codes_of": about["codes_of"]} if "codes_of" in about else {}),
        "schema": {
            "fields": fields,
            "primaryKey": about["key"],
            "foreignKeys": [
                {"fields": [column], "reference": {"resource": table, "fields": [_model()["tables"][table]["key"][0]]}}
                for column, table in leads.items()
            ],
        },
    }
    path = folder / resource["path"]
    order = ", ".join(f"{identifier(column)} nulls first" for column in about["key"])
    reader = connection.execute(f"select * from {name} order by {order}").to_arrow_reader()
    rows = write_batches(reader, arrow_schema(resource), path)
    return resource | {"rows": rows, **measured(path)}


def _field(name: str, duckdb_type: str, titles: Mapping[str, Json]) -> Json:
    """A column with the titles that a mart gives it, else those of the model."""
    own = _model()["columns"].get(name)
    if own or name not in titles:
        title, title_en, unit = [*(own or [name, name]), None][:3]
        known = {"title": title, "title_en": title_en, "unit": unit, "description": ""}
    else:
        known = {key: titles[name][key] for key in ("title", "title_en", "unit", "description")}
    return {"name": name, "type": describe.field_type(duckdb_type), **known, "duckdb_type": duckdb_type}


def _refuse_repeated_keys(connection: duckdb.DuckDBPyConnection, name: str, key: Sequence[str]) -> None:
    """Raises ReleaseError when rows share a key: sums over a join would be wrong."""
    columns = ", ".join(map(identifier, key))
    if connection.execute(f"select 1 from {name} group by {columns} having count(*) > 1 limit 1").fetchone():
        raise ReleaseError(f"{BI}.{name}: rows share the key {columns}. Correct {name}.sql")


def _leads_nowhere(connection: duckdb.DuckDBPyConnection, name: str, column: str, other: str) -> bool:
    """Whether a value is not in the table that it leads to: a table that is held back may be older than a registry."""
    (key,) = _model()["tables"][other]["key"]
    lost = connection.execute(
        f"select count(*) from {name} as f anti join {other} as d on f.{column} = d.{key} where f.{column} is not null"
    ).fetchone()
    if lost and lost[0]:
        _log.warning("%s.%s: %s of %d rows is not in %s: no foreign key is stated", BI, name, column, lost[0], other)
    return bool(lost and lost[0])


def _csv(resource: Json, folder: Path) -> Iterator[Json]:
    from pipelines.release.disclosure_edition import with_csv

    if resource["rows"] <= CSV_ROWS:
        yield with_csv(resource, folder)[1]


def _communes(release: Release, source: Json, folder: Path) -> Json:
    """The boundaries of the communes as GeoJSON (RFC 7946): longitude and latitude in degrees of WGS 84."""
    rows = ReleaseReader(release.path).query(
        "select commune_code, commune_name, is_schematic, area_km2, source, geometry_wkt from commune_boundaries"
        " where geometry_wkt is not null order by commune_code"
    )
    features = [
        {
            "type": "Feature",
            "id": row["commune_code"],
            "properties": {key: value for key, value in row.items() if key != "geometry_wkt"},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [
                    [_wound(ring, is_outer=number == 0) for number, ring in enumerate(polygon)]
                    for polygon in polygons(row["geometry_wkt"])
                ],
            },
        }
        for row in rows
    ]
    path = folder / GEOJSON
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
    return {
        "name": GEOJSON,
        "title": source["title"],
        "title_en": source["title_en"],
        "path": GEOJSON,
        "format": "geojson",
        "mediatype": "application/geo+json",
        "encoding": "utf-8",
        "licenses": source["licenses"],
        **measured(path),
    }


def _wound(ring: list[list[float]], *, is_outer: bool) -> list[list[float]]:
    """A ring in the direction that RFC 7946 asks for: the outer one counterclockwise, holes clockwise."""
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    return ring if (twice > 0) == is_outer else ring[::-1]
