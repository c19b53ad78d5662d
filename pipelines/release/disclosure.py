"""The protected figures of the open edition: which quarters may leave, what is hidden in them, and that it is enough.

`prepare` is the step between the marts and the files of a release. It looks which quarters are closed and not yet
published, computes one pattern of suppression for all linked tables of them, has it audited, and puts rows and true
figures into the vault. With no new quarter it computes nothing: the rows are in the vault. What cannot be protected is
not published (`Edition.blocked`), and nothing of it is written anywhere.
The method is in docs/methods/disclosure.md.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any

from pipelines.language import record
from pipelines.periods import VIETNAM
from pipelines.release.disclosure_cells import (
    RECEIVED,
    Block,
    Cell,
    Pattern,
    Row,
    Splits,
    Thresholds,
    block_of,
    quarter_of,
)
from pipelines.release.disclosure_tables import TABLES, rows_of
from pipelines.release.disclosure_vault import Leaf, Vault, months_of

if TYPE_CHECKING:
    import duckdb

    from pipelines.transform.marts import Mart

LAG = timedelta(days=30)
"""A quarter leaves this long after its end: late dossiers have arrived by then."""
MOST_SMALL = 0.25
"""Share of agencies of a quarter with a small `received` above which the quarter is too thin for a pattern."""
MOST_HIDDEN = 0.33
"""Share of hidden figures above which a quarter is too thin for a pattern."""


class DisclosureBlocked(Exception):
    """New quarters cannot be protected. The message states why; nothing was written."""


@dataclass(frozen=True)
class Policy:
    """The measures of all linked marts: one system, one pattern."""

    parts_by_mart: Mapping[str, Splits]
    thresholds: Thresholds

    @property
    def parts(self) -> dict[str, str]:
        return {part: total for parts in self.parts_by_mart.values() for part, total in parts.items()}

    @property
    def measures(self) -> tuple[str, ...]:
        return (RECEIVED, *self.parts)


@dataclass
class Edition:
    """What the vault holds after `prepare`: the rows of every open table of dossiers."""

    vault: Vault
    policy: Policy
    quarters: list[dict[str, Any]]
    digest: str
    """Of all rows: two editions with one digest are the same."""
    blocked: str | None = None
    """Why closed quarters are missing."""
    audits: list[dict[str, Any]] = field(default_factory=list)


def policy_of(marts: Sequence[Mart]) -> Policy | None:
    """The policy that the marts' own ones make together; None where no mart has measures for the open edition."""
    found = {mart.name: mart.disclosure.open for mart in marts if mart.disclosure.open}
    if not found:
        return None
    limits = {RECEIVED: max(measures.received_below for measures in found.values())}
    for measures in found.values():
        limits |= dict.fromkeys(measures.parts, measures.part_below)
    parts = {name: dict(sorted(measures.parts.items())) for name, measures in sorted(found.items())}
    return Policy(parts, Thresholds(limits))


def prepare(
    conn: duckdb.DuckDBPyConnection,
    policy: Policy,
    vault: Vault,
    now: datetime,
    *,
    is_synthetic: bool,
    published: Iterable[str] = (),
    objection: str | None = None,
    announce: Callable[[str, int, int], object] = lambda quarters, done, total: None,
) -> Edition:
    """Freeze what is closed and new.

    Args:
        conn: the warehouse; only read.
        is_synthetic: whether dossiers are made up.
        published: quarters of real dossiers that readers have.
        objection: keeps new quarters back.
        announce: called before the new quarters of a year are protected, which takes seconds for each: with their
            names, how many are done, and of how many.
    """
    edition = Edition(vault, policy, [], "")
    problems = []
    try:
        if objection:
            raise DisclosureBlocked(objection)
        if vault.is_synthetic() and not is_synthetic:
            vault.forget_samples()
        _check(vault, policy, is_synthetic, published)
        months = closed_months(conn, now)
        kept = {quarter: of for quarter, of in vault.quarters().items() if quarter not in vault.under_revision()}
        new = sorted({quarter_of(month) for month in months} - kept.keys())
        for year in sorted({quarter[:4] for quarter in new}):
            chosen = [quarter for quarter in new if quarter[:4] == year]
            of_year = {quarter: of for quarter, of in kept.items() if quarter[:4] == year}
            announce(", ".join(chosen), new.index(chosen[0]), len(new))
            try:
                edition.audits.append(_freeze_year(conn, policy, vault, months, chosen, of_year, now, is_synthetic))
            except DisclosureBlocked as problem:  # other years go on
                problems.append(str(problem))
    except DisclosureBlocked as problem:
        problems.append(str(problem))
    edition.blocked = "; ".join(problems) or None
    edition.quarters = list(vault.quarters().values())
    edition.digest = _digest(vault)
    return edition


def _check(vault: Vault, policy: Policy, is_synthetic: bool, published: Iterable[str]) -> None:
    """Whether the vault is the one that readers' figures came from, and can take more."""
    frozen = vault.quarters()
    if lost := set(published) - frozen.keys():
        raise DisclosureBlocked(
            record(
                "the vault lacks {quarters}, which readers have: restore its backup", quarters=", ".join(sorted(lost))
            )
        )
    if frozen and is_synthetic and not vault.is_synthetic():
        raise DisclosureBlocked(record("the dossiers are made up, the published quarters are real"))
    if vault.measures() not in (None, policy.measures):
        raise DisclosureBlocked(
            record("the measures have changed since quarters were published: request their revision")
        )


def closed_months(conn: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """The months of quarters that ended `LAG` ago, by the clock and by the data."""
    last = conn.execute("select cast(max(received_at) as date) from intermediate.int_dossiers").fetchone()
    if not last or last[0] is None:
        return []
    seen = min(last[0], now.astimezone(VIETNAM).date())
    months = conn.execute(
        "select distinct strftime(month, '%Y-%m') from marts.dossier_timeliness order by 1"
    ).fetchall()
    return [month for (month,) in months if _end(quarter_of(month)) + LAG <= seen]


def _end(quarter: str) -> date:
    year, month = map(int, months_of(quarter)[-1].split("-"))
    return date(year + month // 12, month % 12 + 1, 1)


def after(quarter: str) -> dict[str, str]:
    """The quarter that follows a published one, and the first day on which it can leave."""
    begins = _end(quarter)
    following = quarter_of(f"{begins:%Y-%m}")
    return {"quarter": following, "not_before": str(_end(following) + LAG)}


def read_leaves(conn: duckdb.DuckDBPyConnection, measures: Sequence[str], months: Sequence[str]) -> list[Leaf]:
    """The finest rows of these months from the warehouse."""
    sql = resources.files("pipelines.release").joinpath("disclosure_leaves.sql").read_text(encoding="utf-8")
    days = [date.fromisoformat(f"{month}-01") for month in months]
    cursor = conn.execute(sql, {"months": days})
    columns = [column[0] for column in cursor.description or ()]
    leaves = []
    for values in cursor.fetchall():
        row = dict(zip(columns, values, strict=True))
        leaves.append(
            Leaf(
                Row._make(
                    (
                        *(row[name] for name in ("month", "agency", "unit", "level", "field")),
                        tuple(int(row[measure]) for measure in measures),
                    )
                ),
                *(row[name] for name in ("agency_name", "unit_name", "unit_kind", "field_name", "days_sum")),
            )
        )
    counted = conn.execute(
        "select sum(received) from marts.dossier_timeliness where list_contains($1, month)", [days]
    ).fetchone()
    if sum(leaf.row.counts[0] for leaf in leaves) != (counted and counted[0]):
        raise DisclosureBlocked(record("the marts of dossiers do not count the same dossiers: build them again"))
    return leaves


def _freeze_year(
    conn: duckdb.DuckDBPyConnection,
    policy: Policy,
    vault: Vault,
    months: Sequence[str],
    new: Sequence[str],
    kept: Mapping[str, Mapping[str, Any]],
    now: datetime,
    is_synthetic: bool,
) -> dict[str, Any]:
    year = new[0][:4]
    leaves = read_leaves(conn, policy.measures, [month for month in months if quarter_of(month) in new])
    frozen_leaves = vault.leaves(kept)
    has_year = len({leaf.row.month for leaf in (*frozen_leaves, *leaves)}) == 12
    periods = [period for quarter in new for period in (quarter, *months_of(quarter))] + ([year] if has_year else [])
    thin = {quarter for quarter, found in kept.items() if found["is_thin"]} | {
        quarter for quarter in new if _is_thin(quarter, leaves, policy)
    }
    # without a year nothing ties the quarters: the frozen ones need no second look
    together = [*(frozen_leaves if has_year else ()), *leaves]
    before, frozen = vault.published_before(periods), vault.pattern(kept if has_year else ())
    for attempt in (thin, thin | set(new)):
        block = block_of((leaf.row for leaf in together), policy.measures, has_year=has_year, thin=frozenset(attempt))
        pattern, report = _protected(block, policy, frozen, before)
        if report["too_narrow"] == 0 and (attempt == thin | set(new) or report["hidden_pct"] <= 100 * MOST_HIDDEN):
            break
    else:
        raise DisclosureBlocked(
            record(
                "small figures of {quarters} could be worked out: {count}",
                quarters=", ".join(new),
                count=report["too_narrow"],
            )
        )
    received = Counter(quarter_of(leaf.row.month) for leaf in leaves for _ in range(leaf.row.counts[0]))
    found = {
        quarter: {"is_thin": quarter in attempt, "is_synthetic": is_synthetic, "received": received[quarter]}
        for quarter in new
    }
    tables = rows_of(block, pattern, together, policy.parts, set(periods))
    vault.freeze(found, leaves, policy.measures, _cells(block, pattern, policy, set(periods)), tables, periods, now)
    return {"quarters": list(new), **report}


def _protected(
    block: Block, policy: Policy, frozen: Pattern, before: Mapping[tuple[str, Cell], int]
) -> tuple[Pattern, dict[str, Any]]:
    from pipelines.release.disclosure_pattern import audit, protect

    place = {cell: n for n, cell in enumerate(block.cells)}
    moved = {
        (measure, cell)
        for (measure, cell), value in before.items()
        if cell in place
        and measure in policy.measures
        and 0 < abs(block.value(measure, place[cell], policy.parts) - value) < policy.thresholds.of_measure[measure]
    }
    pattern = protect(block, policy.parts_by_mart, policy.thresholds, frozen, moved)
    found = audit(block.system(policy.parts, every_cell=True), pattern, policy.thresholds, moved)
    figures = [
        pattern[measure, cell]
        for measure, cell in pattern
        if measure in policy.measures and block.value(measure, place[cell], policy.parts) > 0
    ]
    return pattern, {
        "figures": len(figures),
        "hidden_pct": round(100 * sum(figures) / max(len(figures), 1), 1),
        "small": found.small,
        "small_with_a_witness_in_whole_numbers": found.integral,
        "too_narrow": len(found.too_narrow),
    }


def _is_thin(quarter: str, leaves: Sequence[Leaf], policy: Policy) -> bool:
    agencies: dict[str, int] = defaultdict(int)
    for leaf in leaves:
        if quarter_of(leaf.row.month) == quarter:
            agencies[leaf.row.agency] += leaf.row.counts[0]
    small = sum(count < policy.thresholds.of_measure[RECEIVED] for count in agencies.values())
    return small > MOST_SMALL * len(agencies)


def _cells(block: Block, pattern: Pattern, policy: Policy, periods: set[str]) -> Any:
    import pyarrow as pa

    place = {cell: n for n, cell in enumerate(block.cells)}
    rows = [
        (cell.period, cell.area, cell.field, measure, block.value(measure, place[cell], policy.parts), hidden)
        for (measure, cell), hidden in pattern.items()
        if cell.period in periods
    ]
    names = ("period", "area", "field", "measure", "value", "is_hidden")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _digest(vault: Vault) -> str:
    """SHA-256 (hex) of the rows that the edition publishes, and of its revisions."""
    total = hashlib.sha256()
    there = set(vault.tables())
    for table in TABLES:
        if table.name in there:
            rows = vault.conn.execute(f"select * from {table.name} order by all").fetchall()
            total.update(json.dumps([table.name, rows], default=str, ensure_ascii=False).encode())
    total.update(json.dumps(vault.revisions(), ensure_ascii=False).encode())
    return total.hexdigest()
