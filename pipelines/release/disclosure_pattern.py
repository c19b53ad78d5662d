"""Which cells of the linked tables are hidden, so that nobody can work out a small one; and the proof of it.

A cell below its threshold is small. `hide` hides every small cell and as few others as it finds, by linear programmes:
for each small cell it looks for the cheapest change of the tables that lifts the cell to its threshold, leaves every
sum true and no hidden cell below 1 (noughts are shown). The cells that this change touches are hidden too: the true
tables and the changed ones look the same to a reader. `audit` knows nothing of how a pattern came about: it works out
what a reader can, and names the cells whose interval is too narrow.

The solver is HiGHS with one thread and a fixed seed: the same tables give the same pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse

from pipelines.release.disclosure_cells import (
    ALL_FIELDS,
    PROVINCE,
    RECEIVED,
    Block,
    Cell,
    Pattern,
    Splits,
    System,
    Thresholds,
)

EVERYTHING_ELSE = 1e7
"""More than any figure of a province: upper bound of what a reader thinks possible."""
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Audit:
    """The outcome of an audit: figures checked, small ones among them, and those that a reader can work out."""

    variables: int
    hidden: int
    small: int
    integral: int
    """Small cells with a witness in whole numbers; the others have one in fractions only, or an interval by bounds."""
    too_narrow: tuple[tuple[str, Cell], ...]


def protect(
    block: Block,
    parts_by_mart: Mapping[str, Splits],
    thresholds: Thresholds,
    frozen: Mapping[tuple[str, Cell], bool] = MappingProxyType({}),
    sensitive: Set[tuple[str, Cell]] = frozenset(),
) -> Pattern:
    """One pattern for all marts over the same cells.

    `received` goes first; a hidden `received` hides its parts; a mart that must hide a further `received` sends all
    others round again.

    Args:
        frozen: cells that are published already; they stay as they are.
        sensitive: cells that are hidden as small ones are, whatever their value.
    """
    pattern: Pattern = {}

    def step(parts: Splits, *, every_cell: bool) -> bool:
        system = block.system(parts, every_cell=every_cell)
        goes_out = [pattern.get(v, False) or pattern.get((RECEIVED, v[1]), False) for v in system.variables]
        known = [frozen.get(v) for v in system.variables]
        hidden = np.array([h if k is None else k for h, k in zip(goes_out, known, strict=True)])
        shown = np.array([k is False for k in known])
        small = _small(system, thresholds, sensitive) & ~shown
        found = _hide(system, thresholds, small, hidden, shown)
        before = sum(h for (measure, _), h in pattern.items() if measure == RECEIVED)
        pattern.update(zip(system.variables, map(bool, found), strict=True))
        return sum(h for (measure, _), h in pattern.items() if measure == RECEIVED) > before

    step({}, every_cell=True)
    for _ in range(_ROUNDS):
        grew = [step(parts, every_cell=False) for parts in parts_by_mart.values()]
        if not any(grew):
            break
        step({}, every_cell=True)
    return _together(block, parts_by_mart, thresholds, pattern, frozen, sensitive)


def _together(
    block: Block,
    parts_by_mart: Mapping[str, Splits],
    thresholds: Thresholds,
    pattern: Pattern,
    frozen: Mapping[tuple[str, Cell], bool],
    sensitive: Set[tuple[str, Cell]],
) -> Pattern:
    """The pattern, with what is missing for cells that are safe in each mart and not in all of them together.

    Few are: one system of everything is solved for these alone. What was safe stays so when more is hidden.
    """
    system = block.system({p: w for parts in parts_by_mart.values() for p, w in parts.items()}, every_cell=True)
    narrow = set(audit(system, pattern, thresholds, sensitive).too_narrow)
    if not narrow:
        return pattern
    hidden = np.array([pattern[variable] for variable in system.variables])
    shown = np.array([frozen.get(variable) is False for variable in system.variables])
    small = np.array([variable in narrow for variable in system.variables])
    found = _hide(system, thresholds, small, hidden, shown)
    return dict(zip(system.variables, map(bool, found), strict=True))


_ROUNDS = 4


def _small(system: System, thresholds: Thresholds, sensitive: Set[tuple[str, Cell]]) -> np.ndarray:
    named = np.array([variable in sensitive for variable in system.variables], dtype=bool)
    small: np.ndarray = (system.values > 0) & ((system.values < thresholds.of(system)) | named)
    return small


def _hide(
    system: System, thresholds: Thresholds, small: np.ndarray, hidden: np.ndarray, shown: np.ndarray
) -> np.ndarray:
    values, count = system.values, len(system.values)
    result: np.ndarray = (small | hidden) & (values > 0)
    goal = np.maximum(thresholds.of(system) - values, thresholds.widths(system)).astype(float)
    # two variables a cell, what is added and what is taken away: a cell may double, and keep 1
    upper = np.concatenate([np.maximum(2 * values, 20), np.maximum(values - 1, 0)]).astype(float)
    upper[np.tile((values == 0) | shown, 2)] = 0
    cost = np.tile(_price(system), 2)
    cost[np.tile(result, 2)] = _FREE
    solver = _solver(
        sparse.hstack([system.matrix, -system.matrix]).tocsc(),
        np.zeros(2 * count),
        upper,
        cost,
        np.zeros(system.matrix.shape[0]),
    )
    done = np.zeros(count, dtype=bool)
    for cell in np.argsort(-values, kind="stable"):
        if not small[cell] or done[cell]:
            continue
        up, down = int(cell), int(count + cell)
        solver.changeColBounds(up, goal[cell], max(goal[cell], upper[up]))
        solver.changeColBounds(down, 0.0, 0.0)
        if _solve(solver):
            change = np.array(solver.getSolution().col_value)
            net = change[:count] - change[count:]
            for new in np.flatnonzero((np.abs(net) > TOLERANCE) & ~result):
                result[new] = True
                solver.changeColCost(int(new), _FREE)
                solver.changeColCost(int(count + new), _FREE)
            done |= net >= goal - TOLERANCE
        solver.changeColBounds(up, 0.0, upper[up])
        solver.changeColBounds(down, 0.0, upper[down])
    return result


_FREE = 1e-3
"""Price of a cell that is hidden already."""


def _price(system: System) -> np.ndarray:
    """What hiding a cell costs: large cells, `received`, totals of a level and of the province are worth more."""

    def weight(measure: str, cell: Cell) -> float:
        worth = 8.0 if measure == RECEIVED else 1.0
        if cell.field == ALL_FIELDS and cell.area == PROVINCE:
            return worth * 1000
        return worth * 30 if cell.field == ALL_FIELDS and cell.area.startswith("L:") else worth

    prices: np.ndarray = np.log2(system.values + 2.0) * np.array([weight(*v) for v in system.variables])
    return prices


def audit(
    system: System,
    pattern: Mapping[tuple[str, Cell], bool],
    thresholds: Thresholds,
    sensitive: Set[tuple[str, Cell]] = frozenset(),
) -> Audit:
    """What a reader can work out of all that is shown, zeros and sums included.

    For most small cells one table is found that agrees with everything shown and in which they are at their
    threshold. The others get their interval by two programmes each.
    """
    values, goal_of = system.values, thresholds.of(system)
    widths = thresholds.widths(system)
    hidden = np.array([pattern[variable] for variable in system.variables])
    small = np.flatnonzero(_small(system, thresholds, sensitive))
    bare = [int(cell) for cell in small if not hidden[cell]]
    cells = [int(cell) for cell in small if hidden[cell]]
    goal = {cell: float(values[cell] + max(goal_of[cell] - values[cell], widths[cell])) for cell in cells}

    unknown = np.flatnonzero(hidden)
    place = {int(cell): n for n, cell in enumerate(unknown)}
    matrix = system.matrix[:, unknown].tocsr()
    right = -(system.matrix[:, ~hidden] @ values[~hidden].astype(float))
    used = np.flatnonzero(np.diff(matrix.indptr))
    matrix, right = matrix[used].tocsc(), right[used]
    ones, most = np.ones(len(unknown)), np.full(len(unknown), EVERYTHING_ELSE)
    solver = _solver(matrix, ones, most, np.zeros(len(unknown)), right)
    left, integral = set(cells), 0
    while left:
        for cell in cells:
            wanted = cell in left
            solver.changeColCost(place[cell], -1.0 if wanted else 0.0)
            solver.changeColBounds(place[cell], 1.0, goal[cell] if wanted else EVERYTHING_ELSE)
        if not _solve(solver):
            break
        table = np.array(solver.getSolution().col_value)
        if np.abs(matrix @ table - right).max(initial=0) > 1e-5 or table.min(initial=1) < 1 - TOLERANCE:
            break
        reached = {cell for cell in left if table[place[cell]] >= goal[cell] - TOLERANCE}
        if not reached:
            break
        integral += len(reached) if np.abs(table - table.round()).max() < 1e-5 else 0
        left -= reached
    for cell in cells:
        solver.changeColCost(place[cell], 0.0)
        solver.changeColBounds(place[cell], 1.0, EVERYTHING_ELSE)
    narrow = [cell for cell in sorted(left) if not _is_wide(solver, place[cell], goal_of[cell], widths[cell])]
    return Audit(
        variables=len(values),
        hidden=int(hidden.sum()),
        small=len(small),
        integral=integral,
        too_narrow=tuple(system.variables[cell] for cell in [*bare, *narrow]),
    )


def _is_wide(solver: Any, column: int, threshold: float, width: float) -> bool:
    bounds = []
    for sign in (1.0, -1.0):
        solver.changeColCost(column, sign)
        if not _solve(solver):
            return False
        bounds.append(sign * solver.getInfo().objective_function_value)
    solver.changeColCost(column, 0.0)
    low, high = bounds
    return bool(high >= threshold - TOLERANCE and high - low >= width - TOLERANCE)


def _solver(matrix: Any, lower: np.ndarray, upper: np.ndarray, cost: np.ndarray, right: np.ndarray) -> Any:
    import highspy

    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(option, value)
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
    model.row_lower_ = model.row_upper_ = right
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    solver.passModel(model)
    return solver


def _solve(solver: Any) -> bool:
    import highspy

    solver.run()
    return bool(solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)
