"""What a run depends on: a run is skipped only when none of it has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from landing_world import NOW, put

from pipelines import unchanged, walk
from pipelines.platform import Platform
from pipelines.settings import load_settings
from pipelines.warehouse.pseudonyms import make_key


def test_the_withdrawal_of_a_superseded_file_is_something_to_do(tmp_path: Path) -> None:
    """No active file changes, but the release lists withdrawn files with their reason."""
    platform = Platform(load_settings(data_dir=tmp_path))
    sample = put(platform.landing, "dossiers", "sample-hoso-2026-09-30.json")
    real = put(platform.landing, "dossiers", "hoso-2026-10-31.json")
    assert platform.landing.active("dossiers") == [real]
    before = unchanged.inputs_digest(platform)
    assert unchanged.inputs_digest(platform) == before
    platform.landing.withdraw("dossiers", sample.sha256, "a wrong delivery", NOW)
    assert platform.landing.active("dossiers") == [real]
    assert unchanged.inputs_digest(platform) != before


def test_a_warehouse_is_of_one_province(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data", pseudonym_key_file=tmp_path / "key")
    make_key(settings.pseudonym_key)
    walk.load(Platform(settings), [])
    walk.load(Platform(settings), [])
    other = settings.model_copy(update={"province_code": "44", "province_name": "Quảng Trị"})
    with pytest.raises(walk.WrongProvince, match=r"holds province 42, .* of 44 \(Quảng Trị\)"):
        walk.load(Platform(other), [])
