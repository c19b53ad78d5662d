"""The linked tables of the open edition as one system: its cells, and the sums that tie them together.

A cell is the place of a figure: a period, an area and a field of procedures. Cells belong to four grains (`_chains`);
every grain is published with all totals over it, so one dossier is counted in many cells. A block holds the cells of
one calendar year: no sum ties two years.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

RECEIVED = "received"
PROVINCE, ALL_FIELDS = "ALL", "*"

Splits = Mapping[str, str]
"""By measure, the measure that it is a part of: `{"online": "received", "paid_online": "with_obligation"}`."""


class Cell(NamedTuple):
    """A place in the linked tables, like `("2026-Q1", "U:18073", "*")`.

    Periods are a month (`2026-01`), a quarter or a year. Areas: `A:` an agency (before July 2025 the office of an old
    commune), `U:` a current commune or a department, `L:` a level, `ALL` the province. Fields: `F:` one, `*` all.
    """

    period: str
    area: str
    field: str


class Row(NamedTuple):
    """What one month, agency and field received, and its parts."""

    month: str
    agency: str
    unit: str
    level: str
    field: str
    counts: tuple[int, ...]


def quarter_of(month: str) -> str:
    """`2026-Q1` of `2026-02`."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def _chains(row: Row, has_year: bool, thin: frozenset[str]) -> Iterator[tuple[bool, list[str], list[str], list[str]]]:
    """The grains that a row is counted in: whether with its parts, and the chains of period, area and field, finest
    first. Every combination of the three chains is a cell. Thin quarters, and a year with one, have province totals
    alone."""
    quarter, year = quarter_of(row.month), row.month[:4]
    if thin and (has_year or quarter in thin):
        yield True, [row.month, quarter, *([year] if has_year else [])], [PROVINCE], [ALL_FIELDS]
        has_year = False
    if quarter in thin:
        return
    periods = [quarter, year] if has_year else [quarter]
    areas = [f"A:{row.agency}", f"U:{row.unit}", f"L:{row.level}", PROVINCE]
    yield True, periods, areas, [ALL_FIELDS]
    yield True, [row.month, *periods], [PROVINCE], [f"F:{row.field}", ALL_FIELDS]
    yield False, [row.month, quarter], areas[1:], [ALL_FIELDS]
    if has_year:
        yield False, [year], areas[1:], [f"F:{row.field}", ALL_FIELDS]


@dataclass(frozen=True)
class Block:
    """The cells of one year, in a fixed order, with their true values by measure."""

    cells: tuple[Cell, ...]
    values: Mapping[str, np.ndarray]
    has_parts: np.ndarray
    """Cells that are published with all measures; the others with `received` alone."""
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    """(total, its addends) by position in `cells`."""

    def system(self, parts: Splits, *, every_cell: bool) -> System:
        """The variables and equations of `received` and some of its parts.

        Complements are variables like the parts: nobody publishes them, everybody can subtract.
        """
        import numpy as np
        from scipy import sparse

        measures = [RECEIVED, *(name for part in parts for name in (part, complement(part)))]
        position: dict[tuple[str, int], int] = {}
        for measure in measures:
            for cell in range(len(self.cells)):
                if self.has_parts[cell] or (measure == RECEIVED and every_cell):
                    position[measure, cell] = len(position)
        rows, columns, weights, equations = [], [], [], 0
        for total, addends in self._equations(measures, parts, position):
            rows += [equations] * (len(addends) + 1)
            columns += [total, *addends]
            weights += [-1.0, *[1.0] * len(addends)]
            equations += 1
        matrix = sparse.csc_matrix((weights, (rows, columns)), shape=(equations, len(position)))
        values = np.array([self.value(measure, cell, parts) for measure, cell in position], dtype=np.int64)
        if (matrix @ values).any() or (values < 0).any():
            raise ValueError("the linked tables do not add up")
        return System(tuple((measure, self.cells[cell]) for measure, cell in position), values, matrix)

    def value(self, measure: str, cell: int, parts: Splits) -> int:
        part = part_of(measure)
        if part == measure:
            return int(self.values[measure][cell])
        return int(self.values[parts[part]][cell] - self.values[part][cell])

    def _equations(
        self, measures: Sequence[str], parts: Splits, position: Mapping[tuple[str, int], int]
    ) -> Iterator[tuple[int, list[int]]]:
        for measure in measures:
            for total, addends in self.sums:
                if (measure, total) in position and all((measure, cell) in position for cell in addends):
                    yield position[measure, total], [position[measure, cell] for cell in addends]
        for part, total_measure in parts.items():
            for cell in range(len(self.cells)):
                if (part, cell) in position:
                    yield position[total_measure, cell], [position[part, cell], position[complement(part), cell]]


@dataclass(frozen=True)
class System:
    """Variables, each a (measure, cell), with their true values; `matrix @ values` is nought in every equation."""

    variables: tuple[tuple[str, Cell], ...]
    values: np.ndarray
    matrix: Any


@dataclass(frozen=True)
class Thresholds:
    """By measure the least figure that is not small; a complement has that of its part."""

    of_measure: Mapping[str, int]

    def of(self, system: System) -> np.ndarray:
        import numpy as np

        return np.array([self.of_measure[part_of(measure)] for measure, _ in system.variables])

    def widths(self, system: System) -> np.ndarray:
        """The least interval that a reader may work out for a small figure: 5 for a threshold of 10, 3 for 5."""
        widths: np.ndarray = (self.of(system) + 1) // 2
        return widths


Pattern = dict[tuple[str, Cell], bool]
"""By (measure, cell): whether it is hidden. Complements are in it too."""

_NOT = "not:"


def complement(measure: str) -> str:
    """The remainder of the total that a measure is a part of."""
    return _NOT + measure


def part_of(measure: str) -> str:
    """The measure itself, or the part that it is the complement of."""
    return measure.removeprefix(_NOT)


def block_of(
    rows: Iterable[Row], measures: Sequence[str], *, has_year: bool, thin: frozenset[str] = frozenset()
) -> Block:
    """The cells of the rows of one year. `measures` name the counts of a row; the first is `received`.

    Args:
        has_year: the year is complete, and has cells of its own.
        thin: quarters with too few dossiers for a pattern.
    """
    import numpy as np

    place: dict[Cell, int] = {}
    totals: list[list[int]] = []
    with_parts: set[int] = set()
    addends: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in rows:
        counted: set[int] = set()
        for has_parts, periods, areas, fields in _chains(row, has_year, thin):
            for p, period in enumerate(periods):
                for a, area in enumerate(areas):
                    for f, field in enumerate(fields):
                        cell = place.setdefault(Cell(period, area, field), len(place))
                        if cell == len(totals):
                            totals.append([0] * len(measures))
                        counted.add(cell)
                        if has_parts:
                            with_parts.add(cell)
                        if p:
                            addends[cell, "period"].add(place[Cell(periods[p - 1], area, field)])
                        if a:
                            addends[cell, "area"].add(place[Cell(period, areas[a - 1], field)])
                        if f:
                            addends[cell, "field"].add(place[Cell(period, area, fields[f - 1])])
        for cell in counted:
            for n, count in enumerate(row.counts):
                totals[cell][n] += count
    values = np.array(totals, dtype=np.int64).reshape(-1, len(measures))
    return Block(
        cells=tuple(place),
        values={measure: values[:, n] for n, measure in enumerate(measures)},
        has_parts=np.array([cell in with_parts for cell in range(len(place))], dtype=bool),
        sums=tuple((cell, tuple(sorted(parts))) for (cell, _), parts in addends.items()),
    )
