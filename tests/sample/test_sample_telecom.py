"""The shipped samples of telecom are what the generator writes, and every one loads."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow import Table

from pipelines.landing.store import Landing
from pipelines.settings import PROJECT_ROOT
from samples.telecom import write_telecom

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_telecom(tmp_path_factory.mktemp("telecom"), SEEDS)


def test_the_shipped_files_are_those_that_it_writes(written: list[Path]) -> None:
    landing = Landing(PROJECT_ROOT / "data" / "raw")
    for path in written:
        receipts = [r for r in landing.receipts(path.parent.name) if r.name == path.name]
        (receipt,) = receipts
        assert receipt.synthetic
        shipped, content = landing.path_of(receipt).read_bytes(), path.read_bytes()
        # Parquet names the library that wrote it: its rows are compared
        assert _rows(shipped) == _rows(content) if path.suffix == ".parquet" else shipped == content, path.name


def test_another_seed_is_another_sample(written: list[Path], tmp_path: Path) -> None:
    others = write_telecom(tmp_path, SEEDS, seed=1)
    assert [path.name for path in others] == [path.name for path in written]
    assert all(a.read_bytes() != b.read_bytes() for a, b in zip(others, written, strict=True))


def _rows(content: bytes) -> Table:
    return pq.read_table(io.BytesIO(content))
