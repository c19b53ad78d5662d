"""Files for people beside the tables of a release: a page, a workbook. The publishing module defines how they are
drawn.

A page is drawn from the staged tables, once the package has its id, and never again: a release keeps its page. Drawn
again it is the same as long as the previous release, with which it compares, is kept. What cannot be drawn costs no
data: the tables go out, and the package states what is missing and why.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.personal import redacted
from pipelines.release.files import measured, sha256
from pipelines.release.released import Release
from pipelines.warehouse.obstacles import is_interrupt

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
    folder: str | None = None
    """Folder in which it writes more files; `path` is one of them. It exists for this page alone."""


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
            if is_interrupt(error):
                raise  # somebody stops the run: that is no fault of the page
            _log.exception("%s of release %s could not be drawn", page.path, release.id)
            if page.folder:
                shutil.rmtree(release.path / page.folder, ignore_errors=True)
            reason = f"{type(error).__name__}: {redacted(str(error))}"
            undrawn.append({"path": page.path, "design": page.design, "reason": reason})
            continue
        file = release.path / page.path
        file.parent.mkdir(exist_ok=True)
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
                **({"files": _files(release.path, page)} if page.folder else {}),
            }
        )
    return drawn, undrawn


def _files(root: Path, page: Page) -> list[dict[str, Any]]:
    """What a page wrote into its folder beside itself."""
    return [
        {"path": path.relative_to(root).as_posix(), **measured(path)}
        for path in sorted((root / str(page.folder)).iterdir())
        if path != root / page.path
    ]


def files(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of the pages of a release, each with `path` and `hash`."""
    return [item for page in package.get("pages", ()) for item in (page, *page.get("files", ()))]


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 (hex) of some contents, for `Page.design`."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
