"""The tables for BI tools: what a tool counts is what the page shows, sums count nothing twice, keys lead somewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from board_world import DAY, PLACE, TARGETS, release, target, without_data

from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.files import ReleaseError
from pipelines.release.pages import Page
from pipelines.release.publish import publish
from pipelines.release.released import Release
from pipelines.release.runs import RunInfo
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.model import model
from pipelines.scoreboard.rows import TABLES, Rows
from pipelines.transform.marts import Column, Disclosure, Mart

MODEL = [model(PLACE)]


def current(root: Path) -> Release:
    found = ReleaseStore(root).current()
    assert found
    assert found.undrawn == {}
    return found


def asked(release: Release, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(release.path / "marts.duckdb", read_only=True) as database:
        return database.execute(sql).fetchall()


def published(
    root: Path, tables: dict[str, str], *, day: int = 0, vault: Path | None = None, **changed: Any
) -> Release:
    """Publish the model of tables that SQL makes; each is a mart with the columns of its query."""
    conn = duckdb.connect(config={"threads": 1})
    conn.execute("create schema marts")
    marts = []
    for name, sql in tables.items():
        conn.execute(f"create table marts.{name} as {sql}")
        kinds = conn.execute(f"describe marts.{name}").fetchall()
        columns = tuple(Column(column, kind, column, column, None, "") for column, kind, *_ in kinds)
        made = Mart(name, f"marts.{name}", name, name, name, "", columns, tuple(c.name for c in columns), ())
        marts.append(replace(made, disclosure=Disclosure("public", **changed.get(name, {}))))
    verdicts = {name: Verdict(name, (Evidence("a check", "dbt_test", name, "block", passed=True),)) for name in tables}
    publish(conn, root, marts, verdicts, [], RunInfo("run-1", DAY, "abc"), DAY + timedelta(days=day), pages=MODEL,
            open_pages=MODEL, vault=vault)  # fmt: skip
    return current(root)


def test_a_tool_counts_what_the_page_shows(tmp_path: Path) -> None:
    rows = [*TARGETS, target("national", area_code="VN", value=50.0), target("national", value=70.0)]
    release(tmp_path, {"target_progress": rows}, with_pages=MODEL)
    found = current(tmp_path)
    page = Rows(found, PLACE)
    shown = {status: count for status, count in page.counts.items() if count}
    assert sum(shown.values()) == len({row["target_id"] for row in rows}) < len(rows)

    assert dict(asked(found, "select status, count(*) from bi.scoreboard group by status")) == shown
    for file in ("scoreboard.parquet", "scoreboard.csv"):
        counted = duckdb.sql(f"select status, count(*) from '{found.path / 'bi' / file}' group by status").fetchall()
        assert dict(counted) == shown
    assert dict(asked(found, "select target_id, value from bi.scoreboard")) == {
        row["target_id"]: row["value"] for row in page.targets
    }
    assert (found.path / "bi" / "scoreboard.csv").read_bytes().startswith("\ufeff".encode())


def test_the_previous_release_stands_beside_each_target(tmp_path: Path) -> None:
    first = release(tmp_path, {"target_progress": [target("a", value=70.0), without_data("b")]}, with_pages=MODEL)
    rows = [target("a", value=82.0, status="met"), target("b"), target("new")]
    release(tmp_path, {"target_progress": rows}, day=1, with_pages=MODEL)
    columns = "target_id, previous_value, previous_status, previous_release"
    assert asked(current(tmp_path), f"select {columns} from bi.scoreboard order by 1") == [
        ("a", 70.0, "moderate", first.release_id),
        ("b", None, "no_data", first.release_id),
        ("new", None, None, None),
    ]


AREAS = """
    select * from (values
        ('42', date '2025-01-01', null::date, 'province', 'tỉnh', '', ''),
        ('18073', date '2025-07-01', null, 'commune', 'phường Một', '42', ''),
        ('18100', date '2025-07-01', null, 'commune', 'phường Hai', '42', ''),
        ('18073', date '2025-01-01', date '2025-06-30', 'commune', 'phường cũ', '42', '18073'),
        ('18075', date '2025-01-01', date '2025-06-30', 'commune', 'xã chia', '42', '18073 18100')
    ) as t (area_code, valid_from, valid_to, area_level, area_name, parent_code, became_codes)
    cross join (select 1::bigint as population, date '2025-07-01' as population_as_of, 1.0::double as area_km2)
"""
SITES = """
    select *, 'observed' as obs_status, true as has_samples from (values
        ('42', 'all', 'mobile', 10, 1), ('42', 'A', 'mobile', 6, 1), ('42', 'B', 'mobile', 4, 0),
        ('42', 'all', '4G', 9, 1), ('42', 'A', '4G', 6, 1),
        ('18073', 'all', 'mobile', 5, null), ('18073', 'A', 'mobile', 3, null), ('18073', 'B', 'mobile', 2, null),
        ('18073', 'A', '4G', 3, null), ('18073', 'A', '5G', 1, null),
        ('18100', 'all', 'mobile', 4, null), ('18100', 'A', 'mobile', 2, null), ('18100', 'B', 'mobile', 2, null)
    ) as t (area_code, operator, technology, sites, sites_unplaced)
    cross join (select unnest([date '2026-04-01', date '2026-07-01']) as period_start)
"""
GAPS = """
    select *, '18073' as area_code, 'phường Một' as reported_area_name, false as has_samples from (values
        ('village', 'Thôn 1', '4G', 'covered'), ('village', 'Thôn 1', '5G', 'unknown'),
        ('village', 'Thôn 2', '4G', 'not_covered'), ('village', 'Thôn 2', '5G', 'not_covered'),
        ('commune', '', '4G', 'not_covered')
    ) as t (level, village_name, technology, coverage_status)
"""


def test_sums_count_nothing_twice(tmp_path: Path) -> None:
    found = published(tmp_path, {"area_registry": AREAS, "telecom_coverage": SITES, "coverage_gaps": GAPS})
    (total,) = asked(found, "select sites from telecom_coverage where operator = 'all' and technology = 'mobile'"
                            " and area_code = '42' and period_start = date '2026-07-01'")  # fmt: skip
    assert asked(found, "select sum(sites), count(distinct month) from bi.facts_sites") == [(*total, 1)]
    by_area = (
        "select a.area_name, sum(f.sites) from bi.facts_sites f left join bi.dim_area a using (area_key) group by 1"
    )
    assert dict(asked(found, by_area)) == {"phường Một": 5, "phường Hai": 4, None: 1}
    assert asked(found, "select status_4g, sum(villages) from bi.facts_villages group by 1 order by 1") == [
        ("covered", 1),
        ("not_covered", 1),
    ]


def test_the_former_area_leads_to_the_current_one_unless_it_was_split(tmp_path: Path) -> None:
    found = published(tmp_path, {"area_registry": AREAS})
    leads = dict(asked(found, "select area_key, current_area_key from bi.dim_area"))
    assert leads["18073@2025-01-01"] == leads["18073@2025-07-01"] == "18073@2025-07-01"
    assert leads["18075@2025-01-01"] is None


def test_every_key_of_the_description_holds(tmp_path: Path) -> None:
    found = published(tmp_path, {"area_registry": AREAS, "telecom_coverage": SITES, "coverage_gaps": GAPS})
    keys = {
        (resource["name"], key["fields"][0], key["reference"]["resource"], key["reference"]["fields"][0])
        for resource in json.loads((found.path / "bi" / "datapackage.json").read_bytes())["resources"]
        for key in resource.get("schema", {}).get("foreignKeys", ())
        if resource["format"] == "parquet"
    }
    assert ("facts_sites", "area_key", "dim_area", "area_key") in keys
    # the crosswalk is that of the project, the areas are those of this test: no key is stated that does not hold
    assert ("area_crosswalk", "old_area_key", "dim_area", "area_key") not in keys
    for table, column, other, key in keys:
        lost = (
            f"select count(*) from bi.{table} f anti join bi.{other} d on f.{column} = d.{key} where {column} not null"
        )
        assert asked(found, lost) == [(0,)], (table, column)


def test_the_open_edition_has_tables_of_its_own_rows_only(tmp_path: Path) -> None:
    names = [name for name in TABLES["target_progress"] if name not in ("target_id", "basis", "value", "is_latest")]
    nulls = ", ".join(f"null::{TABLES['target_progress'][name]} as {name}" for name in names)
    progress = f"""
        select *, {nulls}, true as is_latest
        from (values ('open', 'published', 1.0), ('inside', 'computed', 2.0)) as t (target_id, basis, value)
    """
    rules: dict[str, Any] = {"target_progress": {"rows": "basis = 'published'"}}
    for day in (0, 1):
        sql = progress if day == 0 else progress.replace("1.0", "3.0").replace("2.0", "4.0")
        found = published(tmp_path / "m", {"target_progress": sql}, day=day, vault=tmp_path / "vault", **rules)
    rows = duckdb.sql(
        f"select target_id, value, previous_value from '{found.path}/open/bi/scoreboard.parquet'"
    ).fetchall()
    assert rows == [("open", 3.0, 1.0)]
    assert asked(found, "select target_id, previous_value from bi.scoreboard order by 1") == [
        ("inside", 2.0),
        ("open", 1.0),
    ]
    texts = [path for kind in ("*.csv", "*.json") for path in (found.path / "open").rglob(kind)]
    assert [path.name for path in texts if b"inside" in path.read_bytes()] == []
    assert (found.path / "open" / "bi").stat().st_mode & 0o777 == 0o755
    assert (found.path / "bi" / "scoreboard.csv").stat().st_mode & 0o777 == 0o440
    ReleaseStore(tmp_path / "m").verify(found.id)


def test_a_damaged_folder_is_found(tmp_path: Path) -> None:
    release(tmp_path, {"target_progress": [target("a")]}, with_pages=MODEL)
    found = current(tmp_path)
    for place in ("bi/scoreboard.csv", "bi/scoreboard.parquet"):
        path = found.path / place
        path.chmod(0o600)
        content = path.read_bytes()
        path.write_bytes(b"changed")
        with pytest.raises(ReleaseError, match=place):
            ReleaseStore(tmp_path).verify(found.id)
        path.write_bytes(content)
    ReleaseStore(tmp_path).verify(found.id)
    (found.path / "bi" / "more.csv").write_bytes(b"changed")
    with pytest.raises(ReleaseError, match=r"bi/more\.csv"):
        ReleaseStore(tmp_path).verify(found.id)


def test_a_model_that_cannot_be_made_costs_no_data_and_leaves_nothing(tmp_path: Path) -> None:
    def half(release: Release) -> bytes:
        (release.path / "bi").mkdir()
        (release.path / "bi" / "half.csv").write_text("1")
        raise ValueError("no")

    broken: Sequence[Page] = [replace(MODEL[0], draw=half)]
    release(tmp_path, {"target_progress": [target("a")]}, with_pages=broken)
    found = ReleaseStore(tmp_path).current()
    assert found
    assert found.undrawn == {"bi/datapackage.json": "ValueError: no"}
    assert not (found.path / "bi").exists()
    ReleaseStore(tmp_path).verify(found.id)
    release(tmp_path, {"target_progress": [target("a")]}, day=1, with_pages=MODEL)
    assert asked(current(tmp_path), "select count(*) from bi.scoreboard") == [(1,)]


def test_communes_are_geojson_in_degrees(tmp_path: Path) -> None:
    boundary = """
        select '18073' as commune_code, 'phường Một' as commune_name, false as is_schematic, 1.0::double as area_km2,
            'x' as source, 'POLYGON ((105.9 18.3, 105.9 18.4, 106.0 18.4, 105.9 18.3))' as geometry_wkt
    """
    found = published(tmp_path, {"commune_boundaries": boundary})
    (feature,) = json.loads((found.path / "bi" / "communes.geojson").read_bytes())["features"]
    assert feature["geometry"]["coordinates"] == [[[[105.9, 18.3], [106.0, 18.4], [105.9, 18.4], [105.9, 18.3]]]]
    assert feature["properties"]["commune_name"] == "phường Một"


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    files = [
        {
            path.name: path.read_bytes()
            for path in (
                published(tmp_path / name, {"area_registry": AREAS, "telecom_coverage": SITES}).path / "bi"
            ).iterdir()
        }
        for name in ("one", "two")
    ]
    assert files[0] == files[1]
