"""What stops a run and is no fault of data or code: a full disk, a place that may not be written, a damaged file.

Systems and libraries report these in words of their own, from any depth. Here they get the words of an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.language import tr
from pipelines.personal import redacted

_FULL = ("no space left on device", "disk is full", "disk quota exceeded", "not enough space", "out of disk space")
_NOT_WRITABLE = (
    *("read-only file system", "permission denied", "operation not permitted"),
    *("readonly database", "unable to open database file"),
)
_DAMAGED = ("corrupt database file", "computed checksum", "failure while replaying wal", "not a valid duckdb database")
_RECORDS = ("file is not a database", "database disk image is malformed")
_PLACE = re.compile(r"""['"](/[^'"]+)['"]""")


def is_interrupt(error: BaseException) -> bool:
    """Whether somebody stops the run: DuckDB makes a plain RuntimeError of a signal that arrives during a query."""
    return "Query interrupted" in str(error)


class Obstacle(RuntimeError):
    """The run cannot go on. The message states why and what to do; nothing is lost."""


def obstacle(error: str, records: str = "") -> str | None:
    """An error in words of an operator, with what to do; None where it is none of these.

    Args:
        error: what the system or a library reported.
        records: the folder of Dagster's records, where these may be what was met.
    """
    lower = error.lower()
    if any(words in lower for words in _FULL):
        return tr("The disk is full. Nothing is lost: make room, then hatinh run")
    if any(words in lower for words in _DAMAGED):
        return tr("The warehouse is damaged. Nothing is lost: `hatinh rebuild` makes it again from the landed files")
    if records and "disk i/o error" in lower:  # all that SQLite states of a full disk on which it opens a file
        return tr(
            "Dagster's records in {folder} cannot be written: the disk is full or fails. Nothing is lost: make room, "
            "then hatinh run",
            folder=records,
        )
    if records and any(words in lower for words in _RECORDS):
        return tr(
            "A file of Dagster's records in {folder} is damaged. Move the folder away, but for dagster.yaml, then "
            "hatinh run: it holds the history of runs, no data",
            folder=records,
        )
    if any(words in lower for words in _NOT_WRITABLE):
        place = _PLACE.search(error)
        return tr(
            "{place} cannot be written. Give the user of the pipeline the right to write there, then hatinh run",
            place=redacted(place[1]) if place else (records if "database" in lower else "") or tr("A file or folder"),
        )
    return None


def refuse_obstacles(errors: Iterable[str]) -> None:
    """Stop where a model or a test met one: the tables are not to blame, and the next run has to do the work.

    Raises:
        Obstacle: the first one that is found.
    """
    for error in errors:
        if words := obstacle(error):
            raise Obstacle(words)
