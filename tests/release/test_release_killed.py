"""kill -9 at every step: readers always have a complete release, and the next publication is correct."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import release_world as world
from release_world import release, warehouse

from pipelines.release.publish import STEPS
from pipelines.release.store import ReleaseStore


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of the releases that were killed at each step, the `first` ever or the `next` after a good one."""
    folder = tmp_path_factory.mktemp("killed")
    script = Path(__file__).with_name("killed_publishers.py")

    @cache
    def of(which: str) -> Path:
        subprocess.run([sys.executable, str(script), str(folder), which], check=True)
        return folder / which

    return of


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_in_the_first_release(killed: Callable[[str], Path], step: str) -> None:
    store = ReleaseStore(killed("first") / step)
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
def test_killed_while_replacing_a_release(killed: Callable[[str], Path], step: str) -> None:
    store = ReleaseStore(killed("next") / step)
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
