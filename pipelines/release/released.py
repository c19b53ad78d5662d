"""One release on disk, as its own description states it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.release.files import PACKAGE, QUALITY


@dataclass(frozen=True)
class HeldBack:
    """A target whose new tables were not published: since when, why, and from which release its tables are."""

    target: str
    since: str
    """First release run that held it back, ISO 8601 in UTC."""
    reason: str
    last_good_release: str | None
    """None when the target has never been published: it has no tables."""


@dataclass(frozen=True)
class Release:
    """One release, as described by its `datapackage.json`. `path` is its real directory, not the link `current`."""

    path: Path
    package: Mapping[str, Any]
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What those who read it keep for one another: each page asks for the rows of the scoreboard."""

    @property
    def id(self) -> str:
        return str(self.package["id"])

    @property
    def created_at(self) -> datetime:
        return datetime.fromisoformat(self.package["created"])

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets that have a table here, held back or not."""
        return tuple(sorted({r["target"] for r in self.package["resources"]}))

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(r["name"] for r in self.package["resources"])

    @property
    def files(self) -> tuple[Path, ...]:
        names = [r["path"] for r in self.package["resources"]]
        names += [f["path"] for page in self.package.get("pages", ()) for f in (page, *page.get("files", ()))]
        changes = self.package.get("changes", {})
        names += [
            self.package["database"]["path"],
            PACKAGE,
            *(changes[part]["path"] for part in ("table", "file") if part in changes),
            *([self.package["quality"]["path"]] if "quality" in self.package else []),
            *(f["path"] for f in self.package.get("open", {}).get("files", ())),
        ]
        return tuple(self.path / name for name in names)

    @property
    def undrawn(self) -> dict[str, str]:
        """Pages that should be here and are not, each with the reason."""
        missing = (*self.package.get("undrawn", ()), *self.package.get("open", {}).get("undrawn", ()))
        return {page["path"]: page["reason"] for page in missing}

    @cached_property
    def evidence(self) -> dict[str, list[dict[str, Any]]]:
        """By target, every check with its outcome."""
        if "quality" not in self.package:  # releases before 0.3.0 have it in their description
            return {target: list(v["evidence"]) for target, v in self.package["verdicts"].items()}
        checks: dict[str, list[dict[str, Any]]] = json.loads((self.path / QUALITY).read_bytes())
        return checks

    @property
    def rows(self) -> int:
        return sum(r["rows"] for r in self.package["resources"])

    @property
    def bytes(self) -> int:
        """Size of the Parquet files; the DuckDB file holds the same tables again."""
        return sum(r["bytes"] for r in self.package["resources"])

    @property
    def synthetic(self) -> bool:
        return bool(self.package["synthetic"])

    @property
    def fingerprint(self) -> str:
        return str(self.package["fingerprint"])

    @cached_property
    def held_back(self) -> tuple[HeldBack, ...]:
        return tuple(
            HeldBack(h["target"], h["since"], h["reason"], h["from_release"]) for h in self.package["held_back"]
        )
