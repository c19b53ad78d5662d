"""S3-compatible storage of the rows of dossiers: how DuckDB and pyarrow reach it, and its errors under our name.

The keys come from the file of credentials or from the environment each time a connection opens. They are held in
memory only: a secret of DuckDB that ends with its connection, never a part of a task, a profile, the warehouse or a
message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb

from pipelines.language import tr
from pipelines.settings import Settings

SCHEME = "s3://"
CREDENTIALS = "engine_storage"
_OF_ENVIRONMENT = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}


class StorageProblem(RuntimeError):
    """The storage is not reached, refuses, or lacks what is booked. The message names address and reason, no key."""


@dataclass(frozen=True)
class ObjectStorage:
    """A bucket and a prefix, as `HATINH_ENGINE_STORAGE` names them.

    It holds no key, only where the keys are read: what is sent to a worker may carry it.
    """

    address: str
    credentials: Path

    @property
    def root(self) -> str:
        """The address without the options of its connection: names of files begin with it."""
        return self.address.partition("?")[0].rstrip("/")

    @property
    def _options(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.address.partition("?")[2]).items()}

    def _keys(self) -> dict[str, str]:
        from pipelines.landing.pull import PullError, read_credentials

        try:
            given = read_credentials(self.credentials, CREDENTIALS)
        except PullError as error:
            raise StorageProblem(str(error)) from None
        given = given or {name: os.environ.get(variable, "") for name, variable in _OF_ENVIRONMENT.items()}
        if not (given.get("access_key") and given.get("secret_key")):
            raise StorageProblem(
                tr(
                    'There are no keys for {address}: write access_key and secret_key under "{name}" in {credentials}, '
                    "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                    address=self.root,
                    name=CREDENTIALS,
                    credentials=self.credentials,
                )
            )
        return {name: given[name] for name in _OF_ENVIRONMENT if given.get(name)}

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection of DuckDB read the storage, until it is closed.

        Raises:
            StorageProblem: there are no keys, or the extension httpfs is not installed.
        """
        keys, options = self._keys(), self._options
        connection.execute(f"load {_literal(httpfs_extension())}")
        secret = {
            "type": "s3",
            "scope": f"{self.root}/",
            "key_id": keys["access_key"],
            "secret": keys["secret_key"],
            "session_token": keys.get("session_token"),
            "region": options.get("region", "us-east-1"),
            "endpoint": options.get("endpoint_override"),
            "url_style": "path" if "endpoint_override" in options else None,
            "use_ssl": "false" if options.get("scheme") == "http" else None,
        }
        stated = ", ".join(f"{name} {_literal(value)}" for name, value in secret.items() if value)
        try:
            connection.execute(f"create or replace temporary secret engine_storage ({stated})")
        except duckdb.Error as error:  # its message may quote the statement
            raise StorageProblem(
                tr("{address} cannot be opened ({error})", address=self.root, error=type(error).__name__)
            ) from None

    def files(self) -> Any:
        """pyarrow's view of the storage, in which names have no scheme. Made anew each time: it holds the keys."""
        from pyarrow import fs

        keys = self._keys()
        with self.explained():
            return fs.S3FileSystem(
                **keys,
                **{"region": "us-east-1"} | self._options,
                connect_timeout=10,
                request_timeout=60,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
            )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of pyarrow on the storage as `StorageProblem`."""
        try:
            yield
        except OSError as error:
            raise self.problem(error) from None

    def problem(self, error: Exception) -> StorageProblem:
        return StorageProblem(
            tr(
                "{address} could not be read or written: {error}. Nothing was published; check the address, the "
                "credentials and the bucket, then run again. Where an object is gone for good, `hatinh rebuild` "
                "makes it again.",
                address=self.root,
                error=_in_words(error),
            )
        )


def storage_of(settings: Settings) -> ObjectStorage | None:
    """The storage that the settings name; None where rows of dossiers lie in the warehouse or beside it."""
    return ObjectStorage(settings.engine_storage, settings.credentials) if settings.engine_storage else None


@contextmanager
def explained(storage: ObjectStorage | None) -> Iterator[None]:
    """Errors of DuckDB on rows in object storage as `StorageProblem`; where no storage is set, too."""
    try:
        yield
    except duckdb.Error as error:
        if storage and isinstance(error, duckdb.IOException) and re.search(r"s3://|HTTP", str(error)):
            raise storage.problem(error) from None
        if storage or "extension 'httpfs'" not in str(error):
            raise
        raise StorageProblem(
            tr(
                "The rows of dossiers of this warehouse lie in object storage, and HATINH_ENGINE_STORAGE is not set: "
                "set it again, or `hatinh rebuild`."
            )
        ) from None


def httpfs_extension() -> str:
    """The file of DuckDB's extension for S3, from its package: nothing is downloaded.

    Raises:
        StorageProblem: the package has none for this version of DuckDB.
    """
    found = find_spec("duckdb_extension_httpfs")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if file.is_file():
            return str(file)
    raise StorageProblem(
        tr(
            "HATINH_ENGINE_STORAGE is set, and duckdb-extension-httpfs {version} is not installed: "
            "`make install-prod EXTRAS=engine`.",
            version=duckdb.__version__,
        )
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _in_words(error: Exception) -> str:
    """The storage's own kind of error where it states one; else the first line. Never a key or a signature."""
    if kind := re.search(r"AWS Error (\w+)", str(error)):
        return kind[1]
    lines = [line for line in str(error).splitlines() if line.strip()]
    kind = next((found for line in lines if (found := re.match(r"([A-Z]\w+): ", line)) and "HTTP" not in line), None)
    return f"{lines[0][:400] if lines else type(error).__name__}{f' ({kind[1]})' if kind else ''}"
