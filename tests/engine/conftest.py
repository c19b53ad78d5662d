"""An engine for the tests that need one: Sail, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The address of an engine of the tests' own."""
    for package in ("pysail", "pyspark", "sqlglot"):
        pytest.importorskip(package, reason="the extra `engine` is not installed: make test-engine brings it")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(port=0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()
