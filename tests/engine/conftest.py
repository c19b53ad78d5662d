"""An engine for the tests that need one: Sail, in this process or in one that a test may kill."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from engine_world import land_dossiers

from benchmarks.engines import sail_server

if TYPE_CHECKING:
    from conftest import World


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The address of an engine of the tests' own, or TEST_ENGINE: a Spark that is running, to be tested alike."""
    for package in ("pysail", "pyspark", "sqlglot"):
        pytest.importorskip(package, reason="the extra `engine` is not installed: make test-engine brings it")
    if given := os.environ.get("TEST_ENGINE"):
        yield given
        return
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(port=0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


@pytest.fixture
def dying(sail: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An engine in a process of its own."""
    with sail_server() as found:
        yield found


@pytest.fixture(scope="module")
def world(fresh_world: Callable[[], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Landed, not loaded: golden dossiers, a sample, and files that cannot be read to the end."""
    world = fresh_world()
    land_dossiers(world, tmp_path_factory.mktemp("sample"))
    return world
