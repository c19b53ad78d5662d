"""The villages of `telecom_coverage` a second time, in plain Python from the reports as received: no SQL, no model.

Written from docs/methods/telecom.md and coverage_gaps.md. It knows the headings of our own form only, and of the
spellings of names those that its files have.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from recompute import Registries, Rows, end_of, pct

GENERATIONS = ("2G", "3G", "4G", "5G")
COLUMNS = {**{name: name for name in GENERATIONS}, "Cáp quang": "fibre"}
OPERATORS = {"viettel": "Viettel", "vinaphone": "VNPT", "mobifone": "MobiFone"}
ALL, PROVINCE = "all", "42"
FORMER = 10
"""Of a list with more than one of so many rows by former communes no row counts."""


@dataclass(frozen=True)
class Village:
    """A village in its commune as reported, and the current commune; "" where that is not known."""

    reported: tuple[str, str]
    current: str
    name: tuple[str, str]
    until: str


Answers = dict[tuple[str, Village, str], dict[date, set[bool]]]
"""By operator, village and technology: what was answered on each day, a blank as nothing."""


class Communes:
    """Which commune a report of a day means, and which one it is now."""

    def __init__(self, registries: Registries) -> None:
        self._lives = [row for row in registries.rows("areas") if row["level"] == "commune"]
        self._moves: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for row in registries.rows("area_crosswalk"):
            self._moves[row["old_code"], row["old_valid_from"]].append(row)

    def of(self, code: str, name: str, day: str) -> dict[str, str] | None:
        found = [
            life
            for life in self._lives
            if (life["area_code"] == code if code else plain(life["name"]) == plain(name))
            and life["valid_from"] <= day <= (life["valid_to"] or "9999")
        ]
        return found[0] if len(found) == 1 else None

    def now(self, life: dict[str, str]) -> str:
        if not life["valid_to"]:
            return life["area_code"]
        moves = self._moves[life["area_code"], life["valid_from"]]
        return moves[0]["new_code"] if len(moves) == 1 else ""


def plain(name: str) -> str:
    """The name of a commune without its kind."""
    return re.sub(r"^(xã|phường|thị trấn|p\.|x\.)\s*", "", " ".join(name.lower().split()))


def village_name(written: str) -> tuple[str, str]:
    """Kind and name: "thôn số 04." is thôn 4, "Thôn V" is thôn 5."""
    text = re.sub(r"\bsố (?=\d)|\b0+(?=\d)", "", " ".join(written.lower().split()).strip(" ."))
    kind, _, name = text.rpartition(" ") if re.fullmatch(r"thôn \S+", text) else text.partition(" ")
    kind, name = (kind, name) if kind == "thôn" else ("", text)
    roman = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
    return kind, unicodedata.normalize("NFC", roman.get(name, name))


def answers(files: Iterable[tuple[date, Path]], registries: Registries) -> Answers:
    """Every answer that counts somewhere."""
    communes, found = Communes(registries), Answers()
    for day, path in files:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        lives = [
            communes.of(row.get("Mã xã", ""), row.get("Xã, phường") or row.get("Xã", ""), f"{day}") for row in rows
        ]
        eve = min(f"{day}", "2025-06-30")
        former = sum(
            life is None
            and communes.of(row.get("Mã xã", ""), row.get("Xã, phường") or row.get("Xã", ""), eve) is not None
            for row, life in zip(rows, lives, strict=True)
        )
        if FORMER * former > len(rows):
            continue
        for row, life in zip(rows, lives, strict=True):
            if life is None:
                continue
            where = life["area_code"], life["valid_from"]
            village = Village(where, communes.now(life), village_name(row["Thôn"]), life["valid_to"] or "9999")
            operator = row.get("Nhà mạng") or OPERATORS[path.name.split("-")[0]]
            for column, technology in COLUMNS.items():
                of_day = found.setdefault((operator, village, technology), {}).setdefault(day, set())
                of_day |= {"có": {True}, "không": {False}}.get(row.get(column) or "", set())
    return _with_kinds(found)


def _with_kinds(found: Answers) -> Answers:
    """A name without its kind is that of the one village of the commune that has the name."""
    kinds: dict[tuple[Any, str], set[str]] = defaultdict(set)
    for _, village, _ in found:
        kinds[village.reported, village.name[1]] |= {village.name[0]} - {""}
    joined = Answers()
    for (operator, village, technology), days in found.items():
        one = kinds[village.reported, village.name[1]]
        name = (next(iter(one)) if len(one) == 1 else village.name[0], village.name[1])
        same = Village(village.reported, village.current, name, village.until)
        for day, of_day in days.items():
            joined.setdefault((operator, same, technology), {}).setdefault(day, set()).update(of_day)
    return joined


def telecom_villages(files: list[tuple[date, Path]], registries: Registries) -> Rows:
    """By quarter, technology, operator and area: the counts of villages and the range of their share."""
    every = answers(files, registries)
    rows: Rows = {}
    for quarter in sorted({date(day.year, 3 * ((day.month - 1) // 3) + 1, 1) for day, _ in files}):
        end = end_of(quarter, 3)
        own = _newest(every, quarter, end)
        own |= dict(_mobile(own, every, quarter, end, registries))
        together = dict(_together(own, end, registries))
        for technology in (*GENERATIONS, "mobile", "fibre"):
            states = {village: state for (village, of), state in together.items() if of == technology}
            for area in {PROVINCE} | {village.current for village in states}:
                in_area = {village for village in states if area in (PROVINCE, village.current)}
                named = {(ALL, village): states[village] for village in in_area}
                named |= {(o, v): state for (o, v, of), state in own.items() if of == technology and v in in_area}
                for operator in {operator for operator, _ in named}:
                    given = [state for (o, _), state in named.items() if o == operator and state is not None]
                    if area and (given or operator == ALL):
                        rows[quarter, technology, operator, area] = _shares(len(in_area), given)
    return rows


def _shares(villages: int, given: list[bool]) -> dict[str, Any]:
    yes, no = given.count(True), given.count(False)
    return {
        "villages_covered": yes,
        "villages_not_covered": no,
        "villages_unknown": villages - yes - no,
        "villages_covered_least_pct": pct(yes, villages),
        "villages_covered_most_pct": pct(villages - no, villages),
    }


Own = dict[tuple[str, Village, str], bool | None]


def _counted(days: Iterable[date], village: Village, quarter: date, end: date) -> list[date]:
    """Days of the four quarters up to one, of a commune that exists at its end."""
    since = date(quarter.year - (quarter.month < 10), (quarter.month + 2) % 12 + 1, 1)
    return [day for day in days if since <= day <= end and f"{end}" <= village.until]


def _newest(every: Answers, quarter: date, end: date) -> Own:
    """The newest yes or no of each operator; None where the newest day has both, or none was given."""
    found: Own = {}
    for key, days in every.items():
        if counted := _counted(days, key[1], quarter, end):
            newest = max((day for day in counted if days[day]), default=None)
            given = days[newest] if newest else set()
            found[key] = next(iter(given)) if len(given) == 1 else None
    return found


def _mobile(
    own: Own, every: Answers, quarter: date, end: date, registries: Registries
) -> Iterator[tuple[tuple[str, Village, str], bool | None]]:
    """Any generation: yes with one yes, no with a no on each that is on air."""
    off = {
        row["technology"]: date.fromisoformat(row["last_day"]) for row in registries.rows("generations_switched_off")
    }
    off = {technology: day for technology, day in off.items() if day < end}
    for operator, village in {(operator, village) for operator, village, _ in own}:

        def has_signal(technology: str, operator: str = operator, village: Village = village) -> bool | None:
            days = every[operator, village, technology]
            given = [day for day in _counted(days, village, quarter, end) if days[day]]
            if technology in off and not (given and max(given) > off[technology]):
                return None
            return own[operator, village, technology]

        on_air = [name for name in GENERATIONS if name not in off]
        if any(has_signal(name) for name in GENERATIONS):
            yield (operator, village, "mobile"), True
        else:
            yield (operator, village, "mobile"), False if all(has_signal(name) is False for name in on_air) else None


def _together(own: Own, end: date, registries: Registries) -> Iterator[tuple[tuple[Village, str], bool | None]]:
    """One yes covers; the no of every operator on the list is a gap."""
    listed: dict[str, set[str]] = defaultdict(set)
    for row in registries.rows("village_operators"):
        if (row["valid_from"] or "0") <= f"{end}" <= (row["valid_to"] or "9999"):
            listed[row["network"]].add(row["operator"])
    answers_on: dict[tuple[Village, str], dict[str, bool | None]] = defaultdict(dict)
    for (operator, village, technology), state in own.items():
        answers_on[village, technology][operator] = state
    for key, given in answers_on.items():
        asked = listed["fibre" if key[1] == "fibre" else "mobile"]
        denied = asked <= {operator for operator, state in given.items() if state is not None}
        yield key, True if True in given.values() else False if denied else None
