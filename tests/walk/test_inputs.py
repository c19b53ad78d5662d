"""What a run depends on: a run is skipped only when none of it has changed."""

from __future__ import annotations

from pathlib import Path

from landing_world import NOW, put

from pipelines import walk
from pipelines.platform import Platform
from pipelines.settings import load_settings


def test_the_withdrawal_of_a_superseded_file_is_something_to_do(tmp_path: Path) -> None:
    """No active file changes, but the release lists withdrawn files with their reason."""
    platform = Platform(load_settings(data_dir=tmp_path))
    sample = put(platform.landing, "dossiers", "sample-hoso-2026-09-30.json")
    real = put(platform.landing, "dossiers", "hoso-2026-10-31.json")
    assert platform.landing.active("dossiers") == [real]
    before = walk.inputs_digest(platform)
    assert walk.inputs_digest(platform) == before
    platform.landing.withdraw("dossiers", sample.sha256, "a wrong delivery", NOW)
    assert platform.landing.active("dossiers") == [real]
    assert walk.inputs_digest(platform) != before
