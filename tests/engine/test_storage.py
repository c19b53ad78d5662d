"""Rows of dossiers in S3-compatible storage (a server on this machine): the figures of DuckDB, or an error."""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engine_world import (
    ENDED_BEFORE_ITS_DAY,
    LATER,
    WAITING,
    copy_of,
    differing,
    files_by_month,
    land_dossiers,
    marts_and_counts,
    on,
)
from moto.server import ThreadedMotoServer

from benchmarks.engines import complete_run, different_tables
from benchmarks.pipeline import Pipeline
from pipelines import walk
from pipelines.engine.files import RowFiles
from pipelines.engine.load import LoadOnEngine
from pipelines.engine.session import EngineProblem, connect
from pipelines.release.disclosure import closed_months, policy_of, read_leaves
from pipelines.settings import PROJECT_ROOT, SettingsError, load_settings
from pipelines.sources.dossiers import SOURCE
from pipelines.warehouse.storage import ObjectStorage, StorageProblem, httpfs_extension
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

KEYS = {"access_key": "AKIAENGINEEXAMPLE", "secret_key": "a-secret-of-the-engine"}
BOOKS = ["raw.files", "raw.quarantine", "raw.dossiers"]


@dataclass
class Bucket:
    """A prefix in a bucket of its own, and the settings that name it."""

    port: int
    name: str
    credentials: Path

    def __post_init__(self) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
        )
        self.client.create_bucket(Bucket=self.name)
        self.credentials.write_text(json.dumps({"engine_storage": KEYS}))

    @property
    def options(self) -> str:
        return f"?endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"

    @property
    def storage(self) -> ObjectStorage:
        return ObjectStorage(f"s3://{self.name}/rows/42{self.options}", self.credentials)

    @property
    def settings(self) -> dict[str, Any]:
        return {"engine_storage": self.storage.address, "credentials_file": self.credentials}

    def objects(self) -> dict[str, str]:
        """Names of what lies there, with a digest; not what only stands for a folder."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        listed = [item for page in pages for item in page.get("Contents", [])]
        return {f"s3://{self.name}/{item['Key']}": item["ETag"] for item in listed if not item["Key"].endswith("/")}

    def remove(self, name: str) -> bytes:
        key = name.removeprefix(f"s3://{self.name}/")
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        self.client.delete_object(Bucket=self.name, Key=key)
        return content

    def put(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=name.removeprefix(f"s3://{self.name}/"), Body=content)


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """A server of S3, which the engine in this process finds by its environment, as an operator would set it."""
    pytest.importorskip("duckdb_extension_httpfs", reason="the extra `engine` is not installed: see make test-engine")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    port = server.get_host_and_port()[1]
    of_engine = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": KEYS["access_key"],
        "AWS_SECRET_ACCESS_KEY": KEYS["secret_key"],
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in of_engine.items():
            environment.setenv(name, value)
        yield port
    server.stop()


@pytest.fixture(scope="module")
def bucket(port: int, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    return Bucket(port, "rows-of-the-province", tmp_path_factory.mktemp("keys") / "credentials.json")


@pytest.fixture
def own(port: int, request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    name = "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    return Bucket(port, name, tmp_path / "credentials.json")


@pytest.fixture(scope="module")
def world(fresh_world: Callable[[], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Landed, not loaded: golden dossiers, a small sample, and files that cannot be read to the end."""
    world = fresh_world()
    land_dossiers(world, tmp_path_factory.mktemp("sample"), rows=2_000)
    return world


@pytest.fixture(scope="module")
def on_duckdb(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse as DuckDB builds it."""
    world.load()
    world.build()
    former = copy_of(world, tmp_path_factory.mktemp("duckdb"))
    shutil.rmtree(world.platform.settings.warehouse.parent)
    return former


@pytest.fixture(scope="module")
def stored(world: World, on_duckdb: Path, sail: str, bucket: Bucket) -> World:
    """The same landed files, loaded and built by the engine with its rows in the bucket."""
    stored = on(world, sail, **bucket.settings)
    stored.load()
    stored.build()
    return stored


@pytest.mark.engine
def test_books_rows_and_every_mart_are_those_of_duckdb(stored: World, on_duckdb: Path, bucket: Bucket) -> None:
    with stored.warehouse.connect() as connection:
        connection.execute(f"attach '{on_duckdb}' as former (read_only)")
        for relation in (*BOOKS, "intermediate.int_dossiers"):
            columns = "* exclude (load_no)" if relation != "raw.quarantine" else "*"
            here, there = f"select {columns} from {relation}", f"select {columns} from former.{relation}"
            apart = f"(({here} except all {there}) union all ({there} except all {here}))"
            assert connection.execute(f"select count(*) from {apart}").fetchone() == (0,), relation
    assert differing(stored, on_duckdb, marts_and_counts(stored)) == {}
    local = stored.platform.settings.warehouse.parent
    assert not list(local.rglob("*.parquet")), "no rows beside the warehouse"
    assert len([name for name in bucket.objects() if "/raw/dossiers/" in name]) > 20


@pytest.mark.engine
def test_duckdb_runs_the_tests_on_the_storage_with_the_results_of_the_engine(stored: World) -> None:
    there = {result.unique_id: (result.status, result.failures) for result in stored.platform.models.test()}
    here = {result.unique_id: (result.status, result.failures) for result in stored.dbt.test()}
    assert there == here
    assert not [status for status, _ in here.values() if status == "error"]


@pytest.mark.engine
def test_the_open_edition_reads_the_storage_and_finds_what_duckdb_has(stored: World, on_duckdb: Path) -> None:
    policy = policy_of(stored.platform.project.marts)
    assert policy is not None
    found = []
    for opened in (stored.warehouse.connect(read_only=True), duckdb.connect(str(on_duckdb), read_only=True)):
        with opened as connection:
            months = closed_months(connection, datetime(2026, 12, 1, tzinfo=UTC))
            found.append(sorted(map(repr, read_leaves(connection, policy.measures, months))))
    assert found[0] == found[1] != []


@pytest.mark.engine
def test_no_key_is_in_the_warehouse_the_files_of_dbt_a_task_or_a_log(
    stored: World, bucket: Bucket, sail: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    rows = RowFiles(stored.platform.settings.warehouse, bucket.storage)
    assert rows.parquet(rows.root), "it was used, and may hold a connection"
    settings = stored.platform.settings
    load = LoadOnEngine(sail, rows, settings.raw, settings.pseudonym_key, 1 << 20, "1GB")
    task = pickle.dumps(load._task(SOURCE, 1, stored.landing.active("dossiers")[0], 1, SOURCE.reading()))
    written = [task, *(name.encode() for name in bucket.objects()), repr(stored.platform).encode()]
    folders = (settings.warehouse.parent, stored.dbt.manifest_path.parent)
    written += [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
    seen = capfd.readouterr()
    written += [seen.out.encode(), seen.err.encode(), caplog.text.encode()]
    for key in KEYS.values():
        assert not [content[:80] for content in written if key.encode() in content]


@pytest.mark.engine
def test_a_booked_object_that_is_gone_is_an_error_and_no_other_figure(
    stored: World, on_duckdb: Path, bucket: Bucket
) -> None:
    """Sail reads what is there and is silent about the rest."""
    name = [name for name in bucket.objects() if "/raw/dossiers/" in name][-1]
    content = bucket.remove(name)
    with pytest.raises(StorageProblem, match=r"rows-of-the-province/rows/42 could not be read.*404") as error:
        stored.rows("select count(distinct load_no) from raw.dossiers")
    assert KEYS["access_key"] not in str(error.value)
    with stored.warehouse.connect() as connection:
        connection.execute("insert or replace into meta.state values ('rebuild_because', 'the test asks for it')")
    with pytest.raises(EngineProblem, match=rf"raw/dossiers should have the same rows.*not there: {name}"):
        walk.build(stored.platform)
    with pytest.raises(walk.NotJudged):
        walk.release(stored.platform, None)  # type: ignore[arg-type] - it is refused before it is read
    assert differing(stored, on_duckdb, [mart.relation for mart in stored.platform.project.marts]) == {}
    bucket.put(name, content)
    with stored.warehouse.connect() as connection:
        connection.execute("delete from meta.state where key = 'rebuild_because'")


@pytest.mark.engine
def test_a_day_rewrites_its_months_only_and_the_rows_come_home(
    stored: World, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, objects = files_by_month(stored), bucket.objects()
    assert len(former) > 12
    assert {name for files in former.values() for name in files} <= objects.keys()
    stored.land(WAITING, LATER)
    stored.load()
    untouched = next(iter(former["2025-06-01"]))  # no row of it is read for the change
    content = bucket.remove(untouched)
    with pytest.raises(StorageProblem, match=r"int_dossiers/folder=2025-06-01/.*404"):
        walk.build(stored.platform)
    bucket.put(untouched, content)
    built = walk.build(stored.platform)
    assert built.rebuild_reason is None
    assert built.is_complete
    judged = walk.judge(stored.platform, built, "run").verdicts.values()
    unread = [e for verdict in judged for e in verdict.evidence if "Could not be computed" in e.detail]
    assert unread == [], "the gate reads the storage too"
    later, there = files_by_month(stored), bucket.objects()
    rewritten = {month for month in former | later if later.get(month) != former.get(month)}
    assert rewritten == {"2025-03-01", "2026-07-01", "2026-08-01"}, "what came, and what it was before"
    kept = {name for month, files in former.items() if month not in rewritten for name in files}
    assert {name: there[name] for name in kept} == {name: objects[name] for name in kept}, "the very same objects"
    assert not {name for month in rewritten for name in former.get(month, ())} & there.keys()
    after = copy_of(stored, tmp_path)
    back = on(stored, "duckdb")
    back.load()
    built = walk.build(back.platform)
    assert built.rebuild_reason == "the engine is another one"
    assert differing(back, after, marts_and_counts(back)) == {}
    monkeypatch.setattr(ObjectStorage, "attach", None)
    without = on(back, "duckdb", engine_storage=None)
    assert without.rows("select count(*) from raw.dossiers") == without.rows(
        "select sum(rows_loaded)::bigint from raw.files where source = 'dossiers'"
    ), "the storage is needed no more"


@pytest.mark.engine
@pytest.mark.slow
def test_a_complete_run_on_the_storage_releases_what_one_beside_the_warehouse_releases(
    sail: str, own: Bucket, tmp_path: Path
) -> None:
    beside = Pipeline(PROJECT_ROOT, tmp_path / "work", threads=1, memory="1GB", engine=sail)
    beside.prepare()
    first, last = date(2025, 1, 1), date(2026, 8, 20)
    sample = write_dossiers(tmp_path / "sample", beside.seeds, rows=2_000, seed=7, first=first, last=last)
    settings = {f"HATINH_{name.upper()}": str(value) for name, value in own.settings.items()}
    stored = replace(beside, settings=settings)
    folder, bucket = tmp_path / "beside", tmp_path / "stored"
    assert complete_run(beside, folder, sample.paths).status == "released"
    assert complete_run(stored, bucket, sample.paths, folder / "vault").status == "released"
    assert different_tables(beside, folder, bucket) == []
    assert list((folder / "warehouse").rglob("*.parquet"))
    assert not list((bucket / "warehouse").rglob("*.parquet")), "no rows beside the warehouse"
    objects = own.objects()
    assert len([name for name in objects if "/raw/dossiers/" in name]) == len(sample.paths)
    assert len([name for name in objects if "/intermediate__int_dossiers/folder=" in name]) > 12
    assert complete_run(stored, bucket).status == "unchanged"
    assert own.objects() == objects


def landed(world: World, engine: str, bucket: Bucket, **others: object) -> World:
    """One file of dossiers that waits for its load."""
    world.land("hoso-2026-08-19.ndjson", ENDED_BEFORE_ITS_DAY)
    return on(world, engine, **(bucket.settings | others))


@pytest.mark.engine
def test_a_storage_that_is_away_or_has_no_such_bucket_or_key_is_named_and_nothing_is_booked(
    fresh_world: Callable[[], World], sail: str, own: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = landed(fresh_world(), sail, own)
    good = own.storage.address
    for address, reason in (
        (good.replace(f":{own.port}", ":9"), "s3://.*could not be read or written"),
        (good.replace(own.name, "no-such-bucket"), "s3://no-such-bucket/rows/42 could not.*NO_SUCH_BUCKET"),
    ):
        with pytest.raises(StorageProblem, match=reason) as error:
            on(world, sail, engine_storage=address).load()
        assert KEYS["access_key"] not in str(error.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    own.credentials.write_text("{}")
    with pytest.raises(
        StorageProblem, match=r'access_key and secret_key under "engine_storage" in .*credentials\.json'
    ):
        on(world, sail).load()
    monkeypatch.undo()
    assert on(world, "duckdb", engine_storage=None).rows("select count(*) from raw.files") == [(0,)]


@pytest.mark.engine
def test_the_prefix_of_another_warehouse_is_refused_and_left_as_it_is(
    fresh_world: Callable[[], World], sail: str, own: Bucket
) -> None:
    first = landed(fresh_world(), sail, own)
    first.load()
    before = own.objects()
    assert len(before) == 2, "the owner, and the rows of one file"
    second = landed(fresh_world(), sail, own)
    with pytest.raises(EngineProblem, match=r"rows/42 holds the rows of another warehouse.*prefix of its own"):
        second.load()
    assert own.objects() == before
    assert second.rows("select count(*) from raw.files") == [(0,)]


@pytest.mark.engine
def test_rows_move_from_the_folder_into_the_storage_and_to_no_other_storage_directly(
    fresh_world: Callable[[], World], sail: str, own: Bucket
) -> None:
    stored = landed(fresh_world(), sail, own)
    beside = on(stored, sail, engine_storage=None)
    beside.load()
    rows = beside.rows("from raw.dossiers")
    stored.load()
    shutil.rmtree(beside.platform.settings.warehouse.parent / "engine")
    assert stored.rows("from raw.dossiers") == rows
    other = on(stored, sail, engine_storage=own.storage.address.replace("rows/42", "rows/43"))
    with pytest.raises(EngineProblem, match=r"rows/42/raw/dossiers\. Set HATINH_ENGINE_STORAGE back"):
        other.load()
    for engine in (sail, "duckdb"):
        with pytest.raises((EngineProblem, StorageProblem), match="HATINH_ENGINE_STORAGE"):
            on(stored, engine, engine_storage=None).load()
    assert stored.rows("from raw.dossiers") == rows


@pytest.fixture(params=["folder", "bucket"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> RowFiles:
    storage = request.getfixturevalue("own").storage if request.param == "bucket" else None
    return RowFiles(tmp_path / "w.duckdb", storage)


@pytest.mark.engine
def test_what_the_engine_writes_elsewhere_is_not_taken_for_no_rows(sail: str, rows: RowFiles) -> None:
    """An engine whose environment names another endpoint, another folder under one path, or a listing that lags."""
    spark = connect(sail)
    frame = spark.range(10)
    with pytest.raises(EngineProblem, match="has 1 there, 0 here"):
        rows.written(f"{rows.root}/never-written", frame, spark)
    assert rows.written(f"{rows.root}/no-rows", frame.where("id < 0"), spark) == []
    frame.repartition(2).write.parquet(f"{rows.root}/some")
    files = rows.written(f"{rows.root}/some", frame, spark)
    assert rows.count(files) == 10
    gone = f"{rows.root}/some/gone.parquet"
    with pytest.raises(EngineProblem, match=rf"has 10 there, 11 here \(not there: {gone}\)"):
        rows.refuse_unseen(rows.root, spark.read.parquet(*files, gone).count(), 11, [*files, gone])
    spark.stop()


@pytest.mark.engine
def test_only_what_is_kept_stays(rows: RowFiles) -> None:
    names = ("raw/a/1.parquet", "old/x/m=1/1.parquet", "old/x/m=2/2.parquet", "old/y/3.parquet", "new/4.parquet")
    files = [f"{rows.root}/{name}" for name in names]
    for file in files:
        with rows.new_file(file) as path:
            pq.write_table(pa.table({"n": [1]}), path)
    rows.remove_unused(rows.root, [f"{rows.root}/raw", f"{rows.root}/new", files[2]])
    assert rows.parquet(rows.root) == sorted([files[0], files[2], files[4]])
    assert not [name for name, is_file in rows._listed(rows.root) if name.endswith(("m=1", "old/y"))]
    rows.remove_unused(rows.raw("a"), [])
    assert rows.parquet(rows.root) == sorted([files[2], files[4]])
    rows.remove_unused(f"{rows.root}/never-was", [])


@pytest.mark.engine
def test_an_upload_is_complete_or_not_there(own: Bucket, tmp_path: Path) -> None:
    rows = RowFiles(tmp_path / "w.duckdb", own.storage)
    name = f"{rows.root}/raw/dossiers/1.parquet"

    def write(of: pa.Table, fails: bool) -> None:
        with rows.new_file(name) as path:
            pq.write_table(of, path)
            if fails:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(pa.table({"n": [1]}), fails=True)
    assert own.objects() == {}
    write(pa.table({"n": [1, 2]}), fails=False)
    (before,) = own.objects().values()
    with pytest.raises(KeyboardInterrupt):
        write(pa.table({"n": [3]}), fails=True)
    assert list(own.objects().values()) == [before]


@pytest.mark.engine
def test_a_secret_ends_with_its_connection_and_reaches_its_prefix_only(own: Bucket, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        own.storage.attach(connection)
        own.storage.attach(connection)
        ((secret, scope, is_persistent),) = connection.execute(
            "select secret_string, scope, persistent from duckdb_secrets()"
        ).fetchall()
        assert (scope, is_persistent) == ([f"{own.storage.root}/"], False)
        assert KEYS["secret_key"] not in secret
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(f"load '{httpfs_extension()}'")
        assert connection.execute("select count(*) from duckdb_secrets()").fetchone() == (0,)


@pytest.mark.parametrize(
    "address",
    ["s3://bucket", "s3://bucket/", "s3://bucket/a'b", "s3://bucket/a?access_key=x", "s3://bucket/a/../b", "/folder"],
)
def test_an_address_with_a_key_or_without_a_prefix_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="HATINH_ENGINE_STORAGE"):
        load_settings(engine_storage=address)
    assert load_settings(engine_storage="s3://bucket/a/b?region=x-1&scheme=https").engine_storage is not None
