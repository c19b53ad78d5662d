"""Which source should have delivered by now, judged by the clock: late since when, also when nothing arrives at all.

What is expected follows from the cadence of a source: a source of which a real file is active must deliver again within
the days below, and so must one that has an address. Samples are no deliveries. `HATINH_DELIVERIES` sets the days of a
source, 0 for one that nobody expects anything of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipelines.landing.store import Landing
from pipelines.language import day, tr

MAX_DAYS = {"daily": 2, "monthly": 40, "quarterly": 120, "yearly": 455}
"""Days from one delivery to the next by cadence: one period, and what publishers take to deliver. None for others."""


class Cadenced(Protocol):
    """What has to be known of a source."""

    @property
    def name(self) -> str: ...

    @property
    def cadence(self) -> str: ...


@dataclass(frozen=True)
class Delivery:
    """The last delivery of a source that is expected to deliver again."""

    source: str
    max_days: int
    last_at: datetime | None
    """None when nothing has ever arrived."""
    is_late: bool

    @property
    def late_since(self) -> datetime | None:
        """None also where nothing has ever arrived."""
        return self.last_at + timedelta(days=self.max_days) if self.is_late and self.last_at else None

    def __str__(self) -> str:
        if self.last_at is None:
            return f"{self.source}: " + tr("nothing has arrived yet")
        return f"{self.source}: " + tr(
            "late since {since}, last received {last}, expected every {days} days",
            since=day(self.late_since) if self.late_since else "–",
            last=day(self.last_at),
            days=self.max_days,
        )


def expected_days(source: Cadenced, overrides: Mapping[str, int]) -> int | None:
    """Most days from one delivery to the next; None when no delivery is expected."""
    return overrides.get(source.name, MAX_DAYS.get(source.cadence)) or None


def _last(now: datetime, landed: Sequence[datetime]) -> datetime | None:
    """The last delivery. Times to come, of a clock that was wrong, count only where there are no others: a year ahead
    would hide for a year that nothing arrives."""
    past = [at for at in landed if at <= now + timedelta(days=1)]
    return max(past or landed, default=None)


def deliveries(
    landing: Landing,
    sources: Mapping[str, Cadenced],
    now: datetime,
    *,
    overrides: Mapping[str, int],
    addresses: Collection[str],
) -> list[Delivery]:
    """The sources that are expected to deliver, in the order of `sources`."""
    found = []
    for name, source in sources.items():
        days = expected_days(source, overrides)
        if days is None:
            continue
        last = _last(now, [receipt.landed_at for receipt in landing.active(name) if not receipt.synthetic])
        if last is None and name not in overrides and name not in addresses:
            continue
        is_late = last is None or now > last + timedelta(days=days)
        found.append(Delivery(name, days, last, is_late))
    return found
