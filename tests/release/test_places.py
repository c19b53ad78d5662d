"""Publication at a folder and at S3-compatible storage (a server on this machine): complete, or as it was before."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import release_world as world
from moto.server import ThreadedMotoServer

from pipelines import walk
from pipelines.platform import Platform
from pipelines.release.pages import Page
from pipelines.release.places import Place, PlaceError
from pipelines.release.released import Release
from pipelines.release.runs import RunLog
from pipelines.release.store import ReleaseStore
from pipelines.settings import load_settings
from pipelines.state import read_state
from pipelines.transform.marts import Disclosure

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
PUBLIC = tuple(replace(mart, disclosure=Disclosure("public")) for mart in world.MARTS)
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "a-secret"}


class Storage:
    """What a reader of the place sees."""

    place: Place

    def files(self) -> dict[str, bytes]:
        raise NotImplementedError

    def current(self) -> dict[str, bytes]:
        """The files of the release that the pointer names."""
        files = self.files()
        pointer = json.loads(files["current.json"])
        return {n.removeprefix(pointer["path"]): c for n, c in files.items() if n.startswith(pointer["path"])}


@dataclass
class Folder(Storage):
    root: Path

    def __post_init__(self) -> None:
        self.place = Place(str(self.root))

    def files(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.root)): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}

    def tamper(self, name: str) -> None:
        (self.root / name).write_bytes(b"x")


@dataclass
class Bucket(Storage):
    port: int
    name: str

    def __post_init__(self) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
        )
        self.client.create_bucket(Bucket=self.name)
        self.address = f"s3://{self.name}/so-lieu?endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"
        self.place = Place(self.address, KEYS)

    def files(self) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket=self.name, Prefix="so-lieu/").get("Contents", [])
        names = [item["Key"] for item in listed if not item["Key"].endswith("/")]
        return {
            name.removeprefix("so-lieu/"): self.client.get_object(Bucket=self.name, Key=name)["Body"].read()
            for name in names
        }

    def remove(self) -> None:
        for item in self.client.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.client.delete_object(Bucket=self.name, Key=item["Key"])
        self.client.delete_bucket(Bucket=self.name)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def bucket(port: int, request: pytest.FixtureRequest) -> Bucket:
    return Bucket(port, "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20])


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Folder(tmp_path / "place") if request.param == "folder" else request.getfixturevalue("bucket")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("released")
    for day, rows in enumerate((world.ROWS, world.ROWS[:1])):
        world.release(root / "marts", day=day, rows=rows, marts=PUBLIC, vault=root / "vault.duckdb")
    return root


@pytest.fixture
def releases(released: Path, tmp_path: Path) -> list[Release]:
    """Two releases with an open edition, the older first."""
    shutil.copytree(released, tmp_path, symlinks=True, dirs_exist_ok=True)
    return ReleaseStore(tmp_path / "marts").list()[::-1]


class Broken(Exception):
    """The process ends here."""


def stop_after(files: int) -> object:
    seen: list[str] = []

    def checkpoint(step: str) -> None:
        seen.append(step)
        if len(seen) == files:
            raise Broken

    return checkpoint


def test_the_open_edition_alone_is_published_and_the_pointer_leads_to_it(
    storage: Storage, releases: list[Release]
) -> None:
    done = storage.place.publish(releases[1], NOW)
    assert (done.status, done.release) == ("published", releases[1].id)
    here = {path.name: path.read_bytes() for path in (releases[1].path / "open").iterdir()}
    assert storage.current() == here
    assert storage.place.current() == releases[1].id
    assert not [name for name in storage.files() if "marts.duckdb" in name or "quality" in name]
    assert storage.place.publish(releases[1], NOW).status == "unchanged"


def _draw(release: Release) -> bytes:
    (release.path / "bi").mkdir()
    (release.path / "bi" / "more.csv").write_text("1")
    return b'{"resources": []}'


def test_a_folder_of_tables_leaves_with_its_edition(storage: Storage, tmp_path: Path) -> None:
    folder = Page("bi/datapackage.json", "x", "x", "application/json", "1", _draw, folder="bi")
    vault = tmp_path / "vault.duckdb"
    world.release(tmp_path / "marts", marts=PUBLIC, vault=vault, pages=[folder], open_pages=[folder])
    (release,) = ReleaseStore(tmp_path / "marts").list()
    for edition in ("open", "internal"):
        storage.place.publish(release, NOW, edition)  # type: ignore[arg-type]
        assert storage.current()["bi/more.csv"] == b"1"


def test_the_internal_edition_leaves_only_when_asked(storage: Storage, releases: list[Release]) -> None:
    storage.place.publish(releases[1], NOW, "internal")
    assert {"marts.duckdb", "quality.json", "datapackage.json"} <= storage.current().keys()
    storage.place.publish(releases[1], NOW)
    assert storage.current() == {path.name: path.read_bytes() for path in (releases[1].path / "open").iterdir()}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(1, id="first file", marks=pytest.mark.slow),
        pytest.param(3, id="half way", marks=pytest.mark.slow),
        pytest.param(6, id="before the pointer"),
    ],
)
def test_a_publication_that_fails_half_way_leaves_the_old_release_and_the_next_one_cleans_up(
    storage: Storage, releases: list[Release], files: int
) -> None:
    storage.place.publish(releases[0], NOW)
    before, old = storage.current(), releases[0].id
    with pytest.raises(Broken):
        storage.place.publish(releases[1], NOW, checkpoint=stop_after(files))  # type: ignore[arg-type]
    assert storage.current() == before
    assert storage.place.current() == old
    storage.place.publish(releases[0], NOW)
    complete = storage.place.releases()
    left = {name.split("/")[1].removesuffix(".json") for name in storage.files() if name.startswith("releases/")}
    assert left == set(complete)
    storage.place.publish(releases[1], NOW)
    assert storage.place.current() == releases[1].id
    assert set(storage.place.releases()) == {release.id for release in releases}
    assert storage.current() == {path.name: path.read_bytes() for path in (releases[1].path / "open").iterdir()}


def test_of_two_publications_at_once_none_is_complete_without_its_files(
    storage: Storage, releases: list[Release]
) -> None:
    def other(step: str) -> None:
        if step == "broadband.parquet":
            storage.place.publish(releases[1], NOW)

    with pytest.raises(PlaceError, match="another installation publishes here"):
        storage.place.publish(releases[0], NOW, checkpoint=other)
    assert storage.place.releases() == [releases[1].id]
    assert storage.current() == {path.name: path.read_bytes() for path in (releases[1].path / "open").iterdir()}


def test_readers_are_led_back_without_a_second_upload(storage: Storage, releases: list[Release]) -> None:
    for release in releases:
        storage.place.publish(release, NOW)
    steps: list[str] = []
    assert storage.place.publish(releases[0], NOW, checkpoint=steps.append).status == "published"
    assert steps == ["complete", "flipped"]
    assert storage.place.current() == releases[0].id


def test_bytes_that_come_back_different_are_not_published(storage: Storage, releases: list[Release]) -> None:
    storage.place.publish(releases[0], NOW)
    (releases[1].path / "open" / "broadband.csv").chmod(0o600)
    (releases[1].path / "open" / "broadband.csv").write_bytes(b"changed after the release")
    with pytest.raises(PlaceError, match=r"broadband\.csv came back with other bytes"):
        storage.place.publish(releases[1], NOW)
    assert storage.place.current() == releases[0].id


def test_a_release_without_open_edition_is_not_published(storage: Storage, tmp_path: Path) -> None:
    world.release(tmp_path / "other")
    release = ReleaseStore(tmp_path / "other").list()[0]
    with pytest.raises(PlaceError, match="no open edition"):
        storage.place.publish(release, NOW)
    assert storage.files() == {}


def test_a_vanished_bucket_is_named(bucket: Bucket, releases: list[Release]) -> None:
    bucket.place.publish(releases[0], NOW)
    bucket.remove()
    with pytest.raises(PlaceError, match=rf"s3://{bucket.name}/so-lieu could not be written: NO_SUCH_BUCKET"):
        bucket.place.publish(releases[1], NOW)


def test_wrong_credentials_are_named_and_not_shown(bucket: Bucket, releases: list[Release], port: int) -> None:
    import httpx

    bucket.place.publish(releases[0], NOW)
    before = bucket.files()
    httpx.post(f"http://127.0.0.1:{port}/moto-api/reset-auth", content=b"0")
    try:
        wrong = Place(bucket.address, {"access_key": "AKIAWRONG", "secret_key": "other-secret"})
        with pytest.raises(PlaceError) as caught:
            wrong.publish(releases[1], NOW)
    finally:
        httpx.post(f"http://127.0.0.1:{port}/moto-api/reset-auth", content=b"inf")
    assert "AKIAWRONG" not in str(caught.value)
    assert "other-secret" not in str(caught.value)
    assert "INVALID" in str(caught.value) or "DENIED" in str(caught.value)
    assert bucket.files() == before


def test_a_server_that_is_gone_is_named(releases: list[Release]) -> None:
    gone = Place(GONE, KEYS)
    with pytest.raises(PlaceError, match=r"s3://bucket/x could not be written"):
        gone.publish(releases[0], NOW)


def test_an_address_with_an_unknown_option_is_refused() -> None:
    with pytest.raises(PlaceError, match="HATINH_PUBLISH"):
        Place("s3://bucket/x?colour=red", KEYS)


GONE = "s3://bucket/x?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"


def test_a_run_records_its_publication_and_one_that_failed_waits_for_a_person(
    releases: list[Release], tmp_path: Path
) -> None:
    """`releases` lie where the settings look for them: in `marts` of the data folder."""
    for address, status, problems in ((GONE, "failed", ["s3://bucket/x"]), (str(tmp_path / "out"), "published", [])):
        settings = load_settings(data_dir=tmp_path, publish=address, credentials_file=tmp_path / "none.json")
        platform = Platform(settings)
        with walk.hold(platform, f"run-{status}") as run:
            run.record(walk.publish(platform))
        last = RunLog(settings.marts).runs()[-1]["place"]
        assert (last["status"], last["release"], last["edition"]) == (status, releases[1].id, "open")
        found = [p.subject for p in read_state(settings, NOW).problems if p.kind == "not_published"]
        assert found == problems
    assert Place(str(tmp_path / "out")).current() == releases[1].id


def test_without_a_place_nothing_is_copied(releases: list[Release], tmp_path: Path) -> None:
    assert walk.publish(Platform(load_settings(data_dir=tmp_path))) is None
