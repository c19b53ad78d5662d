"""What a release states of its changes: `CHANGES.md` for people, `release_changes.parquet` for queries.

Both are of the internal edition: the difference of two open tables can be computed by anybody from these tables, the
difference of internal ones is as internal as they are. The comparison costs no data: where the previous release cannot
be read, the release goes out and states so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.release import describe
from pipelines.release.compare import CELLS, LISTED, REASONS, Comparison, TableMoved, compare
from pipelines.release.describe import Json
from pipelines.release.files import CHANGES, ReleaseError, measured
from pipelines.release.released import Release
from pipelines.release.schemas import KEPT_DAYS, SchemaChange, former_schemas
from pipelines.transform.marts import Column, Mart

if TYPE_CHECKING:
    import duckdb

_log = logging.getLogger(__name__)

TABLE = "release_changes"
_COLUMNS = {
    "table_name": ("Bảng", "Table", "Table of this release."),
    "change": ("Thay đổi", "Change", "changed: a cell; added, removed: a row."),
    "row_key": ("Khóa của dòng", "Key of the row", "JSON object of the key columns of the table."),
    "column_name": ("Cột", "Column", "Column of the cell; empty for a row."),
    "old_value": ("Giá trị cũ", "Old value", "As text; empty where there was none."),
    "new_value": ("Giá trị mới", "New value", "As text; empty where there is none."),
    "difference": ("Chênh lệch", "Difference", "New minus old value of a number, in the unit of the column."),
    "reasons": ("Nguyên nhân", "Reasons", f"What changed for the table, of: {', '.join(REASONS)}."),
}
_MOVED = Mart(
    name=TABLE,
    relation=TABLE,
    target="release",
    title_vi="Thay đổi so với bản công bố trước",
    title_en="Changes since the previous release",
    description=f"Every cell and row that differs from the previous release, at most {CELLS} for each table; exact"
    f" totals are in {CHANGES} and in datapackage.json, changes.",
    columns=tuple(
        Column(name, kind.lower(), *_COLUMNS[name][:2], None, _COLUMNS[name][2]) for name, kind in LISTED.items()
    ),
    key=("table_name", "change", "row_key", "column_name"),
    sources=(),
)


def write(
    conn: duckdb.DuckDBPyConnection, package: Json, staging: Path, current: Release | None, previous: Release | None
) -> Json:
    """Compare the staged tables with `previous`, write both files and return what the package states of them.

    Args:
        conn: lends its limits of memory and threads.
        current: the release that readers get now: former schemas are counted from it.
        previous: the release to compare with; None for the first one.
    """
    import duckdb

    from pipelines.release.write import limits_of

    staged = Release(staging, package)
    found, problem = None, None
    if previous is not None:
        try:
            found = compare(previous, staged, limits_of(conn))
        except (duckdb.Error, ReleaseError, OSError, KeyError) as error:
            _log.warning("release %s cannot be compared with", previous.id, exc_info=error)
            problem = f"{previous.id}: {type(error).__name__}"
    changes: Json = {"previous": previous.id if previous else None, "not_compared": problem}
    if found:
        changes |= {"schema": [vars(change) for change in found.schema], "tables": [_json(t) for t in found.tables]}
        changes["table"] = _write_table(found, staging)
    former = former_schemas(package["resources"], current, staged.created_at)
    text = text_of(staged.id, previous.id if previous else None, found, problem, former)
    (staging / CHANGES).write_text(text, encoding="utf-8")
    changes["file"] = _file(staging / CHANGES)
    return {"changes": changes, "former_schemas": former}


def files(package: Mapping[str, Any]) -> list[Json]:
    """The files that belong to the changes of a release, each with `path`, `bytes` and `hash`."""
    changes = package.get("changes", {})
    return [changes[key] for key in ("table", "file") if key in changes]


def _write_table(found: Comparison, staging: Path) -> Json:
    from pipelines.release.write import arrow_schema, write_batches

    resource = describe.resource(_MOVED, describe.column_types(_MOVED), [])
    resource["synthetic"] = bool(found.before.synthetic or found.now.synthetic)
    resource["schema"]["fields"] = resource["schema"]["fields"][: len(LISTED)]
    path = staging / resource["path"]
    rows = write_batches(found.moved.to_batches(), arrow_schema(resource), path)
    return resource | {"rows": rows} | _file(path)


def _file(path: Path) -> Json:
    return {"path": path.name, **measured(path)}


def _json(table: TableMoved) -> Json:
    return {
        "table": table.table,
        "reasons": [vars(reason) for reason in table.reasons],
        **{name: getattr(table, name) for name in ("rows_added", "rows_removed", "rows_changed", "cells", "listed")},
        "columns": [vars(column) for column in table.columns],
        "not_compared": table.not_compared,
    }


def to_json(found: Comparison) -> Json:
    """A comparison as the package states it, with the list of what moved."""
    return {
        "before": found.before.id,
        "now": found.now.id,
        "schema": [vars(change) for change in found.schema],
        "tables": [_json(table) for table in found.tables],
        "moved": found.moved.to_pylist(),
    }


def reasons_in_words(table: TableMoved, language: int = 1) -> str:
    """The reasons of a table in one line. `language`: 0 Vietnamese, 1 English."""
    return "; ".join(
        REASONS[reason.kind][language] + (f" ({reason.detail})" if reason.detail else "") for reason in table.reasons
    )


def text_of(
    release_id: str, previous: str | None, found: Comparison | None, problem: str | None, former: Sequence[Json]
) -> str:
    """CHANGES.md: the schemas, what moved by table with its reasons, former schemas that are kept."""
    lines = [f"# {release_id}", ""]
    if previous is None:
        lines += ["Bản công bố đầu tiên. – The first release: there is nothing to compare it with.", ""]
    elif found is None:
        lines += [f"Không so sánh được với bản trước. – The previous release could not be read ({problem}).", ""]
    else:
        lines += [f"So với bản trước – Compared with: `{previous}`", ""]
        lines += _schema_lines(found.schema)
        lines += _table_lines(found.tables)
    if former:
        lines += ["## Cấu trúc cũ được giữ – Former schemas that are kept", ""]
        lines += ["| Bảng – Table | Phiên bản – Version | Bản công bố – Release | Đến – Until |", "|---|---|---|---|"]
        lines += [
            f"| `{entry['table']}` | {entry['schema_version']} | `{entry['release']}` | {entry['kept_until']} |"
            for entry in former
        ]
        lines += ["", f"{KEPT_DAYS} ngày – days: `hatinh releases prune` leaves these releases until then.", ""]
    return "\n".join(lines)


def _schema_lines(changes: Iterable[SchemaChange]) -> list[str]:
    lines = ["## Cấu trúc bảng – Schema changes", ""]
    lines += [f"- `{change.table}`: {change}" for change in changes] or ["Không có. – None."]
    return [*lines, ""]


def _table_lines(tables: Sequence[TableMoved]) -> list[str]:
    lines = ["## Số liệu thay đổi – Figures that moved", ""]
    if not tables:
        return [*lines, "Không có. – None.", ""]
    lines += [
        "| Bảng – Table | Ô đổi – Cells | Dòng mới – Rows added | Dòng mất – Rows removed | Vì sao – Why |",
        "|---|---:|---:|---:|---|",
    ]
    for table in tables:
        if table.not_compared:
            lines.append(f"| `{table.table}` | – | – | – | {table.not_compared}; {_escaped(table)} |")
            continue
        counts = f"{table.cells} | {table.rows_added} | {table.rows_removed}"
        lines.append(f"| `{table.table}` | {counts} | {_escaped(table)} |")
    lines += ["", "Cột thay đổi nhiều nhất – Columns that moved most:", ""]
    for table in tables:
        columns = sorted(table.columns, key=lambda column: (-column.cells, column.column))[:5]
        if columns:
            moved = ", ".join(
                f"`{c.column}` {c.cells}" + (f" (≤ {c.most:g})" if c.most is not None else "") for c in columns
            )
            lines.append(f"- `{table.table}`: {moved}")
    cut = [f"`{table.table}` ({table.listed} / {table.total})" for table in tables if table.listed < table.total]
    lines += ["", f"Từng ô – Each cell: `{TABLE}.parquet`."]
    if cut:
        lines.append(f"Danh sách chỉ có một phần – The list has a part only of: {', '.join(cut)}.")
    return [*lines, ""]


def _escaped(table: TableMoved) -> str:
    return reasons_in_words(table).replace("|", "\\|").replace("\n", " ")
