"""Files for people beside the tables of a release: a page, a workbook. The publishing module defines how they are
drawn.

A page is drawn from the staged tables, once the package has its id, and never again: a release keeps its page. Drawn
again it is the same as long as the previous release, with which it compares, is kept. What cannot be drawn costs no
data: the tables go out, and the package states what is missing and why.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.personal import redacted
from pipelines.release.files import sha256
from pipelines.release.released import Release

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """One file that people open. `design` is a digest of everything but the tables that it is drawn from.

    `draw` gets the staged release (its directory holds the tables, its package has id and date) and returns the bytes:
    the same release must give the same bytes.
    """

    path: str
    title: str
    title_en: str
    mediatype: str
    design: str
    draw: Callable[[Release], bytes]


def wanted(pages: Iterable[Page]) -> list[dict[str, str]]:
    """What the fingerprint of a release knows of its pages: a new design is news to readers, as a new table is."""
    return [{"path": page.path, "design": page.design} for page in sorted(pages, key=lambda page: page.path)]


def draw(release: Release, pages: Sequence[Page]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Write the pages into the staged release. Returns their descriptions, and what could not be drawn and why."""
    drawn, undrawn = [], []
    for page in sorted(pages, key=lambda page: page.path):
        try:
            content = page.draw(release)
        except Exception as error:
            _log.exception("%s of release %s could not be drawn", page.path, release.id)
            reason = f"{type(error).__name__}: {redacted(str(error))}"
            undrawn.append({"path": page.path, "design": page.design, "reason": reason})
            continue
        file = release.path / page.path
        file.write_bytes(content)
        drawn.append(
            {
                "path": page.path,
                "title": page.title,
                "title_en": page.title_en,
                "mediatype": page.mediatype,
                "design": page.design,
                "bytes": len(content),
                "hash": sha256(file),
            }
        )
    return drawn, undrawn


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 (hex) of some contents, for `Page.design`."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
