"""A place of publication: a folder or S3-compatible storage that gets a copy of a release once it is out here.

Layout: `releases/<id>/<files>` (`<id>-internal` for the internal edition, which leaves only when it is asked for),
`releases/<id>.json` (names and hashes, written when every file was read back), and `current.json`, which names the
release that readers get and is replaced last, in one operation. A folder without its `.json` is what a publication that
failed left behind; the next one removes it. Complete releases are never touched. One installation publishes at a place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pipelines.language import tr
from pipelines.personal import redacted
from pipelines.release.files import OPEN, RELEASES, ReleaseError, iso, sha256, to_json
from pipelines.release.released import Release

POINTER = "current.json"
_CHUNK = 1 << 22

EditionName = Literal["open", "internal"]


class PlaceError(ReleaseError):
    """A release could not be published at its place. Readers there keep what they have. The message has no secret."""


@dataclass(frozen=True)
class Published:
    """What a publication at a place came to, as the record of the run keeps it."""

    place: str
    edition: EditionName
    status: Literal["published", "unchanged", "failed"]
    release: str | None
    error: str | None = None


@dataclass(frozen=True)
class _File:
    """One file of the edition: its name at the place, where it lies here, and its hash."""

    name: str
    path: Path
    hash: str


def address_of(publish: str) -> str:
    """A place without the options of its connection, as records name it."""
    return publish.partition("?")[0]


class Place:
    """One place, by its address: `s3://bucket/prefix?endpoint_override=host:9000&scheme=http&region=…`, or a folder.

    Args:
        credentials: `access_key` and `secret_key`; without them those of the environment, as AWS's own tools find them.
    """

    def __init__(self, address: str, credentials: Mapping[str, str] | None = None) -> None:
        from pyarrow import fs

        self.address = address_of(address)
        if not address.startswith("s3://"):
            self._root = str(Path(address).resolve())
            self._files: Any = fs.LocalFileSystem()
            self._is_folder = True
            return
        parts = urlsplit(address)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._root = f"{parts.netloc}{parts.path}".rstrip("/")
        self._is_folder = False
        try:
            self._files = fs.S3FileSystem(
                **{name: value for name, value in (credentials or {}).items() if name in ("access_key", "secret_key")},
                **options,
                connect_timeout=10,
                request_timeout=60,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
            )
        except (TypeError, ValueError, OSError) as error:
            raise PlaceError(
                tr(
                    "{address} cannot be opened ({error}). Correct HATINH_PUBLISH",
                    address=self.address,
                    error=_in_words(error),
                )
            ) from None

    def current(self) -> str | None:
        """The release that readers of the place get; None before the first one."""
        with self._explained(tr("read")):
            pointer = self._read(POINTER)
        return str(json.loads(pointer)["release"]) if pointer else None

    def releases(self) -> list[str]:
        """The complete releases, newest first."""
        with self._explained(tr("listed")):
            return sorted((name[: -len(".json")] for name in self._list() if name.endswith(".json")), reverse=True)

    def publish(
        self,
        release: Release,
        now: datetime,
        edition: EditionName = "open",
        checkpoint: Callable[[str], object] = lambda step: None,
    ) -> Published:
        """Copy an edition of a release and lead readers to it.

        Args:
            checkpoint: called after each file with its name, then with `complete` and `flipped`; for tests that fail.

        Raises:
            PlaceError: the storage refused, is gone, or gave back other bytes. Readers there keep what they have.
        """
        if edition == "open" and "open" not in release.package:
            raise PlaceError(tr("release {id} has no open edition: nothing of it may leave", id=release.id))
        name = release.id if edition == "open" else f"{release.id}-{edition}"
        with self._explained(tr("written")):
            if self._is_folder:
                self._files.create_dir(self._root, recursive=True)
            there = set(self._list())
            for leftover in sorted(
                name for name in there if not name.endswith(".json") and f"{name}.json" not in there
            ):
                self._files.delete_dir(f"{self._root}/{RELEASES}/{leftover}")
            is_known = f"{name}.json" in there
            pointer = self._read(POINTER)
            if is_known and pointer and json.loads(pointer)["path"] == f"{RELEASES}/{name}/":
                return Published(self.address, edition, "unchanged", release.id)
            if not is_known:
                files = _files_of(release, edition)
                for file in files:
                    self._copy(file, f"{RELEASES}/{name}/{file.name}")
                    checkpoint(file.name)
                if missing := {file.name for file in files} - self._names(f"{RELEASES}/{name}"):
                    raise PlaceError(
                        tr(
                            "{address}: {missing} files of {name} were removed while it was written: another "
                            "installation publishes here. Give each a place of its own",
                            address=self.address,
                            missing=len(missing),
                            name=name,
                        )
                    )
                manifest = {"release": release.id, "edition": edition, "files": {f.name: f.hash for f in files}}
                self._write(f"{RELEASES}/{name}.json", to_json(manifest))
            checkpoint("complete")
            to = {"release": release.id, "path": f"{RELEASES}/{name}/", "edition": edition, "at": iso(now)}
            self._write(POINTER, to_json(to))
            checkpoint("flipped")
        return Published(self.address, edition, "published", release.id)

    def _copy(self, file: _File, name: str) -> None:
        """Upload a file and read it back: what does not come back as it is here is not published."""
        target = f"{self._root}/{name}"
        if self._is_folder:
            self._files.create_dir(target.rpartition("/")[0], recursive=True)
        with file.path.open("rb") as source, self._files.open_output_stream(target) as out:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
        digest = hashlib.sha256()
        with self._files.open_input_stream(target) as back:
            while chunk := back.read(_CHUNK):
                digest.update(chunk)
        if f"sha256:{digest.hexdigest()}" != file.hash:
            raise PlaceError(
                tr(
                    "{address}: {name} came back with other bytes than it has here. Run again",
                    address=self.address,
                    name=file.name,
                )
            )

    def _write(self, name: str, text: str) -> None:
        """Replace a small file in one operation: an object is complete or not there, a file is renamed."""
        target = f"{self._root}/{name}"
        written = f"{self._root}/.{name.rpartition('/')[2]}.tmp" if self._is_folder else target
        with self._files.open_output_stream(written) as out:
            out.write(text.encode())
        if self._is_folder:
            self._files.move(written, target)

    def _read(self, name: str) -> bytes | None:
        from pyarrow import fs

        path = f"{self._root}/{name}"
        if self._files.get_file_info(path).type is not fs.FileType.File:
            return None
        with self._files.open_input_stream(path) as file:
            content: bytes = file.read()
        return content

    def _list(self, folder: str = RELEASES) -> list[str]:
        from pyarrow import fs

        selector = fs.FileSelector(f"{self._root}/{folder}", allow_not_found=True)
        return [info.base_name for info in self._files.get_file_info(selector)]

    def _names(self, folder: str) -> set[str]:
        """What lies in a folder and in those in it, by its path from there."""
        from pyarrow import fs

        root = f"{self._root}/{folder}/"
        found = self._files.get_file_info(fs.FileSelector(root, allow_not_found=True, recursive=True))
        return {info.path.removeprefix(root) for info in found}

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError) as error:  # a pointer that is no JSON is a ValueError
            raise PlaceError(
                tr(
                    "{address} could not be {what}: {error}. Readers there keep what they have; check the "
                    "address, the credentials and the bucket, then run again",
                    address=self.address,
                    what=what,
                    error=_in_words(error),
                )
            ) from None


def _files_of(release: Release, edition: EditionName) -> list[_File]:
    """The files of an edition, its description last."""
    if edition == "internal":
        names = {path.relative_to(release.path).as_posix(): path for path in release.files}
        return [_File(name, path, sha256(path)) for name, path in names.items() if not name.startswith(f"{OPEN}/")]
    return [
        _File(item["path"].removeprefix(f"{OPEN}/"), release.path / item["path"], item["hash"])
        for item in release.package["open"]["files"]
    ]


def _in_words(error: Exception) -> str:
    """The storage's own kind of error where it states one; else the first words. Never a key or a signature."""
    if kind := re.search(r"AWS Error (\w+)", str(error)):
        return kind[1]
    return f"{type(error).__name__}: {redacted(str(error).splitlines()[0][:120]) if str(error) else ''}"
