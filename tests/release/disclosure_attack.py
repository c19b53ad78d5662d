"""An outsider at work on the tables of an open edition: what can be worked out of everything that is published.

Only the published rows are read. The structure is public: who belongs to whom stands in the tables, quarters are three
months, a part and its rest are the whole. Two ways: intervals narrowed by subtraction, percentages and means until
nothing moves (any size), and the exact bounds by linear programmes (small tables).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from scipy.optimize import linprog

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table of the open edition."""
Key = tuple[str, str, str, str]
"""Measure, period, area, field; the areas and fields as the vault names them, so that a test can look up the truth."""

WHOLES = {"paid_online": "with_obligation"}
LEVELS = {"commune": "commune", "split": "commune", "district": "district"}


@dataclass
class Knowledge:
    """Figures with the interval that is known of each, and the equations `total = sum of addends`."""

    low: dict[Key, float] = field(default_factory=dict)
    high: dict[Key, float] = field(default_factory=dict)
    sums: list[tuple[Key, list[Key]]] = field(default_factory=list)
    means: list[tuple[Key, Key, float]] = field(default_factory=list)
    """(days, number, mean with one decimal)"""

    def learn(self, key: Key, low: float, high: float) -> bool:
        if low <= self.low.get(key, 0.0) + 1e-9 and high >= self.high.get(key, math.inf) - 1e-9:
            self.low.setdefault(key, 0.0)
            self.high.setdefault(key, math.inf)
            return False
        self.low[key] = max(low, self.low.get(key, 0.0))
        self.high[key] = min(high, self.high.get(key, math.inf))
        return True


def read(tables: Rows) -> Knowledge:
    """What the tables show, before any computation."""
    known = Knowledge()
    measures: dict[str, list[str]] = {}
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    parents: dict[tuple[str, str], str] = {}
    for name, rows in tables.items():
        for row in rows:
            period, area, of = _period(row["period_type"], row["period_start"]), _area(name, row), _field(row)
            if name == "dossiers_by_agency":
                parents[period, area] = f"U:{row['area_code']}"
            elif area.startswith("U:"):
                parents[period, area] = f"L:{LEVELS.get(row['area_kind'], 'province')}"
            places[period, of].add(area)
            measures[name] = [column.removesuffix("_status") for column in row if column.endswith("_status")]
            measures[name].remove("obs")
            for measure in measures[name]:
                _read_figure(known, row, measure, (measure, period, area, of))
            if row.get("mean_days") is not None:
                known.means.append((("days_sum", period, area, of), ("timed", period, area, of), row["mean_days"]))
            if row.get("days_sum") is not None:
                known.learn(("days_sum", period, area, of), row["days_sum"] - 0.05, row["days_sum"] + 0.05)
    _tie(known, places, parents)
    return known


def _read_figure(known: Knowledge, row: Mapping[str, Any], measure: str, key: Key) -> None:
    value = row[measure]
    if value is None:
        assert row[f"{measure}_status"] == "suppressed", f"a bare null: {key}"
        known.learn(key, 1, math.inf)  # noughts are shown
    else:
        known.learn(key, value, value)
    if measure == "received":
        return
    known.learn((f"not:{measure}", *key[1:]), 0, math.inf)  # published nowhere
    whole = WHOLES.get(measure, "received")
    known.sums.append(((whole, *key[1:]), [key, (f"not:{measure}", *key[1:])]))
    share, base = row.get(f"{measure}_pct"), row.get(whole)
    if share is not None and base is not None:
        known.learn(key, math.ceil((share - 0.05) * base / 100 - 1e-9), math.floor((share + 0.05) * base / 100 + 1e-9))


def _tie(known: Knowledge, places: Mapping[tuple[str, str], set[str]], parents: Mapping[tuple[str, str], str]) -> None:
    """The sums over areas, fields and periods, where all addends are published."""
    groups: dict[tuple[str, str, str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for (period, of), areas in places.items():
        for area in areas:
            cell = (period, area, of)
            if area in ("ALL",) and of != "*":
                groups["field", period, "ALL", "*"].append(cell)
            if area.startswith("U:") and of != "*":
                groups["field", period, area, "*"].append(cell)
                groups["area", period, "ALL", of].append(cell)
            if of == "*" and area.startswith("L:"):
                groups["level", period, "ALL", "*"].append(cell)
            if of == "*" and area.startswith(("A:", "U:")):
                groups["within", period, parents[period, area], "*"].append(cell)
            if of == "*" and area.startswith("U:"):
                groups["units", period, "ALL", "*"].append(cell)
            if upper := _above(period):
                groups["period", upper, area, of].append(cell)
    for (kind, *total), cells in groups.items():
        if kind == "period" and len(cells) < (3 if "Q" in total[0] else 4) and area_is_open(cells):
            continue
        for measure in sorted({key[0] for key in known.low}):
            keys = [(measure, *cell) for cell in cells]
            if (measure, *total) in known.low and all(key in known.low for key in keys):
                known.sums.append(((measure, *total), keys))  # type: ignore[arg-type]


def area_is_open(cells: Sequence[tuple[str, str, str]]) -> bool:
    """Where a month or quarter has no row, nothing was received in it: the sum is that of the others. For the province
    a missing one is not published yet."""
    return all(area == "ALL" and of == "*" for _, area, of in cells)


def narrow(known: Knowledge, rounds: int = 200) -> Knowledge:
    """Subtract, compare percentages and means, and do so again with what was learned."""
    members: dict[Key, list[int]] = defaultdict(list)
    for number, (total, addends) in enumerate(known.sums):
        for key in (total, *addends):
            members[key].append(number)
    waiting = set(range(len(known.sums)))
    for _ in range(rounds):
        moved = {key for number in sorted(waiting) for key in _subtract(known, *known.sums[number])}
        moved |= {key for days, number, mean in known.means for key in _divide(known, days, number, mean)}
        if not moved:
            break
        waiting = {number for key in moved for number in members[key]}
    return known


def _subtract(known: Knowledge, total: Key, addends: Sequence[Key]) -> Iterable[Key]:
    low, high = known.low, known.high
    slack = 0.05 * (len(addends) + 1) if total[0] == "days_sum" else 0.0
    lows, highs = [low[k] for k in addends], [high[k] for k in addends]
    if all(a == b for a, b in zip((low[total], *lows), (high[total], *highs), strict=True)):
        return
    sum_low, unbounded = sum(lows), [h for h in highs if h == math.inf]
    sum_high = sum(h for h in highs if h != math.inf)
    if known.learn(total, sum_low - slack, math.inf if unbounded else sum_high + slack):
        yield total
    for key, a, b in zip(addends, lows, highs, strict=True):
        others_high = math.inf if len(unbounded) > (b == math.inf) else sum_high - (0 if b == math.inf else b)
        if known.learn(key, low[total] - others_high - slack, high[total] - (sum_low - a) + slack):
            yield key


def _divide(known: Knowledge, days: Key, number: Key, mean: float) -> Iterable[Key]:
    if days in known.low and number in known.low and mean > 0.05:
        least, most = known.low[days] / (mean + 0.05), known.high[days] / (mean - 0.05)
        if known.learn(number, math.ceil(least - 1e-6), most if most == math.inf else math.floor(most + 1e-6)):
            yield number


def bounds(known: Knowledge, wanted: Sequence[Key]) -> dict[Key, tuple[float, float]]:
    """The exact interval of each wanted figure, by two linear programmes."""
    keys = [key for key in known.low if key[0] != "days_sum"]
    place = {key: number for number, key in enumerate(keys)}
    sums = [(total, addends) for total, addends in known.sums if total in place]
    matrix = np.zeros((len(sums), len(keys)))
    for line, (total, addends) in enumerate(sums):
        matrix[line, place[total]] -= 1
        for key in addends:
            matrix[line, place[key]] += 1
    limits = [(known.low[key], None if known.high[key] == math.inf else known.high[key]) for key in keys]
    found = {}
    for key in wanted:
        ends = []
        for sign in (1, -1):
            cost = np.zeros(len(keys))
            cost[place[key]] = sign
            answer = linprog(cost, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=limits, method="highs")
            ends.append(sign * answer.fun if answer.success else sign * -math.inf)
        found[key] = (ends[0], ends[1])
    return found


def reported(
    intervals: Mapping[Key, tuple[float, float]], truth: Mapping[Key, int], limits: Mapping[str, int]
) -> list[Key]:
    """The small figures that an outsider knows: exactly, as small, or within too narrow an interval."""
    found = []
    for key, (low, high) in intervals.items():
        limit = limits[key[0].removeprefix("not:")]
        assert low - 1e-6 <= truth[key] <= high + 1e-6, f"the attack is wrong about {key}"
        if 0 < truth[key] < limit and (high < limit - 1e-6 or high - low < (limit + 1) // 2 - 1e-6):
            found.append(key)
    return found


def attack(tables: Rows, truth: Mapping[Key, int], limits: Mapping[str, int]) -> list[Key]:
    """Small figures found by subtraction, percentages and means."""
    known = narrow(read(tables))
    return reported({key: (known.low[key], known.high[key]) for key in known.low if key in truth}, truth, limits)


def differences(before: Rows, after: Rows) -> list[Key]:
    """Figures that both editions show, and show differently."""
    first, second = read(before), read(after)
    return [
        key
        for key in first.low
        if key in second.low and (first.low[key], first.high[key]) != (second.low[key], second.high[key])
    ]


def _period(kind: str, start: date) -> str:
    if kind == "year":
        return f"{start.year}"
    return f"{start.year}-Q{(start.month + 2) // 3}" if kind == "quarter" else f"{start.year}-{start.month:02d}"


def _above(period: str) -> str | None:
    if len(period) == 4:
        return None
    return period[:4] if "Q" in period else f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}"


def _area(table: str, row: Mapping[str, Any]) -> str:
    if table == "dossiers_by_agency":
        return f"A:{row['agency_code']}"
    if "area_code" in row:
        return f"U:{row['area_code']}"
    return f"L:{row['agency_level']}" if "agency_level" in row else "ALL"


def _field(row: Mapping[str, Any]) -> str:
    return f"F:{row['procedure_field_code']}" if "procedure_field_code" in row else "*"
