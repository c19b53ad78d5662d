"""The drop folder: people put files in `<drop>/<source>/`; files that no longer change are landed and removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing
from pipelines.language import tr
from pipelines.periods import local_date
from pipelines.personal import kind_in, redacted

_CHUNK = 1 << 20
_DEEPEST = 3  # source / folder / file
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload")
_LITTER = ("thumbs.db", "desktop.ini")


class SourceInfo(Protocol):
    """What the drop folder has to know of a source."""

    @property
    def licence(self) -> str: ...

    @property
    def frames_by_name(self) -> bool: ...

    def period_of(self, name: str, landed_on: date) -> tuple[str, date]:
        """Partition and extracted_on of a file of this name.

        Raises:
            ValueError: the name does not state the period; the message states how to name the file.
        """
        ...


@dataclass(frozen=True)
class Left:
    """A file that stays in the drop folder: its place there, and a sentence that states why and what to do."""

    path: str
    reason: str


@dataclass(frozen=True)
class DropReport:
    """What became of each file in the drop folder."""

    landed: tuple[Receipt, ...] = ()
    repeated: tuple[Receipt, ...] = ()
    """Same bytes as an earlier file of the source, whose receipt this is; taken away without landing again."""
    unsettled: tuple[Left, ...] = ()
    """Still being written; the next run takes it."""
    unknown: tuple[Left, ...] = ()
    """In the folder of no source."""
    failed: tuple[Left, ...] = ()
    """Could not be read, named or removed."""
    empty: tuple[str, ...] = ()
    """Folders within that of a source without a file: a copy may have failed, but one per sender may also be kept."""


@dataclass(frozen=True)
class _Seen:
    """A file as it was when first looked at."""

    path: Path
    place: str
    source: str
    state: tuple[int, int, int]
    modified_at: float

    def moved(self) -> bool:
        """Whether it has changed or gone since."""
        try:
            return _state(self.path.lstat()) != self.state
        except OSError:
            return True


class _MovedError(Exception):
    """The file changed while it was read."""


class _UnreadableError(Exception):
    """The file could not be read; the message is the system's reason."""


class _NoSourceError(Exception):
    """The file lies in the folder of no source; the message states what to do."""


def intake(
    landing: Landing,
    drop: Path,
    sources: Mapping[str, SourceInfo],
    *,
    settle_seconds: float,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> DropReport:
    """Land what lies in the drop folder, then remove it from there.

    Args:
        drop: folder with one folder per source, each with files and at most one more level. Hidden files, unfinished
            downloads and what desktops leave behind are passed over.
        sources: name of the folder -> source.
        settle_seconds: a file changed more recently than this is waited for, once; if it then has changed again it
            is left for the next run.
        now: time of day, with zone. The day a file landed is the day in Vietnam.

    Returns:
        What became of each file. A file that cannot be read is reported and does not stop the others.

    Raises:
        OSError: the store cannot be written; what was landed before stays landed.
    """
    seen: list[_Seen] = []
    unknown: list[Left] = []
    failed: list[Left] = []
    landed: list[Receipt] = []
    repeated: list[Receipt] = []
    unsettled: list[Left] = []

    for path in _files(drop):
        place = "/".join(path.relative_to(drop).parts).encode("utf-8", "replace").decode("utf-8")  # need not be UTF-8
        try:
            seen.append(_seen_at(path, place, sources, drop))
        except _NoSourceError as error:
            unknown.append(Left(place, str(error)))
        except _UnreadableError as error:
            failed.append(Left(redacted(place) if kind_in(place) else place, str(error)))

    nothing, strange = _empty_folders(drop, sources)
    unknown += strange
    _settle(seen, settle_seconds, now, sleep)
    for file in seen:
        try:
            receipt, is_new = _land(landing, file, sources[file.source], now())
        except _MovedError:
            unsettled.append(Left(file.place, tr("is still being written; the next run takes it.")))
            continue
        except (_UnreadableError, ValueError) as error:
            failed.append(Left(file.place, str(error)))
            continue
        (landed if is_new else repeated).append(receipt)
        try:
            if file.moved():  # what was written over it meanwhile is another file, for the next run
                unsettled.append(
                    Left(file.place, tr("was replaced while it was taken; the next run takes the new one."))
                )
            else:
                file.path.unlink()
        except OSError as error:
            failed.append(
                Left(
                    file.place, tr("is landed but cannot be removed: {error}. Remove it by hand.", error=_system(error))
                )
            )
    return DropReport(tuple(landed), tuple(repeated), tuple(unsettled), tuple(unknown), tuple(failed), tuple(nothing))


def _seen_at(path: Path, place: str, sources: Mapping[str, SourceInfo], drop: Path) -> _Seen:
    """A file of the drop folder, as it is now.

    Raises:
        _NoSourceError, _UnreadableError: it cannot be taken; the message states why.
    """
    if kind := kind_in(place):
        raise _UnreadableError(personal_name(kind))
    parts = path.relative_to(drop).parts
    if parts[0] not in sources or not 1 < len(parts) <= _DEEPEST:
        known = ", ".join(sorted(sources))
        raise _NoSourceError(
            tr("belongs to no source. Move it to {name}/<source>/, one of: {known}.", name=drop.name, known=known)
        )
    status = _regular(path)
    return _Seen(path, place, parts[0], _state(status), status.st_mtime)


def _land(landing: Landing, file: _Seen, source: SourceInfo, landed_at: datetime) -> tuple[Receipt, bool]:
    """Its receipt, and whether it is new.

    Raises:
        _MovedError: it has changed since it was seen.
        _UnreadableError, ValueError: it cannot be taken; the message states why.
    """
    if file.moved():
        raise _MovedError
    partition, extracted_on = source.period_of(file.path.name, local_date(landed_at))
    return landing.put(
        _chunks(file),
        source=file.source,
        name=file.path.name,
        partition=partition,
        extracted_on=extracted_on,
        address=f"drop:{file.path.name}",
        landed_at=landed_at,
        licence=source.licence,
        by_name=source.frames_by_name,
    )


def _empty_folders(drop: Path, sources: Collection[str]) -> tuple[list[str], list[Left]]:
    """Folders without anything in them: within the folder of a source, which may be empty itself, and of no source."""
    within: list[str] = []
    of_none: list[Left] = []
    for folder, folders, names in os.walk(drop):
        is_empty = not folders and not names
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        parts = Path(folder).relative_to(drop).parts
        if not is_empty or not parts or (len(parts) == 1 and parts[0] in sources):
            continue
        place = redacted("/".join(parts).encode("utf-8", "replace").decode("utf-8"))
        if parts[0] in sources:
            within.append(place)
        else:
            of_none.append(Left(place, tr("is an empty folder of no source. Remove it, or name it as a source.")))
    return within, of_none


def _regular(path: Path) -> os.stat_result:
    """The state of a file that can be taken.

    Raises:
        _UnreadableError: it cannot be seen, is a link, or would block the run as a pipe or a device does.
    """
    try:
        status = path.lstat()
    except OSError as error:
        raise _UnreadableError(tr("cannot be read: {error}.", error=_system(error))) from None
    if stat.S_ISLNK(status.st_mode):  # it may point to any file that the pipeline's user can read
        raise _UnreadableError(tr("is a link, which is not followed. Remove it and drop the file itself."))
    if not stat.S_ISREG(status.st_mode):
        raise _UnreadableError(tr("is not a regular file. Remove it and drop the file itself."))
    return status


def personal_name(kind: str) -> str:
    """Why a file is not taken whose name looks like personal data."""
    return tr("has a name that looks like {kind}, and names of files are published. Rename it.", kind=tr(kind))


def _files(drop: Path) -> Iterator[Path]:
    """Every file that a person meant to drop, sorted by path."""
    for folder, folders, names in os.walk(drop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(folder, name).is_symlink()]  # os.walk does not go into them
        for name in sorted([*names, *links]):
            lower = name.lower()
            if not (name.startswith((".", "~$")) or lower.endswith(_UNFINISHED) or lower in _LITTER):
                yield Path(folder, name)


def _settle(
    seen: list[_Seen], settle_seconds: float, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> None:
    """Wait once, for the youngest file; a time in the future (another clock) counts as just now."""
    at = now().astimezone(UTC).timestamp()
    waits = (settle_seconds - max(at - file.modified_at, 0.0) for file in seen)
    if (longest := max(waits, default=0.0)) > 0:
        sleep(longest)


def _chunks(file: _Seen) -> Iterator[bytes]:
    """The bytes; fails at their end when the file changed meanwhile, so that a partial copy is never landed."""
    try:
        with file.path.open("rb") as stream:
            if _state(os.fstat(stream.fileno())) != file.state:  # such as a link, put in its place meanwhile
                raise _MovedError
            while chunk := stream.read(_CHUNK):
                yield chunk
    except FileNotFoundError:
        raise _MovedError from None
    except OSError as error:
        raise _UnreadableError(
            tr("cannot be read: {error}. Give the pipeline's user the right to read it.", error=_system(error))
        ) from None
    if file.moved():
        raise _MovedError


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _system(error: OSError) -> str:
    return error.strerror or type(error).__name__


def waiting(drop: Path, sources: Collection[str]) -> list[Path]:
    """The files in the drop folder that the next intake would look at."""
    return [path for path in _files(drop) if path.relative_to(drop).parts[0] in sources]
