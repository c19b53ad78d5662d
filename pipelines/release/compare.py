"""What differs between two releases: schemas first, then every figure that moved, by how much, and why.

It is computed from the Parquet files of both, each table joined on its declared key. Tables of equal bytes are not
read. Totals are exact; of each table at most `CELLS` cells are listed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.release.released import Release
from pipelines.release.schemas import SchemaChange, schema_changes, table_changes
from pipelines.release.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CELLS = 10_000
"""Most cells of one table that are listed; those that changed come before rows that were removed or added."""

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """Why the figures of a table may have moved. `kind` is a code of `REASONS`, `detail` names what."""

    kind: str
    detail: str = ""


REASONS = {
    "new_file": ("tệp mới", "new file"),
    "withdrawn_file": ("tệp bị rút", "withdrawn file"),
    "replaced_file": ("tệp được thay", "replaced file"),
    "registry": ("danh mục thay đổi", "registry changed"),
    "formula": ("công thức thay đổi", "formula changed"),
    "settings": ("thiết lập thay đổi", "settings changed"),
    "held_back": ("giữ lại từ bản trước", "held back"),
    "schema": ("cấu trúc bảng thay đổi", "schema changed"),
    "other": ("nguyên nhân khác", "other"),
}
"""Every reason in Vietnamese and English."""


@dataclass(frozen=True)
class ColumnMoved:
    """The cells of one column that changed; `most` is the largest absolute difference of a number."""

    column: str
    cells: int
    most: float | None


@dataclass(frozen=True)
class TableMoved:
    """One table whose rows differ. `not_compared` states why there are no figures: the totals are 0 then."""

    table: str
    reasons: tuple[Reason, ...]
    rows_added: int = 0
    rows_removed: int = 0
    rows_changed: int = 0
    columns: tuple[ColumnMoved, ...] = ()
    listed: int = 0
    """Cells and rows of it in the list of what moved."""
    not_compared: str | None = None

    @property
    def cells(self) -> int:
        return sum(column.cells for column in self.columns)

    @property
    def total(self) -> int:
        """Cells and rows that the complete list would have."""
        return self.cells + self.rows_added + self.rows_removed


@dataclass(frozen=True)
class Comparison:
    """Everything that differs between two releases. `moved` lists the cells, in the columns of `LISTED`."""

    before: Release
    now: Release
    schema: tuple[SchemaChange, ...]
    tables: tuple[TableMoved, ...]
    moved: pa.Table = field(repr=False)

    @property
    def is_same(self) -> bool:
        return not self.schema and not self.tables


LISTED = {
    "table_name": "VARCHAR",
    "change": "VARCHAR",
    "row_key": "VARCHAR",
    "column_name": "VARCHAR",
    "old_value": "VARCHAR",
    "new_value": "VARCHAR",
    "difference": "DOUBLE",
    "reasons": "VARCHAR",
}


def compare(before: Release, now: Release, limits: Mapping[str, str], cells: int = CELLS) -> Comparison:
    """Compare two releases, published or staged.

    Args:
        limits: DuckDB's `memory_limit` and `threads`.
        cells: most cells of one table that are listed.

    Raises:
        duckdb.Error: a Parquet file cannot be read.
    """
    import duckdb

    old = {resource["name"]: resource for resource in before.package["resources"]}
    tables = []
    with (
        tempfile.TemporaryDirectory(prefix="hatinh-compare-") as spill,
        duckdb.connect(config={**limits, "temp_directory": spill}) as connection,
    ):
        columns = ", ".join(f"{name} {kind}" for name, kind in LISTED.items())
        connection.execute(f"create table moved (table_no integer, place integer, {columns})")
        for number, resource in enumerate(now.package["resources"]):
            then = old.get(resource["name"])
            if then and then["hash"] != resource["hash"]:
                tables.append(_table(connection, number, then, resource, before, now, cells))
        order = "table_no, place, row_key, column_name nulls first"
        moved = connection.execute(f"select {', '.join(LISTED)} from moved order by {order}").to_arrow_table()
    schema = schema_changes(before.package["resources"], now.package["resources"])
    return Comparison(before, now, tuple(schema), tuple(table for table in tables if table), moved)


def _table(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    then: Resource,
    resource: Resource,
    before: Release,
    now: Release,
    most: int,
) -> TableMoved | None:
    """Join both versions of a table on its key; None when they differ in bytes and not in rows."""
    name, key = resource["name"], resource["schema"]["primaryKey"]
    reasons = _reasons(then, resource, before.package, now.package)
    if then["schema"]["primaryKey"] != key:
        return TableMoved(name, reasons, not_compared="the key is another one")
    files = [literal(str(release.path / item["path"])) for release, item in ((before, then), (now, resource))]
    if any(_repeats_a_key(connection, file, key) for file in files):
        return TableMoved(name, reasons, not_compared="rows share a key")
    compared = _compared_columns(then, resource)
    same_row = " and ".join(f"o.{identifier(k)} is not distinct from n.{identifier(k)}" for k in key)
    differs = [f"o.{identifier(c)} is distinct from n.{identifier(c)}" for c in compared]
    names = ", ".join(f"'{k}', if(n._in, n.{identifier(k)}, o.{identifier(k)})" for k in key)
    pairs = [
        f"o.{identifier(c)} as o{i}, n.{identifier(c)} as n{i}, o._in and n._in and {differs[i]} as d{i}"
        for i, c in enumerate(compared)
    ]
    connection.execute(
        f"""
        create or replace temp table pair as
        select
            case when o._in is null then 'added' when n._in is null then 'removed' else 'changed' end as change,
            {", ".join([f"cast(json_object({names}) as varchar) as row_key", *pairs])}
        from (select *, true as _in from read_parquet({files[0]})) as o
        full join (select *, true as _in from read_parquet({files[1]})) as n on {same_row}
        where {" or ".join(["o._in is null", "n._in is null", *differs])}
        """
    )
    counts = ["count(*) filter (change = 'added')", "count(*) filter (change = 'removed')",
              "count(*) filter (change = 'changed')"]  # fmt: skip
    for i, is_number in enumerate(compared.values()):
        largest = f"max(abs({_difference(i)})) filter (d{i})" if is_number else "null"
        counts += [f"count(*) filter (d{i})", largest]
    row = connection.execute(f"select {', '.join(counts)} from pair").fetchone() or ()
    added, removed, changed, *by_column = row
    columns = tuple(
        ColumnMoved(column, by_column[2 * i], by_column[2 * i + 1])
        for i, column in enumerate(compared)
        if by_column[2 * i]
    )
    if not (added or removed or changed):
        return None
    codes = ",".join(dict.fromkeys(reason.kind for reason in reasons))
    _list(connection, number, name, codes, compared, {column.column for column in columns}, most)
    total = sum(column.cells for column in columns) + added + removed
    return TableMoved(name, reasons, added, removed, changed, columns, min(total, most))


def _list(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    table: str,
    codes: str,
    compared: Mapping[str, bool],
    changed: set[str],
    most: int,
) -> None:
    """Add what moved in `pair` to the list: cells, then rows that were removed or added, each in the order of keys."""
    parts = [
        f"""
        select 0 as place, change, row_key, {literal(column)} as column_name, cast(o{i} as varchar) as old_value,
            cast(n{i} as varchar) as new_value, {_difference(i) if is_number else "null"} as difference
        from pair where d{i}
        """
        for i, (column, is_number) in enumerate(compared.items())
        if column in changed
    ]
    parts.append(
        """
        select if(change = 'removed', 1, 2) as place, change, row_key, cast(null as varchar) as column_name,
            cast(null as varchar) as old_value, cast(null as varchar) as new_value, cast(null as double) as difference
        from pair where change <> 'changed'
        """
    )
    connection.execute(
        f"""
        insert into moved
        select {number}, place, {literal(table)}, change, row_key, column_name, old_value, new_value, difference,
            {literal(codes)}
        from ({" union all ".join(parts)})
        order by place, row_key, column_name limit {most}
        """
    )


def _difference(i: int) -> str:
    """New minus old; rounded, since the figures are: 81.58 - 81.82 is -0.24 and not -0.23999999999999488."""
    return f"round(cast(n{i} as double) - cast(o{i} as double), 9)"


def _compared_columns(then: Resource, resource: Resource) -> dict[str, bool]:
    """The columns of both versions that can be compared, each with whether it is a number."""
    old, new = ({field["name"]: field for field in r["schema"]["fields"]} for r in (then, resource))
    numbers = [{name for name in fields if fields[name]["type"] in ("integer", "number")} for fields in (old, new)]
    in_both = numbers[0] & numbers[1]
    return {
        name: name in numbers[1]
        for name in new
        if name in old and name not in resource["schema"]["primaryKey"]
        if name in in_both or old[name]["duckdb_type"] == new[name]["duckdb_type"]
    }


def _repeats_a_key(connection: duckdb.DuckDBPyConnection, file: str, key: Sequence[str]) -> bool:
    names = ", ".join(map(identifier, key))
    query = f"select 1 from read_parquet({file}) group by {names} having count(*) > 1 limit 1"
    return connection.execute(query).fetchone() is not None


def _reasons(
    then: Resource, now: Resource, package_then: Mapping[str, Any], package_now: Mapping[str, Any]
) -> tuple[Reason, ...]:
    """Everything that changed in what the table is computed from."""
    if now.get("held_back"):
        return (Reason("held_back", now["held_back"].get("from_release") or ""),)
    sources = {source["title"] for source in now["sources"]}
    found = list(_of_files(package_then, package_now, sources))
    was, is_now = then.get("computed_from"), now.get("computed_from")
    if was and is_now:
        registries = {**was["registries"], **is_now["registries"]}
        other = sorted(n for n in registries if was["registries"].get(n) != is_now["registries"].get(n))
        found += [Reason("registry", ", ".join(other))] if other else []
        found += [Reason("formula")] if was["formula"] != is_now["formula"] else []
    elif package_then["provenance"].get("project") != package_now["provenance"].get("project"):
        found.append(Reason("formula", "models or registries of the project"))
    if package_then["provenance"].get("settings") != package_now["provenance"].get("settings"):
        found.append(Reason("settings"))
    if table_changes(then, now):
        found.append(Reason("schema"))
    if not found:  # the day of data is that of the newest file of any source
        found += _of_files(package_then, package_now, None)
    return tuple(found) or (Reason("other"),)


def _of_files(then: Mapping[str, Any], now: Mapping[str, Any], sources: set[str] | None) -> Iterable[Reason]:
    """Files of some sources, or of all, that were loaded, withdrawn or replaced since."""
    old, new = (
        {
            (item["title"], item["sha256"]): item
            for item in package["sources"]
            if sources is None or item["title"] in sources
        }
        for package in (then, now)
    )

    def was_loaded(item: Mapping[str, Any] | None) -> bool:
        return item is not None and item.get("status", "loaded") == "loaded"

    added: dict[str, int] = {}
    replaced: dict[str, int] = {}
    for place, item in new.items():
        if was_loaded(item) and not was_loaded(old.get(place)):
            added[item["title"]] = added.get(item["title"], 0) + 1
    for place, item in old.items():
        if not was_loaded(item) or was_loaded(new.get(place)):
            continue
        now_item = new.get(place, {})
        if now_item.get("status") == "withdrawn":
            yield Reason("withdrawn_file", f"{item['title']}/{item['name']}: {now_item['reason']}")
        else:
            replaced[item["title"]] = replaced.get(item["title"], 0) + 1
    yield from (Reason("new_file", f"{source}: {count}") for source, count in sorted(added.items()))
    yield from (Reason("replaced_file", f"{source}: {count}") for source, count in sorted(replaced.items()))
