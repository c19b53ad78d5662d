"""Tables to files and back: Parquet that is the same bytes for the same rows, `marts.duckdb`, and the proof of both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.language import tr
from pipelines.release.about import words
from pipelines.release.describe import SAMPLES, Json, fingerprint, states_samples
from pipelines.release.files import BI, DATABASE, OPEN, PACKAGE, ReleaseError, sha256
from pipelines.release.protect import source_of
from pipelines.release.released import Release
from pipelines.release.sql import identifier, literal, relation
from pipelines.transform.marts import Mart

if TYPE_CHECKING:
    import duckdb

ROW_GROUP = 122_880
"""Rows in a row group: DuckDB's default, the unit in which readers work in parallel."""

STORAGE = "v1.0.0"
"""Oldest DuckDB that can open `marts.duckdb`; named, so that an upgrade of ours does not lock readers out."""

_ARROW_TYPES = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(resource: Mapping[str, Any]) -> pa.Schema:
    """The schema of a resource's Parquet file, with the metadata of file and fields. Nothing in it varies by run."""
    schema = resource["schema"]
    fields = [
        pa.field(
            field["name"],
            _arrow_type(field["duckdb_type"]),
            metadata={
                "title_vi": field["title"],
                "title_en": field["title_en"],
                "unit": field["unit"] or "",
                "description": field["description"],
            },
        )
        for field in schema["fields"]
    ]
    return pa.schema(
        fields,
        metadata={
            "title_vi": resource["title"],
            "title_en": resource["title_en"],
            "description": resource["description"],
            "target": resource["target"],
            "licence": " · ".join(words(item) for item in resource["licenses"]),
            "sources": json.dumps([source["title"] for source in resource["sources"]], ensure_ascii=False),
            "synthetic": str(resource["synthetic"]).lower(),
            "schema": json.dumps(schema, ensure_ascii=False),
        },
    )


def _arrow_type(duckdb_type: str) -> pa.DataType:
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _ARROW_TYPES[duckdb_type]


def write_parquet(conn: duckdb.DuckDBPyConnection, mart: Mart, resource: Json, path: Path) -> int:
    """Write a mart to `path` and return the rows that it has, counted by DuckDB.

    Zstandard, row groups of `ROW_GROUP`. Sorted by the key, then by every other column, so that the same rows are the
    same bytes even if the key is not unique.
    """
    samples = [] if states_samples(mart) else [f"{resource['synthetic']} AS {identifier(SAMPLES['name'])}"]
    columns = ", ".join([*(identifier(column.name) for column in mart.columns), *samples])
    order = dict.fromkeys((*mart.key, *(column.name for column in mart.columns)))
    rows = source_of(mart)
    reader = conn.execute(
        f"SELECT {columns} FROM {rows} ORDER BY {', '.join(f'{identifier(name)} ASC NULLS FIRST' for name in order)}"
    ).to_arrow_reader(ROW_GROUP)
    write_batches(reader, arrow_schema(resource), path)
    counted = conn.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(counted[0]) if counted else 0


def write_batches(reader: Iterable[Any], schema: pa.Schema, path: Path) -> int:
    """Write record batches with the metadata of `schema`; the number of rows written."""
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            # The cast only relabels: the session's time zone would otherwise be in the file.
            arrays = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)
            count += batch.num_rows
    return count


def check_columns(conn: duckdb.DuckDBPyConnection, mart: Mart, types: Sequence[str]) -> None:
    """Compare the table in the warehouse with the mart's contract. Raises ReleaseError naming what differs."""
    import duckdb

    try:
        described = conn.execute(f"DESCRIBE {relation(mart.relation)}").fetchall()
    except duckdb.CatalogException:
        raise ReleaseError(f"mart {mart.name}: there is no table {mart.relation} in the warehouse; build it") from None
    there = {name: kind for name, kind, *_ in described}
    contract = dict(zip((column.name for column in mart.columns), types, strict=True))
    wrong = [
        f"{name} is {there.get(name, 'missing')} where the contract has {contract.get(name, 'nothing')}"
        for name in {**contract, **there}
        if there.get(name) != contract.get(name)
    ]
    wrong += [f"{name} is part of the key and no column" for name in mart.key if name not in contract]
    if wrong:
        raise ReleaseError(f"mart {mart.name}: {'; '.join(wrong)}. Correct the model or its contract")


def limits_of(conn: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Memory and threads of a connection, for a second DuckDB in the process, which would else take all there is."""
    limits = conn.execute("SELECT current_setting('memory_limit'), current_setting('threads')").fetchone()
    memory, threads = limits or ("1GB", 1)
    return {"memory_limit": str(memory), "threads": str(threads)}


def write_database(
    conn: duckdb.DuckDBPyConnection,
    package: Mapping[str, Any],
    directory: Path,
    wait_for_pages: Callable[[], object] = lambda: None,
) -> None:
    """Write `marts.duckdb` beside the Parquet files and from them: the tables with comments, and `_release`.

    `conn` lends its limits of memory and threads. `wait_for_pages` is called before the tables that pages write, those
    for BI tools, are asked for.
    """
    import duckdb

    config: dict[str, Any] = {"storage_compatibility_version": STORAGE, **limits_of(conn)}
    with duckdb.connect(directory / DATABASE, config=config) as database:
        database.begin()  # one commit instead of one a comment
        for resource in package["resources"]:
            _add_table(database, identifier(resource["name"]), resource, directory)
        wait_for_pages()
        if model := _model_of(directory):
            database.execute(f"CREATE SCHEMA {BI}")
            for resource in model:
                _add_table(database, f"{BI}.{identifier(resource['name'])}", resource, directory / BI)
        database.execute(
            "CREATE TABLE _release (release_id VARCHAR, created_at TIMESTAMPTZ, target VARCHAR, verdict VARCHAR,"
            " held_back_since TIMESTAMPTZ)"
        )
        database.execute(
            "COMMENT ON TABLE _release IS 'Bản phát hành và trạng thái mục tiêu – The release and its targets'"
        )
        since = {held["target"]: held["since"] for held in package["held_back"]}
        for target, verdict in package["verdicts"].items():
            row = [package["id"], package["created"], target, verdict["verdict"], since.get(target)]
            database.execute("INSERT INTO _release VALUES (?, ?, ?, ?, ?)", row)
        database.commit()


def _model_of(directory: Path) -> list[Json]:
    """The tables for BI tools that lie in an edition."""
    path = directory / BI / PACKAGE
    resources = json.loads(path.read_bytes())["resources"] if path.exists() else []
    return [resource for resource in resources if resource["format"] == "parquet"]


def _add_table(database: duckdb.DuckDBPyConnection, table: str, resource: Json, directory: Path) -> None:
    file = literal(str(directory / resource["path"]))
    database.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet({file})")
    database.execute(f"COMMENT ON TABLE {table} IS {_comment(resource)}")
    for field in resource["schema"]["fields"]:
        database.execute(f"COMMENT ON COLUMN {table}.{identifier(field['name'])} IS {_comment(field)}")


def verify(release: Release) -> None:
    """Read a release as a stranger would and compare it, its open edition included, with its own description.

    Raises:
        ReleaseError: files missing, foreign or changed; rows or types that differ; a content that is not the id's.
    """
    from pipelines.release import changes, pages
    from pipelines.release.disclosure_edition import problems

    package = release.package
    wrong = []
    expected = {path.relative_to(release.path).as_posix() for path in release.files}
    expected = {name for name in expected if not name.startswith(f"{OPEN}/")}
    present = {path.name for path in release.path.iterdir() if path.is_file()}
    present |= {f"{BI}/{path.name}" for path in (release.path / BI).glob("*")}
    present |= {path.name for path in release.path.iterdir() if path.is_dir()} - {OPEN, BI}
    wrong += [f"{name} is missing" for name in sorted(expected - present)]
    wrong += [f"{name} does not belong to it" for name in sorted(present - expected)]
    checks = [package["quality"]] if "quality" in package else []
    for item in [*package["resources"], *pages.files(package), *changes.files(package), *checks, package["database"]]:
        path = release.path / item["path"]
        if item["path"] in present and sha256(path) != item["hash"]:
            wrong.append(f"{item['path']} is not the file that was published (sha256 differs)")
    wrong += problems(release.path, package)
    if fingerprint(package) != release.fingerprint or not release.id.endswith(f"-{release.fingerprint[:8]}"):
        wrong.append(f"{PACKAGE} was changed (its fingerprint differs)")
    if not wrong:
        wrong += [problem for resource in package["resources"] for problem in _wrong_in_parquet(release, resource)]
        wrong += _wrong_in_database(release)
    if wrong:
        text = tr("release {release} is not complete: {faults}. Use another release")
        raise ReleaseError(text.format(release=release.id, faults="; ".join(wrong)))


def _wrong_in_parquet(release: Release, resource: Mapping[str, Any]) -> list[str]:
    path = release.path / resource["path"]
    try:
        with pq.ParquetFile(path) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
    except pa.ArrowException:
        return [f"{path.name} cannot be read as Parquet"]
    wrong = []
    if path.stat().st_size != resource["bytes"]:
        wrong.append(f"{path.name} has {path.stat().st_size} bytes, not {resource['bytes']}")
    if rows != resource["rows"]:
        wrong.append(f"{path.name} has {rows} rows, not {resource['rows']}")
    if not schema.equals(arrow_schema(resource), check_metadata=True):
        wrong.append(f"{path.name} has other columns, types or titles than its contract")
    return wrong


def _wrong_in_database(release: Release) -> list[str]:
    import duckdb

    described = {
        r["name"]: [(f["name"], f["duckdb_type"]) for f in r["schema"]["fields"]] for r in release.package["resources"]
    }
    wrong = []
    with duckdb.connect(release.path / DATABASE, read_only=True, config={"threads": "1"}) as database:
        listed = database.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        model = {(BI, resource["name"]) for resource in _model_of(release.path)}
        if set(listed) != {*(("main", name) for name in (*described, "_release")), *model}:
            return [f"{DATABASE} holds other tables than the Parquet files"]
        for resource in release.package["resources"]:
            name = resource["name"]
            columns = [row[:2] for row in database.execute(f"DESCRIBE {identifier(name)}").fetchall()]
            counted = database.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()
            if columns != described[name]:
                wrong.append(f"{DATABASE}: {name} has other columns or types than its contract")
            if counted != (resource["rows"],):
                wrong.append(f"{DATABASE}: {name} has {counted} rows, not {resource['rows']}")
    return wrong


def _comment(item: Mapping[str, Any]) -> str:
    parts = (item["title"], item["title_en"], item.get("unit"), item["description"])
    return literal(" – ".join(part for part in parts if part))
