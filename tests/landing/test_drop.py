"""The drop folder: what lies still is landed and taken; the rest stays, with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.landing import drop as drop_module
from pipelines.landing.drop import DropReport, SourceInfo, intake
from pipelines.landing.store import Landing
from pipelines.sources import all_sources

NOW = datetime(2026, 10, 10, 20, 0, tzinfo=UTC)  # in Vietnam it is the 11th


class Dossiers:
    licence = "internal"
    frames_by_name = False

    def period_of(self, name: str, landed_on: date) -> tuple[str, date]:
        if "khong-ro" in name:
            raise ValueError("name the file like hoso-2026-10.json")
        return f"{landed_on:%Y-%m}", landed_on


class Room:
    """A drop folder, a store, and a clock that only sleeping moves."""

    def __init__(self, folder: Path) -> None:
        self.drop = folder / "drop"
        self.landing = Landing(folder / "raw")
        self.sources: Mapping[str, SourceInfo] = {"dossiers": Dossiers(), "reports": Dossiers()}
        self.slept: list[float] = []
        self.while_asleep: Callable[[], None] = lambda: None

    def write(self, place: str, content: bytes = b"{}", age: float = 60) -> Path:
        path = self.drop / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.touch(path, age)
        return path

    def touch(self, path: Path, age: float) -> None:
        changed_at = (NOW - timedelta(seconds=age)).timestamp()
        os.utime(path, (changed_at, changed_at))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.while_asleep()

    def intake(self) -> DropReport:
        return intake(
            self.landing,
            self.drop,
            self.sources,
            settle_seconds=3,
            now=lambda: NOW + timedelta(seconds=sum(self.slept)),
            sleep=self.sleep,
        )


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_settled_file_is_landed_and_taken_away(room: Room) -> None:
    path = room.write("dossiers/Hồ sơ tháng 10.json", "Đ".encode())
    deeper = room.write("reports/2026/b.json")

    report = room.intake()

    assert [receipt.name for receipt in report.landed] == ["Hồ sơ tháng 10.json", "b.json"]
    receipt = report.landed[0]
    assert (receipt.address, receipt.licence, receipt.landed_at) == ("drop:Hồ sơ tháng 10.json", "internal", NOW)
    assert (receipt.partition, receipt.extracted_on) == ("2026-10", date(2026, 10, 11))
    assert room.landing.path_of(receipt).read_bytes() == "Đ".encode()
    assert not path.exists()
    assert not deeper.exists()
    assert room.slept == []
    assert room.intake() == DropReport(empty=("reports/2026",))


def test_the_same_bytes_again_are_taken_but_not_landed(room: Room) -> None:
    room.write("dossiers/a.json")
    first = room.intake().landed
    again = room.write("dossiers/b.json")

    report = room.intake()

    assert (report.landed, report.repeated) == ((), first)
    assert not again.exists()


def test_a_young_file_is_waited_for_once(room: Room) -> None:
    room.write("dossiers/a.json", b"1", age=1)
    room.write("dossiers/b.json", b"2", age=2)
    room.write("dossiers/c.json", b"3", age=-1000)  # another machine's clock runs ahead

    assert len(room.intake().landed) == 3
    assert room.slept == [3]


def test_a_file_still_being_written_is_left_complete(room: Room) -> None:
    growing = room.write("dossiers/a.json", b"1", age=1)
    gone = room.write("dossiers/b.json", b"2", age=1)

    def change() -> None:
        growing.write_bytes(b"1 and more")
        gone.unlink()

    room.while_asleep = change
    report = room.intake()

    assert [left.path for left in report.unsettled] == ["dossiers/a.json", "dossiers/b.json"]
    assert growing.read_bytes() == b"1 and more"
    assert room.landing.sources() == []


def test_a_file_that_changes_while_it_is_read_is_not_landed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    path = room.write("dossiers/a.json", b"123456")
    chunks = drop_module._chunks

    def slow(file: drop_module._Seen) -> Iterator[bytes]:
        for chunk in chunks(file):
            path.write_bytes(b"another text")
            yield chunk

    monkeypatch.setattr(drop_module, "_chunks", slow)

    assert [left.path for left in room.intake().unsettled] == ["dossiers/a.json"]
    assert room.landing.receipts("dossiers") == []
    assert path.exists()


def test_an_empty_file_lands(room: Room) -> None:
    room.write("dossiers/empty.json", b"")

    assert [receipt.bytes for receipt in room.intake().landed] == [0]


def test_files_of_no_source_stay_and_the_sources_are_named(room: Room) -> None:
    places = ["a.json", "dossiers/x/y/z.json", "dosiers/a.json"]
    for place in places:
        room.write(place)

    unknown = room.intake().unknown

    assert sorted(left.path for left in unknown) == sorted(places)
    assert all("dossiers, reports" in left.reason for left in unknown)
    assert all((room.drop / place).exists() for place in places)


def test_an_empty_folder_is_reported_and_that_of_a_source_may_be_empty(room: Room) -> None:
    for place in ("dossiers/Sở Y tế", "dosiers", "reports", ".sync", "dossiers/nam@hatinh.vn"):
        (room.drop / place).mkdir(parents=True, exist_ok=True)
    room.write("dossiers/UBND xã/a.json")
    report = room.intake()
    assert [receipt.name for receipt in report.landed] == ["a.json"]
    assert report.empty == ("dossiers/Sở Y tế", "…")  # an address is not repeated
    assert [left.path for left in report.unknown] == ["dosiers"]


def test_what_no_person_dropped_is_passed_over(room: Room) -> None:
    names = [".x", ".sync/a.json", "a.json.part", "a.TMP", "b.crdownload", "~$a.xlsx", "Thumbs.db", ".DS_Store"]
    for name in names:
        room.write(f"dossiers/{name}")

    assert room.intake() == DropReport()
    assert all((room.drop / "dossiers" / name).exists() for name in names)


def test_a_bad_file_does_not_stop_the_others(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = room.write("dossiers/a.json")
    room.write("dossiers/khong-ro.json", b"2")
    (room.drop / "dossiers" / "dangling.json").symlink_to("nowhere")
    os.mkfifo(room.drop / "dossiers" / "pipe.json")
    room.write("dossiers/z.json", b"3")
    opened = Path.open

    def refusing(self: Path, *args: object, **kwargs: object) -> object:
        if self == locked:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    report = room.intake()

    assert [receipt.name for receipt in report.landed] == ["z.json"]
    reasons = {left.path.removeprefix("dossiers/"): left.reason for left in report.failed}
    assert reasons.keys() == {"a.json", "khong-ro.json", "dangling.json", "pipe.json"}
    assert "Permission denied" in reasons["a.json"]
    assert "name the file like" in reasons["khong-ro.json"]
    assert "not a regular file" in reasons["pipe.json"]
    assert locked.exists()


def test_a_file_without_a_day_stays_and_the_report_shows_how_to_name_it(room: Room) -> None:
    room.sources = all_sources()
    for name in ("viettel-thon-30-06-2025.csv", "vnpt-thon-quy3-2026.csv", "vnpt-thon.csv"):
        room.write(f"village_coverage/{name}", name.encode())
    room.write("dossiers/hoso.json")

    report = room.intake()

    assert [(receipt.name, receipt.partition, str(receipt.extracted_on)) for receipt in report.landed] == [
        ("hoso.json", "2026-10", "2026-10-11"),
        ("viettel-thon-30-06-2025.csv", "2025-Q2", "2025-06-30"),
        ("vnpt-thon-quy3-2026.csv", "2026-Q3", "2026-09-30"),
    ]
    (left,) = report.failed
    assert left.path == "village_coverage/vnpt-thon.csv"
    assert "has no date in its name" in left.reason
    assert "vnpt-thon-2026-09-30.csv" in left.reason
    assert (room.drop / left.path).exists()


def test_a_landed_file_that_cannot_be_removed_is_reported(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    path = room.write("dossiers/a.json")
    unlink = Path.unlink

    def refusing(self: Path, missing_ok: bool = False) -> None:
        if self == path:
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    report = room.intake()

    assert len(report.landed) == 1
    assert [(left.path, "by hand" in left.reason) for left in report.failed] == [("dossiers/a.json", True)]


def test_no_drop_folder_is_an_empty_one(room: Room) -> None:
    assert room.intake() == DropReport()


def test_a_link_is_never_followed(room: Room, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ndjson"
    secret.write_bytes(b"secret")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "b.ndjson").write_bytes(b"secret")
    room.write("dossiers/good.ndjson", b"1")
    (room.drop / "dossiers" / "link.ndjson").symlink_to(secret)
    (room.drop / "dossiers" / "folder").symlink_to(folder)
    report = room.intake()
    assert [receipt.name for receipt in report.landed] == ["good.ndjson"]
    assert {left.path for left in report.failed} == {"dossiers/link.ndjson", "dossiers/folder"}
    assert all("is a link" in left.reason for left in report.failed)
    assert secret.exists()


@pytest.mark.parametrize(
    "name",
    [
        "hoso-0912345678.ndjson",
        "Nguyễn Văn Mẫu 0912 345 678.ndjson",
        "cccd 042099001234.ndjson",
        "nam@hatinh.vn.ndjson",
    ],
)
def test_a_name_that_looks_like_personal_data_is_not_landed_and_not_repeated(room: Room, name: str) -> None:
    room.write(f"dossiers/{name}", b"1")
    room.write("dossiers/hoso_202610051530.ndjson", b"2")  # a time of day of 12 digits
    report = room.intake()
    assert [receipt.name for receipt in report.landed] == ["hoso_202610051530.ndjson"]
    (left,) = report.failed
    assert "Rename it" in left.reason
    assert not any(part in left.path for part in ("0912", "042099001234", "nam@"))
