"""The state of the platform as plain values: last run, current release, deliveries, drop folder, disk, problems.

`hatinh status --json`, `hatinh check`, the alerts, the metrics file and exit code 3 are all made from this one object.
It reads the log of runs, the description of the current release and the receipts; the warehouse is not opened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pipelines.landing.deliveries import Delivery, deliveries
from pipelines.landing.drop import waiting
from pipelines.landing.store import Landing, LandingError
from pipelines.language import tr
from pipelines.reasons import refusal_in_words
from pipelines.release.files import ReleaseError, iso, write_atomically
from pipelines.release.released import Release
from pipelines.release.runs import RunLog
from pipelines.release.store import ReleaseStore
from pipelines.settings import Settings
from pipelines.sources import all_sources
from pipelines.warehouse.connection import Warehouse

GOOD = ("released", "unchanged", "partial", "pinned")
"""Statuses of runs that came to their end and left readers something."""
_WAITED = timedelta(hours=24)
"""A file that no run looked at for so long is a problem: nothing takes the drop folder in."""


Kind = Literal[
    "run_failed",
    "stale",
    "held_back",
    "pinned",
    "refused",
    "truncated",
    "pull_failed",
    "left",
    "late",
    "undrawn",
    "not_published",
    "low_disk",
    "unreadable",
]


@dataclass(frozen=True)
class Problem:
    """One thing that waits for a person. `key` stays the same while the problem lasts."""

    kind: Kind
    subject: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.subject}"

    @property
    def is_critical(self) -> bool:
        """Whether readers get no news at all, or soon will not."""
        return self.kind in ("run_failed", "stale", "low_disk", "unreadable")


@dataclass(frozen=True)
class State:
    """Everything at one moment."""

    at: datetime
    province: str
    running: str | None
    last_run: Mapping[str, Any] | None
    last_success_at: datetime | None
    release: Release | None
    left: Mapping[str, str]
    """Files in the drop folder, each with the reason why it is still there."""
    deliveries: tuple[Delivery, ...]
    free_bytes: int
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values for `--json`: times in ISO 8601, UTC."""
        release = self.release
        return {
            "at": iso(self.at),
            "province": self.province,
            "ok": not self.problems,
            "running": self.running,
            "last_run": self.last_run,
            "last_success_at": iso(self.last_success_at) if self.last_success_at else None,
            "release": release
            and {
                "id": release.id,
                "created": release.package["created"],
                "path": str(release.path),
                "synthetic": release.synthetic,
                "tables": len(release.tables),
                "rows": release.rows,
                "held_back": [asdict(held) for held in release.held_back],
                "undrawn": release.undrawn,
            },
            "drop_folder": dict(self.left),
            "deliveries": [
                {
                    "source": delivery.source,
                    "last_at": iso(delivery.last_at) if delivery.last_at else None,
                    "max_days": delivery.max_days,
                    "is_late": delivery.is_late,
                    "late_since": iso(delivery.late_since) if delivery.late_since else None,
                }
                for delivery in self.deliveries
            ],
            "free_bytes": self.free_bytes,
            "problems": [asdict(problem) | {"is_critical": problem.is_critical} for problem in self.problems],
        }


def read_state(settings: Settings, now: datetime) -> State:
    """The state now. What cannot be read is a problem and stops nothing."""
    unreadable: list[Problem] = []
    runs = [run for run in RunLog(settings.marts).runs() if run.get("kind", "run") == "run"]
    good = _last_good(runs, now)
    last = runs[-1] if runs else None
    holder = Warehouse(settings.warehouse).holder()
    release = None
    try:
        release = ReleaseStore(settings.marts).current()
    except ReleaseError as error:
        unreadable.append(Problem("unreadable", "release", str(error)))
    expected: list[Delivery] = []
    try:
        expected = deliveries(
            Landing(settings.raw), all_sources(), now, overrides=settings.deliveries, addresses=settings.addresses
        )
    except (LandingError, ValueError) as error:
        unreadable.append(Problem("unreadable", "landing", str(error)))
    left = dict(_left(settings, last or {}, now))
    success = datetime.fromisoformat(good["finished_at"]) if good and good.get("finished_at") else None
    free = shutil.disk_usage(_existing(settings.data)).free
    problems = (
        *unreadable,
        *_of_runs(last, holder is not None),
        *_stale(success, runs[:-1] if holder else runs, now, settings.max_age_hours),
        *_of_release(release),
        *([Problem("pinned", "release", str(pin))] if (pin := ReleaseStore(settings.marts).pinned()) else []),
        *_of_place(last),
        *_of_loads(next((run["loads"] for run in reversed(runs) if run.get("loads")), {})),
        *(Problem("left", path, why) for path, why in left.items() if why),
        *(Problem("late", delivery.source, str(delivery)) for delivery in expected if delivery.is_late),
        *_low_disk(free, settings.min_free_gb),
    )
    return State(
        at=now,
        province=settings.province_name,
        running=str(holder) if holder else None,
        last_run=last,
        last_success_at=success,
        release=release,
        left=left,
        deliveries=tuple(expected),
        free_bytes=free,
        problems=problems,
    )


def _last_good(runs: list[dict[str, Any]], now: datetime) -> dict[str, Any] | None:
    """The last run that ended well. One that ended at a time to come, by a wrong clock, counts only where there is no
    other: else nothing would be stale until that time."""
    good = [run for run in reversed(runs) if run["status"] in GOOD]
    limit = now + timedelta(days=1)
    past = (run for run in good if run.get("finished_at") and datetime.fromisoformat(run["finished_at"]) <= limit)
    return next(past, good[0] if good else None)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _of_runs(last: Mapping[str, Any] | None, is_held: bool) -> Iterator[Problem]:
    if last is None:
        return
    if last["status"] == "failed":
        yield Problem("run_failed", "run", tr("last run failed") + f": {last.get('error') or '?'}")
    elif last["status"] == "nothing":
        yield Problem("run_failed", "run", tr("the last run could release no table"))
    elif last["status"] in ("died", "running") and not is_held:
        yield Problem("run_failed", "run", tr("the last run was killed: hatinh run"))


def _stale(success: datetime | None, runs: list[dict[str, Any]], now: datetime, max_hours: float) -> Iterator[Problem]:
    """No success for too long. Before the first run has ended there is nothing that could be stale."""
    if success is not None and now - success > timedelta(hours=max_hours):
        yield Problem("stale", "runs", tr("no good run since") + f" {success:%Y-%m-%d %H:%M} UTC")
    elif success is None and runs:
        yield Problem("stale", "runs", tr("no run has ever ended well"))


def _of_release(release: Release | None) -> Iterator[Problem]:
    if release is None:
        return
    for held in release.held_back:
        yield Problem("held_back", held.target, tr("held back since") + f" {held.since}: {held.reason}")
    for path, reason in release.undrawn.items():
        yield Problem("undrawn", path, tr("could not be drawn") + f": {reason}")


def _of_place(last: Mapping[str, Any] | None) -> Iterator[Problem]:
    """The release is out here and did not reach the place of publication."""
    place = (last or {}).get("place") or {}
    if place.get("status") == "failed":
        yield Problem("not_published", place["place"], tr("not published") + f": {place['error']}")


def _of_loads(loads: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    for source, load in loads.items():
        for file in load.get("refused", ()):
            name, _, reason = str(file).partition(": ")
            yield Problem("refused", f"{source}/{name}", tr("file refused") + f": {refusal_in_words(reason)}")
        for file in load.get("truncated", ()):
            name, _, reason = str(file).partition(": ")
            yield Problem("truncated", f"{source}/{name}", tr("truncated or not read to its end") + f": {reason}")
        for note in load.get("not_fetched", ()):
            period, _, reason = str(note).partition(": ")
            yield Problem("pull_failed", f"{source}/{period}", tr("last pull failed") + f": {reason}")


def _left(settings: Settings, last: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    """Files in the drop folder; the reason is empty while a file only waits for the next run."""
    recorded = last.get("left", {})
    folders = [path.name for path in settings.drop.iterdir() if path.is_dir()] if settings.drop.is_dir() else []
    known = all_sources()
    for path in waiting(settings.drop, {*folders, *_loose(settings.drop)}):
        place = path.relative_to(settings.drop).as_posix().encode("utf-8", "replace").decode("utf-8")
        reason = recorded.get(place, "")
        if not reason and path.relative_to(settings.drop).parts[0] not in known:
            reason = tr("belongs to no source")
        if not reason and (since := _arrived(path)) and now.timestamp() - since > _WAITED.total_seconds():
            reason = tr("no run has taken it for a day")
        yield place, reason


def _loose(drop: Path) -> list[str]:
    """Files that lie in the drop folder itself."""
    return [path.name for path in drop.iterdir() if not path.is_dir()] if drop.is_dir() else []


def _arrived(path: Path) -> float | None:
    """When a file came into its folder; copies keep the time of their content, not this one."""
    try:
        return os.lstat(path).st_ctime
    except OSError:
        return None


def _low_disk(free: int, min_gb: float) -> Iterator[Problem]:
    if free < min_gb * 1e9:
        yield Problem(
            "low_disk",
            "disk",
            tr("{free} GB free, {wanted} GB wanted", free=f"{free / 1e9:.1f}", wanted=f"{min_gb:g}"),
        )


def write_metrics(path: Path, state: State) -> None:
    """The state in Prometheus' text format, for the textfile collector of node_exporter; replaced atomically."""
    label = state.province.replace("\\", "\\\\").replace('"', '\\"')

    def lines() -> Iterator[str]:
        release = state.release
        kinds: dict[str, int] = {}
        for problem in state.problems:
            kinds[problem.kind] = kinds.get(problem.kind, 0) + 1
        samples: list[tuple[str, str, Mapping[str, str], float]] = [
            ("ok", "1 when nothing waits for a person", {}, float(not state.problems)),
            ("state_timestamp_seconds", "when this was written", {}, state.at.timestamp()),
            ("free_bytes", "free space of the data folder", {}, float(state.free_bytes)),
            ("drop_folder_files", "files in the drop folder", {}, float(len(state.left))),
        ]
        if state.last_success_at:
            at = state.last_success_at.timestamp()
            samples.append(("last_success_timestamp_seconds", "end of the last good run", {}, at))
        if release is not None:
            samples += [
                ("release_timestamp_seconds", "when the current release was made", {}, release.created_at.timestamp()),
                ("release_rows", "rows of the current release", {}, float(release.rows)),
                ("held_back_targets", "targets of which readers get older tables", {}, float(len(release.held_back))),
            ]
        samples += [("problems", "problems by kind", {"kind": kind}, float(n)) for kind, n in sorted(kinds.items())]
        for delivery in state.deliveries:
            labels = {"source": delivery.source}
            samples.append(("delivery_late", "1 when a delivery is late", labels, float(delivery.is_late)))
        described = set()
        for name, help_text, own, value in samples:
            if name not in described:
                described.add(name)
                yield f"# HELP hatinh_{name} {help_text}\n# TYPE hatinh_{name} gauge"
            pairs = ",".join(f'{key}="{text}"' for key, text in {"province": label, **own}.items())
            yield f"hatinh_{name}{{{pairs}}} {value:.15g}"

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "\n".join(lines()) + "\n")
