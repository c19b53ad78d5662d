"""What is renamed into place was forced onto the disk before: a power failure leaves the old state or the new one.

The system's fsync is watched, and is the one thing here that is replaced: no other boundary shows it.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from release_world import release

from pipelines.landing.store import Landing
from pipelines.release.files import flip, write_atomically


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files and folders in the order in which they were synced, as they were called at that moment."""
    names: list[str] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        names.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    return names


def test_a_file_that_is_replaced_is_synced_and_then_its_folder(tmp_path: Path, synced: list[str]) -> None:
    write_atomically(tmp_path / "versions.json", "{}")
    assert synced == [".versions.json.tmp", tmp_path.name]


def test_the_flip_of_readers_is_synced(tmp_path: Path, synced: list[str]) -> None:
    flip(tmp_path, "20261123T020000Z-00000000")
    assert synced == [tmp_path.name]


def test_every_file_of_a_release_is_synced_before_readers_are_led_to_it(tmp_path: Path, synced: list[str]) -> None:
    outcome = release(tmp_path)
    assert {path.name for path in outcome.files} <= set(synced)
    assert synced[-2:] == ["releases", tmp_path.name], "the rename of the release, then that of the link"


def test_a_landed_file_its_receipt_and_their_folder_are_synced(tmp_path: Path, synced: list[str]) -> None:
    receipt, _ = Landing(tmp_path).put(
        [b"{}"],
        source="dossiers",
        name="hoso-2026-10-31.json",
        partition="2026-10",
        extracted_on=date(2026, 10, 31),
        address="drop:hoso-2026-10-31.json",
        landed_at=datetime(2026, 11, 1, tzinfo=UTC),
        licence="",
    )
    folder = (tmp_path / receipt.path).parent.name
    assert synced.count(folder) == 2, "the rename of the bytes and that of the receipt"
    assert len(synced) == 4, f"the bytes and the receipt before them: {synced}"
