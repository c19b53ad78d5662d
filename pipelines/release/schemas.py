"""The schema of a published table: how it differs from the last release, whether that was declared, how long the
former one is kept.

A schema is the columns with their types, and the key. Who changes one raises `config.meta.schema_version` in the yml of
the mart and adds a row to CHANGES.md; who takes a table away names it in `dbt_project/retired_tables.yml`. What is not
declared does not go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from pipelines.language import tr
from pipelines.release.files import ReleaseError

if TYPE_CHECKING:
    from pipelines.release.released import Release
    from pipelines.transform.marts import Mart

KEPT_DAYS = 180
"""How long the last release with a former schema is kept after the change: `prune` leaves it."""

Kind = Literal["table_added", "table_removed", "column_added", "column_removed", "column_type", "key"]


@dataclass(frozen=True)
class SchemaChange:
    """One difference. `column` is empty for the table and its key."""

    table: str
    kind: Kind
    column: str = ""
    before: str = ""
    now: str = ""

    def __str__(self) -> str:
        return {
            "table_added": f"{self.table} is new",
            "table_removed": f"{self.table} is no longer there",
            "column_added": f"{self.column} ({self.now}) is new",
            "column_removed": f"{self.column} is no longer there",
            "column_type": f"{self.column} is {self.now}, was {self.before}",
            "key": f"the key is {self.now}, was {self.before}",
        }[self.kind]


def version_of(resource: Mapping[str, Any]) -> int:
    """The schema version of a table as a release states it; releases of old state none, which is 1."""
    return int(resource.get("schema_version", 1))


def table_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[SchemaChange]:
    """How the schema of one table differs between two resources: removed columns first."""
    name = str(now["name"])
    old, new = (
        {field["name"]: field["duckdb_type"] for field in resource["schema"]["fields"]} for resource in (before, now)
    )
    found = [SchemaChange(name, "column_removed", column, old[column]) for column in old if column not in new]
    found += [
        SchemaChange(name, "column_type", column, old[column], new[column])
        for column in old
        if column in new and old[column] != new[column]
    ]
    keys = [", ".join(resource["schema"]["primaryKey"]) for resource in (before, now)]
    if keys[0] != keys[1]:
        found.append(SchemaChange(name, "key", before=keys[0], now=keys[1]))
    return found + [SchemaChange(name, "column_added", column, now=new[column]) for column in new if column not in old]


def schema_changes(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[SchemaChange]:
    """How the tables of two releases differ in schema: removed tables first, new ones last."""
    old, new = {r["name"]: r for r in before}, {r["name"]: r for r in now}
    found = [SchemaChange(name, "table_removed") for name in old if name not in new]
    for name, resource in new.items():
        found += table_changes(old[name], resource) if name in old else []
    return found + [SchemaChange(name, "table_added") for name in new if name not in old]


def undeclared(resource: Mapping[str, Any], current: Release) -> str | None:
    """Why a table may not replace that of the current release; None when its schema is the same or was declared."""
    before = next((r for r in current.package["resources"] if r["name"] == resource["name"]), None)
    if before is None or version_of(resource) != version_of(before):
        return None
    changes = table_changes(before, resource)
    if not changes:
        return None
    listed = "; ".join(map(str, changes[:5])) + (f"; and {len(changes) - 5} more" if len(changes) > 5 else "")
    name = resource["name"]
    return (
        f"{name}: its schema is not that of release {current.id} ({listed}), and schema_version is still "
        f"{version_of(before)}. Set config.meta.schema_version: {version_of(before) + 1} in its yml and add a row "
        f"`{name}` under Schema changes in CHANGES.md"
    )


def read_retired(project: Path) -> dict[str, str]:
    """The tables that are published no more, with the reason, from `retired_tables.yml` of a dbt project."""
    path = project / "retired_tables.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def refuse_lost_tables(marts: Iterable[Mart], retired: Mapping[str, str], current: Release) -> None:
    """Raises ReleaseError when a table of the current release has no model any more and was not retired."""
    lost = sorted({*current.tables} - {mart.name for mart in marts} - retired.keys())
    if lost:
        raise ReleaseError(
            tr(
                "No model makes {lost}, which release {id} publishes. Restore the model, or name the table "
                "with a reason in dbt_project/retired_tables.yml and add a row under Schema changes in "
                "CHANGES.md",
                lost=", ".join(lost),
                id=current.id,
            )
        )


def former_schemas(
    resources: Sequence[Mapping[str, Any]], current: Release | None, now: datetime
) -> list[dict[str, Any]]:
    """Schemas that readers may still rely on: table, version, the last release that has it, kept until which day."""
    if current is None:
        return []
    today = now.date()
    kept = [entry for entry in current.package.get("former_schemas", ()) if is_kept(entry, today)]
    new = {r["name"]: r for r in resources}
    until = (today + timedelta(days=KEPT_DAYS)).isoformat()
    return kept + [
        {
            "table": before["name"],
            "schema_version": version_of(before),
            "release": current.id,
            "kept_until": until,
        }
        for before in current.package["resources"]
        if before["name"] not in new or table_changes(before, new[before["name"]])
    ]


def is_kept(entry: Mapping[str, Any], today: date) -> bool:
    return date.fromisoformat(entry["kept_until"]) >= today
