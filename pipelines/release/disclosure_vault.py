"""The vault of the open edition: what was published of each closed quarter, and the true figures behind it.

One DuckDB file beside the warehouse, mode 0600 in a folder of mode 0700. A quarter goes in once; later editions copy
its rows. To change one is a separate event: `request_revision` records who asks for what reason, and the next
publication computes the quarter again. A publication writes into a copy of the file, which takes the file's place
(`commit`) only when all else has succeeded.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import tr
from pipelines.release.disclosure_cells import Cell, Row
from pipelines.release.files import ReleaseError, iso, sync
from pipelines.release.sql import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TABLES = """
create table if not exists quarters (
    quarter varchar primary key, frozen_at varchar, is_thin boolean, is_synthetic boolean, received bigint
);
create table if not exists leaves (
    quarter varchar, month varchar, agency varchar, unit varchar, level varchar, field varchar, agency_name varchar,
    unit_name varchar, unit_kind varchar, field_name varchar, measures varchar[], counts bigint[], days_sum double
);
create table if not exists cells (
    period varchar, area varchar, field varchar, measure varchar, value bigint, is_hidden boolean,
    is_replaced boolean default false
);
create table if not exists revisions (quarter varchar, reason varchar, requested_at varchar, done_at varchar);
"""


@dataclass(frozen=True)
class Leaf:
    """The finest row of the open edition, with the titles of its agency, unit and field."""

    row: Row
    agency_name: str
    unit_name: str
    unit_kind: str
    field_name: str
    days_sum: float


class Vault:
    """The vault at `path`, open for one publication. Nothing changes at `path` before `commit`."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self.path = path
        self._copy = path.with_name(f".{path.name}.new")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        self._copy.unlink(missing_ok=True)  # of a publication that was killed
        self._copy.with_name(f"{self._copy.name}.wal").unlink(missing_ok=True)
        if path.exists():
            shutil.copyfile(path, self._copy)
        try:
            self.conn: duckdb.DuckDBPyConnection = duckdb.connect(self._copy, config={"threads": "1"})
            self._copy.chmod(0o600)
            self.conn.execute(_TABLES)
        except duckdb.Error as error:
            raise ReleaseError(
                tr(
                    "the vault of the open edition, {path}, cannot be read ({error}). Restore it from the "
                    "backup: without it closed quarters would be computed again, and the change could name people",
                    path=path,
                    error=type(error).__name__,
                )
            ) from None
        self.is_changed = False

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.conn.close()
        self._copy.unlink(missing_ok=True)

    def commit(self) -> None:
        """Make the changes durable, in one rename."""
        if not self.is_changed:
            return
        self.conn.close()
        self._copy.chmod(0o600)
        sync(self._copy)
        self._copy.replace(self.path)
        sync(self.path.parent)

    def quarters(self) -> dict[str, dict[str, Any]]:
        """The published quarters."""
        rows = self.conn.execute("select * from quarters order by quarter")
        names = [column[0] for column in rows.description or ()]
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows.fetchall()}

    def under_revision(self) -> set[str]:
        """The published quarters that are to be computed again."""
        rows = self.conn.execute("select quarter from revisions where done_at is null").fetchall()
        return {quarter for (quarter,) in rows}

    def is_synthetic(self) -> bool:
        found = self.conn.execute("select bool_or(is_synthetic) from quarters").fetchone()
        return bool(found and found[0])

    def forget_samples(self) -> None:
        """Real dossiers replace made-up ones: nobody is protected by keeping those."""
        self.is_changed = True
        for table in self.tables():
            if table != "revisions":
                self.conn.execute(f"drop table {identifier(table)}")
        self.conn.execute(_TABLES)

    def leaves(self, quarters: Iterable[str]) -> list[Leaf]:
        rows = self.conn.execute(
            "select month, agency, unit, level, field, counts, agency_name, unit_name, unit_kind, field_name, days_sum"
            " from leaves where list_contains($1, quarter) order by month, agency, field",
            [list(quarters)],
        ).fetchall()
        return [Leaf(Row._make((*row[:5], tuple(row[5]))), *row[6:]) for row in rows]

    def measures(self) -> tuple[str, ...] | None:
        """The measures that the frozen quarters were published with; None where every quarter may be computed again."""
        found = self.conn.execute(
            "select measures from leaves"
            " where quarter not in (select quarter from revisions where done_at is null) limit 1"
        ).fetchone()
        return tuple(found[0]) if found else None

    def pattern(self, quarters: Iterable[str]) -> dict[tuple[str, Cell], bool]:
        """What is hidden in frozen quarters, their months included; not in years."""
        return {
            (measure, Cell(period, area, field)): hidden
            for period, area, field, measure, hidden in self.conn.execute(
                "select period, area, field, measure, is_hidden from cells where not is_replaced"
                " and list_contains($1, period)",
                [[period for quarter in quarters for period in (quarter, *months_of(quarter))]],
            ).fetchall()
        }

    def published_before(self, periods: Iterable[str]) -> dict[tuple[str, Cell], int]:
        """Figures of these periods that readers have seen in an earlier edition and that are computed again now."""
        return {
            (measure, Cell(period, area, field)): value
            for period, area, field, measure, value in self.conn.execute(
                "select period, area, field, measure, value from cells where not is_hidden"
                " and not starts_with(measure, 'not:') and list_contains($1, period)",
                [list(periods)],
            ).fetchall()
        }

    def freeze(
        self,
        quarters: Mapping[str, Mapping[str, Any]],
        leaves: Sequence[Leaf],
        measures: Sequence[str],
        cells: pa.Table,
        tables: Mapping[str, pa.Table],
        periods: Sequence[str],
        now: datetime,
    ) -> None:
        """Put new quarters in, in the place of those under revision: their rows in every table of the edition."""
        self.is_changed = True
        conn, names = self.conn, list(quarters)
        conn.begin()
        conn.execute("update cells set is_replaced = true where list_contains($1, period)", [list(periods)])
        conn.execute("delete from quarters where list_contains($1, quarter)", [names])
        conn.execute("delete from leaves where list_contains($1, quarter)", [names])
        conn.execute(
            "update revisions set done_at = $1 where done_at is null and list_contains($2, quarter)", [iso(now), names]
        )
        for name, found in quarters.items():
            conn.execute(
                "insert into quarters values ($1, $2, $3, $4, $5)",
                [name, iso(now), found["is_thin"], found["is_synthetic"], found["received"]],
            )
        rows = leaf_table(leaves, measures)
        conn.register("new_rows", rows)
        conn.execute("insert into leaves by name select * from new_rows")
        conn.unregister("new_rows")
        conn.register("new_rows", cells)
        conn.execute("insert into cells by name select *, false as is_replaced from new_rows")
        conn.unregister("new_rows")
        for name, table in tables.items():
            conn.register("new_rows", table)
            conn.execute(f"create table if not exists {identifier(name)} as select * from new_rows limit 0")
            there = {row[0] for row in conn.execute(f"describe {identifier(name)}").fetchall()}
            for column, kind, *_ in conn.execute("describe new_rows").fetchall():
                if column not in there:  # the table has learned a column since the first quarter
                    conn.execute(f"alter table {identifier(name)} add column {identifier(column)} {kind}")
            conn.execute(f"delete from {identifier(name)} where list_contains($1, period_name)", [list(periods)])
            conn.execute(f"insert into {identifier(name)} by name select * from new_rows")
            conn.unregister("new_rows")
        conn.commit()

    def tables(self) -> list[str]:
        return [name for (name,) in self.conn.execute("select table_name from duckdb_tables() order by 1").fetchall()]

    def revisions(self) -> list[dict[str, Any]]:
        """Revisions that were published, oldest first."""
        rows = self.conn.execute(
            "select quarter, reason, done_at from revisions where done_at is not null order by done_at, quarter"
        ).fetchall()
        return [dict(zip(("quarter", "reason", "published_at"), row, strict=True)) for row in rows]


def request_revision(path: Path, quarter: str, reason: str, now: datetime) -> None:
    """Have the next publication compute a frozen quarter, and its year, again.

    Raises:
        ReleaseError: the quarter is not frozen, or no reason is given.
    """
    if not reason.strip():
        raise ReleaseError(tr("a revision has a reason, which readers of the open edition see"))
    if not path.exists():
        raise ReleaseError(tr("there is no open edition yet: {path} does not exist", path=path))
    with Vault(path) as vault:
        if quarter not in vault.quarters():
            known = ", ".join(vault.quarters()) or "none"
            raise ReleaseError(
                tr(
                    "{quarter} is not a published quarter of the open edition (published: {known})",
                    quarter=quarter,
                    known=known,
                )
            )
        vault.conn.execute("insert into revisions values ($1, $2, $3, null)", [quarter, reason.strip(), iso(now)])
        vault.is_changed = True
        vault.commit()


def months_of(quarter: str) -> list[str]:
    """`2026-04`, `2026-05`, `2026-06` of `2026-Q2`.

    Raises:
        ReleaseError: the text names no quarter.
    """
    if not re.fullmatch(r"\d{4}-Q[1-4]", quarter):
        raise ReleaseError(tr("{quarter!r} names no quarter: write it like 2026-Q1", quarter=quarter))
    first = 3 * int(quarter[-1]) - 2
    return [f"{quarter[:4]}-{month:02d}" for month in range(first, first + 3)]


def leaf_table(leaves: Sequence[Leaf], measures: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    from pipelines.release.disclosure_cells import quarter_of

    return pa.table(
        {
            "quarter": pa.array([quarter_of(leaf.row.month) for leaf in leaves], pa.string()),
            **{
                name: pa.array([getattr(leaf.row, name) for leaf in leaves], pa.string())
                for name in ("month", "agency", "unit", "level", "field")
            },
            **{
                name: pa.array([getattr(leaf, name) for leaf in leaves], pa.string())
                for name in ("agency_name", "unit_name", "unit_kind", "field_name")
            },
            "measures": pa.array([list(measures)] * len(leaves), pa.list_(pa.string())),
            "counts": pa.array([list(leaf.row.counts) for leaf in leaves], pa.list_(pa.int64())),
            "days_sum": pa.array([leaf.days_sum for leaf in leaves], pa.float64()),
        }
    )
