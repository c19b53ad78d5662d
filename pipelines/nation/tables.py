"""The provinces' tables united by name: the same columns in the same order, before them the code of the province.

Only one schema of a table is united, the newest one. A province that has another is left out of that table, which is
stated; its other tables are united.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import record, tr
from pipelines.nation.provinces import Province
from pipelines.release import describe
from pipelines.release.about import licences, words
from pipelines.release.describe import Json
from pipelines.release.files import ReleaseError
from pipelines.release.schemas import table_changes, version_of
from pipelines.release.sql import identifier, literal, relation
from pipelines.transform.marts import Column, Mart

if TYPE_CHECKING:
    import duckdb

PROVINCE = Column(
    "province_code",
    "VARCHAR",
    "Mã tỉnh",
    "Province code",
    None,
    "Statistical code of the province whose release the row is from.",
)
STALE = Column(
    "is_stale",
    "BOOLEAN",
    "Số liệu cũ",
    "Is stale",
    None,
    "Whether the row is from before the others: the province held the table back, or its release is old.",
)


@dataclass(frozen=True)
class Member:
    """The table of one province: its description there, and its file."""

    province: Province
    resource: Json
    path: Path
    is_stale: bool


@dataclass(frozen=True)
class United:
    """One table of the nation's release, with the provinces that are in it and those that are left out."""

    mart: Mart
    members: tuple[Member, ...]
    left_out: Mapping[str, str]
    """By code of the province, why its table is not in it."""
    references: tuple[Json, ...]
    """Its foreign keys in the provinces' releases."""

    def described(self, resource: Json, tables: Collection[str]) -> Json:
        """Complete what the release states of the table: terms, made-up data and provenance are the provinces'."""
        keys = [
            {
                "fields": [PROVINCE.name, *key["fields"]],
                "reference": {**key["reference"], "fields": [PROVINCE.name, *key["reference"]["fields"]]},
            }
            for key in self.references
            if key["reference"]["resource"] in tables
        ]
        of_members = [member.resource for member in self.members]
        return resource | {
            "synthetic": any(item["synthetic"] for item in of_members),
            "licenses": licences(words(known) for item in of_members for known in item["licenses"]),
            "schema": resource["schema"] | ({"foreignKeys": keys} if keys else {}),
            "provinces": [
                {
                    "code": member.province.code,
                    **{key: member.resource[key] for key in ("rows", "hash", "synthetic")},
                    "is_stale": member.is_stale,
                }
                for member in self.members
            ],
            "left_out": dict(self.left_out),
        }

    def create(self, conn: duckdb.DuckDBPyConnection) -> None:
        """A view of its rows under the name that the mart has."""
        parts = (_select(member, self.mart) for member in self.members)
        conn.execute(f"CREATE VIEW {relation(self.mart.relation)} AS {' UNION ALL '.join(parts)}")


def _select(member: Member, mart: Mart) -> str:
    own = {PROVINCE.name: literal(member.province.code), STALE.name: str(member.is_stale)}
    columns = (
        f"CAST({own.get(column.name, identifier(column.name))} AS {column.type}) AS {identifier(column.name)}"
        for column in mart.columns
    )
    return f"SELECT {', '.join(columns)} FROM read_parquet({literal(str(member.path))})"


def unite(members: Iterable[Member], schema: str) -> list[United]:
    """The tables of the provinces by name, to be created in a schema of the connection."""
    by_name: dict[str, list[Member]] = {}
    for member in members:
        by_name.setdefault(member.resource["name"], []).append(member)
    return [_united(name, of_table, schema) for name, of_table in sorted(by_name.items())]


def _united(name: str, members: Sequence[Member], schema: str) -> United:
    model = _newest_schema(members)
    left_out = {member.province.code: reason for member in members if (reason := _differs(model, member.resource))}
    fields = [Column(f["name"], f["duckdb_type"], *_titles(f)) for f in model["schema"]["fields"]]
    if taken := {PROVINCE.name, STALE.name} & {field.name for field in fields}:
        raise ReleaseError(
            tr(
                "{name} has columns {taken} of its own: the nation's release adds them",
                name=name,
                taken=", ".join(sorted(taken)),
            )
        )
    kept = tuple(member for member in members if member.province.code not in left_out)
    mart = Mart(
        name=name,
        relation=f"{schema}.{name}",
        target=model["target"],
        title_vi=model["title"],
        title_en=model["title_en"],
        description=model["description"],
        columns=(PROVINCE, *fields, STALE),
        key=(PROVINCE.name, *model["schema"]["primaryKey"]),
        sources=tuple(member.province.code for member in kept),
        schema_version=version_of(model),
    )
    return United(mart, kept, left_out, tuple(model["schema"].get("foreignKeys", ())))


def _titles(field: Mapping[str, Any]) -> tuple[str, str, str | None, str]:
    return field["title"], field["title_en"], field["unit"], field["description"]


def _newest_schema(members: Sequence[Member]) -> Json:
    """The description whose schema counts: of the highest version, and there the one that most provinces have."""
    newest = max(version_of(member.resource) for member in members)
    candidates = [member.resource for member in members if version_of(member.resource) == newest]
    shared = Counter(_columns_of(resource) for resource in candidates)
    return max(candidates, key=lambda resource: shared[_columns_of(resource)])


def _columns_of(resource: Json) -> str:
    schema = resource["schema"]
    return repr(([(field["name"], field["duckdb_type"]) for field in schema["fields"]], schema["primaryKey"]))


def _differs(model: Json, resource: Json) -> str | None:
    """Why a table is not united with the others."""
    if version_of(resource) != version_of(model):
        return record(
            "its schema has version {version}, not {newest}", version=version_of(resource), newest=version_of(model)
        )
    if changes := table_changes(model, resource):
        return record(
            "its schema has the version of the others and is another: {changes}",
            changes="; ".join(map(str, changes[:5])),
        )
    return None


def resource_of(united: Sequence[United]) -> Callable[..., Json]:
    """What `describe.resource` is to a province's release: the description of a table, by its mart."""
    by_name = {table.mart.name: table for table in united}
    terms = {words(known) for table in united for m in table.members for known in m.resource["licenses"]}

    def described(mart: Mart, types: Sequence[str], receipts: Iterable[Mapping[str, Any]], **options: Any) -> Json:
        resource = describe.resource(mart, types, receipts, **options)
        if table := by_name.get(mart.name):
            return table.described(resource, options["tables"])
        return resource | {"licenses": licences(terms)}  # computed from all of them

    return described


def members_of(provinces: Iterable[Province], stale: Collection[str]) -> Iterator[Member]:
    """The tables of the provinces' releases."""
    for province in provinces:
        if province.release:
            for resource in province.release.package["resources"]:
                is_stale = province.code in stale or bool(resource.get("held_back"))
                yield Member(province, resource, province.release.path / resource["path"], is_stale)
