"""A release computed again: the files that it names are loaded, and each table is compared with the published one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from landing_world import NOW, put

from pipelines.landing.store import DamagedFileError, Landing
from pipelines.release.released import Release
from pipelines.reproduce import NotReproducible, _compared, _land


def reported(landing: Landing, name: str) -> Mapping[str, str]:
    """A landed file, as a release lists it."""
    return {"title": "dossiers", "name": name, "sha256": put(landing, "dossiers", name).sha256}


def test_only_the_files_of_the_release_are_active_again(tmp_path: Path) -> None:
    kept, anew = Landing(tmp_path / "raw"), Landing(tmp_path / "anew")
    then, _ = reported(kept, "hoso-2026-10-20.json"), reported(kept, "hoso-2026-10-31.json")
    kept.withdraw("dossiers", then["sha256"], "it came again", NOW)
    _land(kept, anew, Release(tmp_path, {"id": "1", "sources": [then]}))
    (receipt,) = anew.active("dossiers")
    assert receipt in [replace(known, withdrawn=None) for known in kept.receipts("dossiers")]
    assert (receipt.name, receipt.landed_at) == ("hoso-2026-10-20.json", NOW)
    assert anew.path_of(receipt).read_bytes() == b"hoso-2026-10-20.json"
    anew.verify(receipt)


def test_a_file_that_is_gone_or_changed_is_named(tmp_path: Path) -> None:
    kept = Landing(tmp_path / "raw")
    file = reported(kept, "hoso-2026-10-20.json")
    lost = {**file, "sha256": "0" * 64}
    with pytest.raises(NotReproducible, match=r"dossiers: hoso-2026-10-20\.json 000000000000"):
        _land(kept, Landing(tmp_path / "anew"), Release(tmp_path, {"id": "1", "sources": [lost]}))
    path = kept.path_of(kept.receipts("dossiers")[0])
    path.chmod(0o644)
    path.write_bytes(b"other bytes")
    with pytest.raises(DamagedFileError):
        _land(kept, Landing(tmp_path / "anew"), Release(tmp_path, {"id": "1", "sources": [file]}))


def described(folder: Path, rows: pl.DataFrame, hash_: str) -> tuple[dict[str, Any], Release]:
    folder.mkdir()
    rows.write_parquet(folder / "t.parquet")
    resource = {"name": "t", "target": "t", "path": "t.parquet", "hash": hash_, "rows": rows.height}
    return resource, Release(folder, {"resources": [resource]})


@pytest.mark.parametrize(
    ("rows", "hash_", "outcome"),
    [
        ({"n": [1, 2, 2]}, "a", "same"),
        ({"n": [2, 1, 2]}, "b", "same_rows"),
        ({"n": [1, 1, 2]}, "b", "differs"),
        ({"n": ["1", "2", "2"]}, "b", "differs"),
        ({"m": [1, 2, 2]}, "b", "differs"),
    ],
)
def test_a_table_is_the_same_or_is_not(tmp_path: Path, rows: dict[str, Any], hash_: str, outcome: str) -> None:
    then, release = described(tmp_path / "then", pl.DataFrame({"n": [1, 2, 2]}), "a")
    now, computed = described(tmp_path / "now", pl.DataFrame(rows), hash_)
    assert _compared(then, now, {}, release, computed).outcome == outcome
    assert _compared(then, None, {}, release, computed).outcome == "missing"
    kept = _compared(then, None, {"t": "20261101T0"}, release, computed)
    assert (kept.outcome, kept.of) == ("held_back", "20261101T0"), "it was not computed then either"
