"""Where things lie in the folder of releases, and file operations that survive a crash at any moment."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RELEASES = "releases"
CURRENT = "current"
VERSIONS = "versions.json"
PIN = "pinned.json"
"""Keeps readers on the release that they have, while it is there."""
PACKAGE = "datapackage.json"
QUALITY = "quality.json"
DATABASE = "marts.duckdb"
CHANGES = "CHANGES.md"
STAGING = ".staging-"
OPEN = "open"
"""Folder of the open edition in a release."""
BI = "bi"
"""Folder of the tables for BI tools in an edition, and their schema in the database."""
INTERNAL_FILE, INTERNAL_FOLDER, OPEN_FILE, OPEN_FOLDER = 0o440, 0o751, 0o444, 0o755
"""Rights: the group reads the internal edition; others pass through its folder to `open/` and see nothing else."""


class ReleaseError(Exception):
    """A release cannot be made, found or trusted. The message states which one and what to do."""


class UnknownRelease(ReleaseError):
    """No release has this id. The message lists those that exist."""


def utc(moment: datetime) -> datetime:
    """The same moment in UTC, to the second. Raises ValueError when `moment` names no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: pass an aware time, like datetime.now(UTC)")
    return moment.astimezone(UTC).replace(microsecond=0)


def iso(moment: datetime) -> str:
    """`2026-11-23T02:00:00Z`."""
    return f"{utc(moment):%Y-%m-%dT%H:%M:%SZ}"


def stamp(moment: datetime) -> str:
    """`20261123T020000Z`: sorts as time does and is safe in a file name."""
    return f"{utc(moment):%Y%m%dT%H%M%SZ}"


def sha256(path: Path) -> str:
    """`sha256:<hex>` of a file, the form of `hash` in a Data Package."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def measured(path: Path) -> dict[str, Any]:
    """What a description states of a file beside its name."""
    return {"bytes": path.stat().st_size, "hash": sha256(path)}


def to_json(value: Any, indent: int = 2) -> str:
    """Readable JSON: Vietnamese as it is written, moments as ISO 8601. With `indent` 0 a value per line, no spaces."""

    def plain(other: Any) -> str:
        return iso(other) if isinstance(other, datetime) else str(other)

    return json.dumps(value, ensure_ascii=False, indent=indent, default=plain) + "\n"


def sync(path: Path) -> None:
    """Force a file's content, or a directory's entries, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(folder: Path, file_mode: int, folder_mode: int) -> list[Path]:
    """Give the files of a folder and of those in it their rights, and force them onto the disk. Returns the files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        path.chmod(file_mode)
        sync(path)
    for path in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        path.chmod(folder_mode)
        sync(path)
    return files


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` atomically: a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def current_id(root: Path) -> str | None:
    """Id of the release that `current` names, whether or not it is still there; None when nothing was released."""
    link = root / CURRENT
    return link.readlink().name if link.is_symlink() else None


def flip(root: Path, release_id: str) -> None:
    """Make `release_id` the current release, in one rename."""
    temporary = root / f".{CURRENT}.tmp"
    temporary.unlink(missing_ok=True)
    # Relative: the folder of releases can be moved or mounted elsewhere.
    temporary.symlink_to(Path(RELEASES) / release_id)
    temporary.replace(root / CURRENT)
    sync(root)
