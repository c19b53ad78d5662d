"""The lists of the first screen: which indicators are behind, which lack data that is due, which are met, and the rest.

An indicator is listed once, with the target that decides: one that is behind before one that is met. Its other
targets are notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.scoreboard import words
from pipelines.scoreboard.words import Text

Tile = Mapping[str, Any]

GROUPS = (
    "behind",
    "needed",
    "met",
    "on_track",
    "not_assessed",
    "not_due_yet",
    "only_national_value",
    "ended",
    "nation",
)
"""In the order in which one target decides for its indicator; the targets of the nation alone are never mixed in."""
LISTED = ("behind", "needed", "met")
"""The groups whose lines the first screen shows; the others are counted and fold."""
TITLE = {
    "behind": Text("Chậm", "Behind"),
    "needed": Text("Cần số liệu ngay", "Data needed now"),
    "met": Text("Đã đạt hoặc tạm tính đạt", "Met, or provisionally met"),
    "on_track": Text("Đúng tiến độ", "On track"),
    "not_assessed": Text("Có số liệu, chưa đánh giá được", "With a value, not assessed yet"),
    "not_due_yet": Text("Chưa có số liệu, chưa đến hạn", "No data, not due yet"),
    "only_national_value": Text("Chỉ có số cả nước", "Only a national value"),
    "ended": Text("Không còn hiệu lực", "No longer in effect"),
    "nation": Text("Chỉ tiêu của riêng cả nước", "Targets of the nation alone"),
}
SHORT = TITLE | {
    "needed": Text("Cần số liệu", "Data needed"),
    "met": Text("Đạt, kể cả tạm tính", "Met or provisional"),
    "not_assessed": Text("Chưa đánh giá", "Not assessed"),
    "not_due_yet": Text("Chưa đến hạn", "Not due yet"),
    "ended": Text("Hết hiệu lực", "Ended"),
    "nation": Text("Của cả nước", "Of the nation"),
}
"""The same where little room is."""
_CERTAINTIES = ("sample", "proxy", "preliminary", "real")
"""The weakest first."""


@dataclass(frozen=True)
class Line:
    """One indicator. `tile` is the target that decides, `same` ask for the same; `others` are the other marks."""

    tile: Tile
    group: str
    same: Sequence[Tile]
    others: Sequence[Tile]


@dataclass(frozen=True)
class Answers:
    """The indicators by group, each once; the groups add up to `indicators` and the nation's own."""

    lines: Mapping[str, Sequence[Line]]

    @property
    def indicators(self) -> int:
        """How many indicators of the province there are."""
        return sum(len(lines) for group, lines in self.lines.items() if group != "nation")

    @property
    def rest(self) -> Mapping[str, Sequence[Line]]:
        """The groups that are counted only."""
        return {group: lines for group, lines in self.lines.items() if lines and group not in LISTED}

    @property
    def others(self) -> int:
        """How many indicators of the province are in none of the lists."""
        return self.indicators - sum(len(self.lines[group]) for group in LISTED)

    @property
    def certainties(self) -> Mapping[str, int]:
        """How many of the verdicts rest on each certainty, the strongest first; all of `CERTAINTY`."""
        judged = [line for group in ("behind", "met", "on_track") for line in self.lines[group]]
        counted = [line.tile["sureness"] for line in judged]
        return {certainty: counted.count(certainty) for certainty in reversed(_CERTAINTIES)}

    @property
    def without_agency(self) -> int:
        """Lines of the lists for which no responsible agency is known."""
        return sum(not line.tile["responsible_agency"] for group in LISTED for line in self.lines[group])

    @property
    def has_proposed(self) -> bool:
        """Whether a responsible agency of the lists is a proposal of the platform."""
        return any(line.tile["responsible_basis"] == "proposed" for group in LISTED for line in self.lines[group])

    @property
    def changed(self) -> Sequence[Line]:
        """The indicators whose value or status differs from the previous release."""
        return [line for lines in self.lines.values() for line in lines if line.tile["change"]]


def answers(tiles: Iterable[Tile]) -> Answers:
    """Every indicator in exactly one line, with its targets."""
    lines: dict[str, list[Line]] = {group: [] for group in GROUPS}
    of_one: dict[tuple[str, bool], list[Tile]] = {}
    for tile in tiles:
        key = (tile["indicator"] or tile["target_id"], tile["area_code"] == "VN")
        of_one.setdefault(key, []).append(tile)
    for every in of_one.values():
        first, *more = sorted(every, key=_rank)
        group = group_of(first)
        same = [tile for tile in more if _asked(tile) == _asked(first)]
        others = {_asked(tile): tile for tile in reversed(more) if tile not in same and _asked(tile) != _asked(first)}
        lines[group].append(Line(first, group, same, sorted(others.values(), key=_rank)))
    for group in ("behind", "needed"):
        lines[group].sort(key=lambda line: _urgency(line.tile))
    return Answers(lines)


@dataclass(frozen=True)
class Agency:
    """What one agency is responsible for, and the points of QĐ 766 that it loses; None where nothing is recomputed."""

    name: str
    lines: Sequence[Line]
    lost: Mapping[str, Any] | None

    def of(self, group: str) -> Sequence[Line]:
        """Its indicators of a list."""
        return [line for line in self.lines if line.group == group]


def agencies(found: Answers, lost: Iterable[Mapping[str, Any]]) -> list[Agency]:
    """The agencies of the province with what each has to deliver: who has most to act on first."""
    by_name = {row["agency_name"]: row for row in lost if row["agency_level"] == "province" and row["agency_name"]}
    of_one: dict[str, list[Line]] = {name: [] for name in by_name}
    for group, lines in found.lines.items():
        for line in lines if group not in ("nation", "ended") else ():
            if line.tile["responsible_agency"]:
                of_one.setdefault(line.tile["responsible_agency"], []).append(line)
    every = [Agency(name, lines, by_name.get(name)) for name, lines in of_one.items()]

    def urgency(agency: Agency) -> tuple[int, int, float, str]:
        points = agency.lost["points_lost"] if agency.lost else 0
        return -len(agency.of("behind")), -len(agency.of("needed")), -points, agency.name

    return sorted(every, key=urgency)


_GROUP_OF = {
    **dict.fromkeys(("moderate", "insufficient", "away"), "behind"),
    **dict.fromkeys(("met", "met_provisional"), "met"),
    "on_track": "on_track",
    "no_longer_in_force": "ended",
}


def group_of(tile: Tile) -> str:
    """The list that a target belongs to."""
    group = _GROUP_OF.get(tile["status"])
    if tile["area_code"] == "VN" and group != "ended":
        return "nation"
    if group:
        return group
    if tile["status"] == "no_data":
        reason = tile["no_data_reason"]
        is_due = reason == "due_and_missing" or (reason is None and tile["is_overdue"])
        return "needed" if is_due else reason or "not_due_yet"
    return "needed" if tile["is_overdue"] and tile["target_value"] is not None else "not_assessed"


def _asked(tile: Tile) -> tuple[Any, ...]:
    return tile["target_value"], tile["target_year"], bool(tile["is_strict"])


def _rank(tile: Tile) -> tuple[int, int, bool, str]:
    """Which target of an indicator decides: by group, then the nearer deadline, then one of the province."""
    group = GROUPS.index(group_of(tile))
    return group, tile["target_year"] or 9999, tile["level"] != "province", tile["target_id"]


def _urgency(tile: Tile) -> tuple[bool, int, float, str]:
    """Past its deadline first, then the nearer deadline, then the larger gap by the target's own size."""
    size = abs((tile["distance"] or 0.0) / (tile["target_value"] or 1.0))
    return not tile["is_overdue"], tile["target_year"] or 9999, -size, tile["target_id"]


def sureness(certainty: str | None, is_sample: bool) -> str | None:
    """The certainty of a verdict; of a release without the column, all that is known is whether it is a sample."""
    return "sample" if is_sample else certainty


def moved(tile: Tile) -> dict[str, Any] | None:
    """Against the comparable period before, or the base year of a target that moves away: by how much, and whether
    that is better. None with one period only."""
    points = [point for point in tile["series"] if point["is_comparable"]]
    if len(points) < 2 or tile["direction"] in (None, "none"):
        return None
    before, now = points[-2:]
    step = now["value"] - before["value"]
    is_better = (step > 0) == (tile["direction"] == "more")
    if tile["status"] == "away" and is_better and tile["baseline_value"] is not None:
        # the verdict is against the base year: a small step back towards it would contradict the badge
        before = {"value": tile["baseline_value"], "period": words.period("year", None, None, tile["baseline_year"])}
        step = now["value"] - before["value"]
        is_better = (step > 0) == (tile["direction"] == "more")
    return {
        "direction": "same" if step == 0 else "up" if is_better else "down",
        "by": words.step(round(step, 6), tile["unit"]),
        "value": words.quantity(before["value"], tile["unit"]),
        "period": before["period"],
    }


def change(tile: Tile, previous: Tile | None) -> dict[str, Any] | None:
    """What the previous release had of a target, where its value or status differs; None where neither does."""
    if previous is None or (previous["value"], previous["status"]) == (tile["value"], tile["status"]):
        return None
    return {
        "value": words.quantity(previous["value"], tile["unit"]) if previous["value"] != tile["value"] else None,
        "status": previous["status"] if previous["status"] != tile["status"] else None,
        "had_value": previous["value"] is not None,
    }
