"""What the release before had of each target: value and status, for "change since the last release"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.release.released import Release
from pipelines.scoreboard.rows import Place, Rows


@dataclass(frozen=True)
class PreviousStatus:
    """A target as the release before showed it. `value` is None where it had none (`status` is then `no_data`)."""

    value: float | None
    status: str
    release_id: str
    released_at: datetime


def previous_status(release: Release, place: Place) -> dict[str, PreviousStatus]:
    """By target id; empty where no earlier release is kept. A target that is new has no entry.

    Args:
        release: a published or staged one; the other releases of its store are beside it.
    """
    previous = Rows(release, place).previous
    if previous is None:
        return {}
    return {
        target: PreviousStatus(row["value"], row["status"], previous.id, previous.created_at)
        for target, row in previous.targets.items()
    }
