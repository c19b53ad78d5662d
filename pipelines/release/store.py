"""The releases that exist: which one is current, going back to an earlier one, clearing old ones away.

Layout under `root`: `releases/<id>/` (never changed once it is there), `current` (a relative link to one of them),
`versions.json` (the log of runs), `pinned.json` while readers are kept where they are. Resolve `current` once and read
all tables from the directory it names: a reader that goes through the link for each table can see two releases.
"""

from __future__ import annotations

import builtins
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from pipelines.language import tr
from pipelines.release.codes import tables_alone
from pipelines.release.files import (
    CURRENT,
    PACKAGE,
    PIN,
    RELEASES,
    STAGING,
    ReleaseError,
    UnknownRelease,
    current_id,
    flip,
    iso,
    sync,
    to_json,
    write_atomically,
)
from pipelines.release.released import Release
from pipelines.release.runs import RunLog
from pipelines.release.schemas import is_kept

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pin:
    """Readers are kept on the current release: no run leads them on until somebody takes the pin out."""

    since: str
    reason: str

    def __str__(self) -> str:
        return tr("pinned since {since}: {reason}. hatinh releases unpin", since=self.since, reason=self.reason)


class ReleaseStore:
    """The releases under `root`. Reading is safe at any time; a writer must hold the lock of the warehouse."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def current(self) -> Release | None:
        """The release readers get; None before the first one.

        Raises:
            ReleaseError: the link names a release that is not there or cannot be read.
        """
        release_id = current_id(self.root)
        return self.get(release_id) if release_id else None

    def get(self, release_id: str) -> Release:
        """One release by its id.

        Raises:
            UnknownRelease: there is none; the message lists what exists.
            ReleaseError: it cannot be read.
        """
        path = self.root / RELEASES / release_id
        # Compared with the listing: an id typed by a person never becomes a path.
        if release_id not in self._ids():
            known = ", ".join(self._ids()) or tr("none")
            is_current = release_id == current_id(self.root)
            hint = " " + tr("'{link}' names it: roll back to one of these", link=CURRENT) if is_current else ""
            text = tr("there is no release {release}.{hint} (newest first: {known})")
            raise UnknownRelease(text.format(release=release_id, hint=hint, known=known))
        try:
            package = tables_alone(json.loads((path / PACKAGE).read_bytes()))
            if package["id"] != release_id:
                raise ValueError("it describes another release")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReleaseError(
                tr(
                    "release {release}: its {file} cannot be read ({error}). Roll back to another",
                    release=release_id,
                    file=PACKAGE,
                    error=type(error).__name__,
                )
            ) from None
        return Release(path, package)

    def list(self) -> builtins.list[Release]:
        """All releases, newest first. One whose description cannot be read is left out, with a warning."""
        return [*self.newest_first()]

    def newest_first(self) -> Iterator[Release]:
        """The releases as `list` gives them, each read when it is asked for."""
        for release_id in self._ids():
            try:
                yield self.get(release_id)
            except ReleaseError as error:
                _log.warning("%s", error)

    def verify(self, release_id: str) -> Release:
        """Read a complete release again: hashes, rows, types. Raises ReleaseError with everything that is wrong."""
        from pipelines.release.write import verify

        release = self.get(release_id)
        verify(release)
        return release

    def rollback(self, release_id: str, now: datetime, *, pin: str | None = None) -> Release:
        """Lead readers back to an earlier release, once it is verified, and record it in the log of runs.

        Args:
            pin: why readers are to be kept there until `unpin`.
        """
        release = self.verify(release_id)
        if pin is not None:
            self.pin(pin, now)
        flip(self.root, release_id)
        RunLog(self.root).rolled_back(release_id, now, is_pinned=self.pinned() is not None)
        return release

    def pin(self, reason: str, now: datetime) -> None:
        """Keep readers where they are; runs load, build and judge, and release nothing."""
        write_atomically(self.root / PIN, to_json(asdict(Pin(iso(now), " ".join(reason.split())))))

    def pinned(self) -> Pin | None:
        """The pin; None when runs may release. One that cannot be read still pins."""
        try:
            given = json.loads((self.root / PIN).read_bytes())
            return Pin(str(given["since"]), str(given["reason"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return Pin("?", f"{PIN} cannot be read")

    def unpin(self) -> bool:
        """Take the pin out; False when there is none."""
        there = self.pinned() is not None
        (self.root / PIN).unlink(missing_ok=True)
        return there

    def prune(self, keep: int, today: date | None = None) -> builtins.list[str]:
        """Delete all but the newest `keep` releases and the current one. Returns the ids that are gone.

        Args:
            today: releases that hold a former schema of a table until this day or a later one stay too.
        """
        if keep < 1:
            raise ValueError(f"keep = {keep}: at least one release is kept")
        former = self._former_schemas(today) if today else set()
        kept = {*self._ids()[:keep], current_id(self.root), *former}
        gone = [release_id for release_id in self._ids() if release_id not in kept]
        for release_id in gone:
            # Out of sight first: a crash while deleting leaves no half a release behind.
            (self.root / RELEASES / release_id).rename(self.root / f"{STAGING}pruned-{release_id}")
            sync(self.root / RELEASES)
        self.sweep()
        return gone

    def _former_schemas(self, today: date) -> set[str]:
        """The releases that the current one promises to keep, since a table had another schema in them."""
        current = self.current()
        entries = current.package.get("former_schemas", ()) if current else ()
        return {str(entry["release"]) for entry in entries if is_kept(entry, today)}

    def sweep(self) -> None:
        """Remove what runs that were killed left behind."""
        for leftover in self.root.glob(f"{STAGING}*"):
            shutil.rmtree(leftover)

    def _ids(self) -> builtins.list[str]:
        directory = self.root / RELEASES
        if not directory.is_dir():
            return []
        return sorted((path.name for path in directory.iterdir() if path.is_dir()), reverse=True)


def previous_release(release: Release, table: str | None = None) -> Release | None:
    """The release before another one of the same store, published or staged; None where none is kept.

    The newest by creation, so that a release that was rolled back counts too: readers have seen it.

    Args:
        table: only releases that hold it.
    """
    roots = (release.path.parent, release.path.parent.parent)  # staged, or published
    others = (other for root in roots for other in ReleaseStore(root).newest_first())
    return next((o for o in others if o.created_at < release.created_at and (table is None or table in o.tables)), None)
