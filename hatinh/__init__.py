"""The published releases for analysts: `import hatinh`.

    >>> import hatinh
    >>> r = hatinh.release()                      # the current release
    >>> r.table("dossier_timeliness")             # a polars LazyFrame; .collect() reads it
    >>> r.columns("dossier_timeliness")["received"]["unit"]
    'hồ sơ'
    >>> r.query("select count(*) as n from statistics")
    >>> hatinh.as_of(date(2026, 11, 30))          # what readers had on that day
    >>> r.arrow("statistics").to_pandas()         # where pandas is wanted

Releases are found in `data/marts` of the installation (HATINH_DATA_DIR), or in the folder that is given as `root`.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from pipelines.periods import VIETNAM
from pipelines.release.files import ReleaseError
from pipelines.release.reader import NoTable, ReleaseReader
from pipelines.release.runs import RunLog
from pipelines.release.store import ReleaseStore
from pipelines.settings import load_settings

__all__ = ["NoTable", "ReleaseError", "ReleaseReader", "as_of", "release", "releases"]


def release(release_id: str | None = None, root: Path | str | None = None) -> ReleaseReader:
    """One release by its id, or the current one.

    Raises:
        ReleaseError: there is none, or it cannot be read. The message lists what exists.
    """
    store = _store(root)
    found = store.get(release_id) if release_id else store.current()
    if found is None:
        raise ReleaseError(f"{store.root} has no release yet: `hatinh run` makes the first one")
    return ReleaseReader(found.path)


def releases(root: Path | str | None = None) -> list[ReleaseReader]:
    """Every release that is kept, the newest first."""
    return [ReleaseReader(found.path) for found in _store(root).list()]


def as_of(day: date, root: Path | str | None = None) -> ReleaseReader:
    """The release that readers had at the end of a day in Vietnam, roll-backs included.

    Raises:
        ReleaseError: nothing had been published by that day, or that release was deleted since.
    """
    store = _store(root)
    last = None
    for run in RunLog(store.root).runs():
        finished = run["finished_at"]
        if run["release"] and finished and datetime.fromisoformat(finished).astimezone(VIETNAM).date() <= day:
            last = run["release"]
    if last is None:
        raise ReleaseError(f"nothing had been published by {day:%Y-%m-%d}")
    return release(last, root)


def _store(root: Path | str | None) -> ReleaseStore:
    return ReleaseStore(Path(root) if root is not None else load_settings().marts)
