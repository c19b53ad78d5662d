"""A session on the engine that `HATINH_ENGINE` names: Apache Spark 4 or Sail, both by the protocol of Spark Connect."""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipelines.language import tr

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # 1 / 0 is null, as in DuckDB
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.legacy.sizeOfNull": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
}
SECONDS_TO_CONNECT = 10.0
ATTEMPTS = 5
"""Calls to an engine that does not answer are repeated for some 17 s; Spark's own default is 10 minutes."""


class EngineProblem(RuntimeError):
    """The engine is not installed, not reached, or failed. The message names its address and what to do."""


def connect(address: str) -> Any:
    """A session of its own: two runs on one engine do not see each other's views.

    Raises:
        EngineProblem: the packages are not installed, or nothing answers at the address.
    """
    try:
        import sqlglot  # noqa: F401 - the translator needs it: one message for all that the extra brings
        from pyspark.sql import SparkSession
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.types import StringType
    except ImportError as error:
        raise EngineProblem(
            tr(
                "HATINH_ENGINE is {address}, and the packages for it are not installed ({name}). Install the "
                "extra `engine`: `make install-prod EXTRAS=engine`, or set HATINH_ENGINE=duckdb.",
                address=address,
                name=error.name,
            )
        ) from None
    _reach(address)
    with translated_errors(address, tr("open a session")):
        builder = SparkSession.builder.remote(address)
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=ATTEMPTS)])
        session.udf.register("nfc_normalize", _nfc, StringType())
    return session


def _nfc(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text)


def _reach(address: str) -> None:
    match = re.match(r"sc://(.+):(\d+)", address)
    assert match is not None, address  # noqa: S101 - the settings allow nothing else
    host, port = match.groups()
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise EngineProblem(
            tr(
                "Nothing answers at HATINH_ENGINE={address} ({error}). Start the engine, correct the "
                "address, or set HATINH_ENGINE=duckdb. The last release stays.",
                address=address,
                error=error.strerror or type(error).__name__,
            )
        ) from None


@contextmanager
def translated_errors(address: str, doing: str) -> Iterator[None]:
    """Errors of the engine under our name, without its message: that may quote a row."""
    from grpc import RpcError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, RpcError) as error:
        condition = getattr(error, "getCondition", lambda: None)()
        status = error.code().name if isinstance(error, RpcError) and hasattr(error, "code") else None
        raise EngineProblem(
            tr(
                "The engine at {address} could not {doing}: {error}. Its own log has the details. Nothing was "
                "published; the next run repeats the work.",
                address=address,
                doing=doing,
                error=f"{type(error).__name__} {condition or status or ''}".rstrip(),
            )
        ) from None
