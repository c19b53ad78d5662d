"""Which tables of the last release a run is compared with: those whose files are all still active."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from landing_world import NOW, put

from pipelines.landing.store import Landing
from pipelines.platform import Platform
from pipelines.release.store import ReleaseStore
from pipelines.transform.marts import Mart
from pipelines.walk import comparable_tables


@dataclass(frozen=True)
class Table:
    """What is asked of a mart."""

    name: str
    target: str
    sources: frozenset[str]


MARTS = cast(
    "list[Mart]",
    [Table("timeliness", "dossiers", frozenset({"dossiers"})), Table("speed", "speed", frozenset({"ispeed"}))],
)


@dataclass(frozen=True)
class World:
    """A landing and a store of releases, with as much in them as is asked."""

    landing: Landing
    releases: ReleaseStore
    project: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(marts=MARTS))

    def land(self, source: str, name: str) -> str:
        return put(self.landing, source, name).sha256

    def release(self, release_id: str, files: dict[str, str], **held: str) -> None:
        """One that was computed from `files`, source by sha256, with tables held back from an earlier one."""
        package: dict[str, Any] = {
            "id": release_id,
            "resources": [],
            "sources": [{"title": source, "sha256": sha256, "status": "loaded"} for sha256, source in files.items()],
            "held_back": [
                {"target": target, "since": "", "reason": "", "from_release": origin} for target, origin in held.items()
            ],
        }
        path = self.releases.root / "releases" / release_id
        path.mkdir(parents=True)
        (path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")

    def comparable(self, last: str) -> frozenset[str]:
        return comparable_tables(cast("Platform", self), self.releases.get(last))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Landing(tmp_path / "raw"), ReleaseStore(tmp_path / "marts"))


def test_before_the_first_release_nothing_is_comparable(world: World) -> None:
    assert comparable_tables(cast("Platform", world), None) == frozenset()


def test_a_table_of_which_a_file_is_gone_is_not_and_the_others_are(world: World) -> None:
    dossiers, speed = world.land("dossiers", "hoso-2026-10-31.json"), world.land("ispeed", "ispeed-2026-10.csv")
    world.release("1", {dossiers: "dossiers", speed: "ispeed"})
    assert world.comparable("1") == {"timeliness", "speed"}
    world.landing.withdraw("dossiers", dossiers, "wrong", NOW)
    assert world.comparable("1") == {"speed"}


def test_a_table_held_back_is_as_old_as_the_release_that_it_came_from(world: World) -> None:
    """The first real file was held back beside tables of samples; the second is not held against the samples."""
    sample, speed = world.land("dossiers", "sample-hoso-2026-10-31.json"), world.land("ispeed", "ispeed-2026-10.csv")
    world.release("1", {sample: "dossiers", speed: "ispeed"})
    real = world.land("dossiers", "hoso-2026-11-10.json")
    world.release("2", {real: "dossiers", speed: "ispeed"}, dossiers="1")
    assert world.comparable("2") == {"speed"}
    # from a release that was pruned since, or never came out
    world.release("3", {real: "dossiers", speed: "ispeed"}, dossiers="0")
    assert world.comparable("3") == {"speed"}
    world.release("4", {real: "dossiers", speed: "ispeed"})
    assert world.comparable("4") == {"timeliness", "speed"}
