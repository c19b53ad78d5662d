"""kill -9 at every step: readers always have a complete release, and the next publication is correct."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import release_world as world
from release_world import release, warehouse

from pipelines.release.publish import STEPS
from pipelines.release.store import ReleaseStore


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    script = Path(__file__).with_name("killed_publishers.py")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("step", STEPS)
def test_killed_in_the_first_release(killed: Path, step: str) -> None:
    store = ReleaseStore(killed / "first" / step)
    left = store.current()
    assert (left is not None) == (step == "flipped")
    if left:
        store.verify(left.id)

    outcome = release(store.root, day=2, pages=[world.NOTE])
    assert outcome.status == ("unchanged" if left else "released")
    assert store.verify(str(outcome.release_id)) == store.current()
    assert (store.root / "current" / "note.html").read_text() == f"Bản {outcome.release_id}: 3"
    assert not list(store.root.glob(".*"))


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_replacing_a_release(killed: Path, step: str) -> None:
    store = ReleaseStore(killed / "next" / step)
    left = store.current()
    assert left is not None
    assert left.rows == (2 if step == "flipped" else 3)
    store.verify(left.id)

    # The same content a day later, at the same second as the killed run: the two must not trip over each other.
    outcome = release(store.root, warehouse(world.ROWS[:1]), day=1, pages=[world.NOTE])
    assert outcome.status == ("unchanged" if step == "flipped" else "released")
    current = store.verify(str(outcome.release_id))
    assert current == store.current()
    assert current.rows == 2
    assert len(store.list()) == 2
    assert not list(store.root.glob(".*"))
