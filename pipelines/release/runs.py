"""The log of runs, `versions.json`: every run that was begun, how it ended and which release it left.

It is a log for people and for the scoreboard. Which release is current, only the link `current` decides: the field here
is copied from it at every write.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pipelines.personal import redacted
from pipelines.release.files import PACKAGE, RELEASES, VERSIONS, current_id, iso, to_json, write_atomically

RunStatus = Literal["running", "released", "unchanged", "nothing", "pinned", "partial", "failed", "died"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunInfo:
    """One run: which code (version or commit) ran with which settings worth telling, since when. No secrets."""

    run_id: str
    started_at: datetime
    code_version: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    project: str | None = None
    """Fingerprint of models, macros, registries and variables."""


class RunLog:
    """Reads and writes `versions.json` under `root`. The caller holds the warehouse, so there is one writer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / VERSIONS

    def begin(self, run: RunInfo) -> None:
        """Record that a run starts. A run still marked as running did not live to finish: it died."""
        runs = self.runs()
        for entry in runs:
            if entry["status"] == "running":
                entry["status"] = "died"
        runs.append(_entry(run.run_id, iso(run.started_at), "running"))
        self._write(runs)

    def finish(
        self,
        run_id: str,
        finished_at: datetime,
        status: RunStatus,
        *,
        release: str | None = None,
        error: str | None = None,
        targets: Mapping[str, str] | None = None,
        loads: Mapping[str, Any] | None = None,
        left: Mapping[str, str] | None = None,
        place: Mapping[str, Any] | None = None,
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        """Record how a run ended, and the seconds of each step.

        Of `error` the first line is kept, without what looks like personal data.
        """
        runs = self.runs()
        entry = next((e for e in reversed(runs) if e["run_id"] == run_id), None)
        if entry is None:  # the log was set aside while the run was on
            entry = _entry(run_id, None, status)
            runs.append(entry)
        entry |= {
            "finished_at": iso(finished_at),
            "status": status,
            "release": release,
            "error": redacted(error) if error else None,
            "targets": dict(targets or {}),
            "loads": dict(loads or {}),
            "left": dict(left or {}),
            "place": dict(place) if place else None,
            "seconds": dict(seconds or {}),
        }
        self._write(runs)

    def rolled_back(self, release: str, at: datetime, *, is_pinned: bool = False) -> None:
        """Record that readers were led back to an earlier release, and whether they are kept there."""
        moment = iso(at)
        entry = _entry(f"rollback-{moment}", moment, "released", kind="rollback")
        self._write([*self.runs(), entry | {"finished_at": moment, "release": release, "pinned": is_pinned}])

    def runs(self) -> list[dict[str, Any]]:
        """All entries, oldest first. A log that cannot be read is set aside and made again from the releases."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return self._from_releases()
        try:
            runs = json.loads(text)["runs"]
            if not all(isinstance(e, dict) and {"run_id", "status"} <= e.keys() for e in runs):
                raise ValueError("an entry has no run_id or no status")
        except (ValueError, TypeError, KeyError):
            aside = self.path.with_name(f"versions.corrupt-{hashlib.sha256(text).hexdigest()[:8]}.json")
            self.path.replace(aside)
            _log.warning(
                "%s cannot be read: set aside as %s and rebuilt from the releases. Runs that released nothing are lost "
                "unless you repair it by hand",
                self.path.name,
                aside.name,
            )
            return self._from_releases()
        return list(runs)

    def _from_releases(self) -> list[dict[str, Any]]:
        runs = []
        for path in sorted((self.root / RELEASES).glob(f"*/{PACKAGE}")):
            try:
                package = json.loads(path.read_bytes())
                provenance = package["provenance"]
                entry = _entry(provenance["run_id"], provenance["started_at"], "released")
                entry |= {
                    "finished_at": package["created"],
                    "release": package["id"],
                    "targets": {target: verdict["verdict"] for target, verdict in package["verdicts"].items()},
                }
            except (ValueError, TypeError, KeyError):
                continue
            runs.append(entry)
        return runs

    def _write(self, runs: list[dict[str, Any]]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, to_json({"current": current_id(self.root), "runs": runs}))


def _entry(run_id: str, started_at: str | None, status: RunStatus, kind: str = "run") -> dict[str, Any]:
    return {
        "run_id": run_id,
        "kind": kind,
        "started_at": started_at,
        "finished_at": None,
        "status": status,
        "release": None,
        "error": None,
        "targets": {},
        "loads": {},
        "left": {},
        "place": None,
        "seconds": {},
    }
