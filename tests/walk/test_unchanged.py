"""A run with nothing to do is recorded as `unchanged`, and as nothing else than what it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.platform import Platform
from pipelines.release.files import PACKAGE, RELEASES, flip
from pipelines.release.runs import RunInfo, RunLog
from pipelines.settings import load_settings
from pipelines.unchanged import inputs_digest, record_if_unchanged
from pipelines.walk import is_all_loaded
from pipelines.warehouse.connection import set_state

NOW = datetime(2026, 11, 30, tzinfo=UTC)
BEFORE, CURRENT = "20261129T020000Z-00000000", "20261130T020000Z-11111111"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Readers have `CURRENT`, and the warehouse states that it was made of the inputs as they are."""
    platform = Platform(load_settings(data_dir=tmp_path), now=lambda: NOW)
    for release in (BEFORE, CURRENT):
        folder = platform.settings.marts / RELEASES / release
        folder.mkdir(parents=True)
        (folder / PACKAGE).write_text(json.dumps({"id": release, "resources": []}))
    flip(platform.settings.marts, CURRENT)
    with platform.warehouse.connect() as connection:
        set_state(connection, "checked", "all")
        set_state(connection, "released", f"{inputs_digest(platform)} {CURRENT}")
    return platform


def record(platform: Platform, *releases: str) -> RunLog:
    """The log of runs that released these, and of one that was killed after them."""
    log = RunLog(platform.settings.marts)
    for release in releases:
        log.begin(RunInfo(release, NOW, "1"))
        log.finish(release, NOW, "released", release=release)
    log.begin(RunInfo("killed", NOW, "1"))
    return log


def test_nothing_new_is_recorded_without_a_run(platform: Platform) -> None:
    log = record(platform, BEFORE, CURRENT)
    assert record_if_unchanged(platform, "next")
    assert (log.runs()[-1]["status"], log.runs()[-1]["release"]) == ("unchanged", CURRENT)


@pytest.mark.parametrize("recorded", [(), (BEFORE,)])
def test_a_release_whose_run_was_killed_before_its_record_is_recorded_by_a_run(
    platform: Platform, recorded: tuple[str, ...]
) -> None:
    log = record(platform, *recorded)
    assert not record_if_unchanged(platform, "next"), "the record of that release would be missing or of another one"
    assert log.runs()[-1]["run_id"] == "killed"


def test_a_landed_file_that_no_run_has_read_is_work_for_the_next(platform: Platform) -> None:
    with platform.warehouse.connect() as connection:
        assert is_all_loaded(platform, connection)
        platform.landing.put(
            [b"{}"],
            source="dossiers",
            name="hoso.ndjson",
            partition="2026-11",
            extracted_on=NOW.date(),
            address="drop:hoso.ndjson",
            landed_at=NOW,
            licence="x",
        )
        assert not is_all_loaded(platform, connection)
