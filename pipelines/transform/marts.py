"""What the dbt manifest states about each published table: its target, titles, units, columns and order of rows.

A published table is a model under `models/marts/<target>/`; the folder is the target, judged and released as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal


@dataclass(frozen=True)
class Column:
    """One column of a mart. `type` is DuckDB's name, as the contract spells it; `unit` is None where there is none."""

    name: str
    type: str
    title_vi: str
    title_en: str
    unit: str | None
    description: str


@dataclass(frozen=True)
class Merge:
    """Rows of the internal edition with too small a count: they are published as one row, with their sums."""

    column: str
    """Column of the key whose small values are merged into one."""
    label: str
    """Column with the title of that value."""
    count: str
    """Column that counts the units (dossiers) of a row."""
    below: int
    sums: tuple[str, ...]
    rates: Mapping[str, tuple[str, str]]
    """Percentages: column, (numerator, denominator)."""
    only: str
    """SQL condition of the rows that count people's dossiers; the others stay as they are."""
    same: tuple[str, ...] = ()
    """Numbers that do not depend on the merged column: each is one value in all rows that become one."""


@dataclass(frozen=True)
class OpenMeasures:
    """Measures that leave in the open edition, in tables of coarser grain than the mart's."""

    parts: Mapping[str, str]
    """By measure, the measure that it is a part of, like `online: received`."""
    received_below: int
    part_below: int


@dataclass(frozen=True)
class Disclosure:
    """What may leave the office: `config.meta.disclosure` of a mart. A mart without a policy stays inside."""

    edition: Literal["public", "internal"] = "internal"
    rows: str | None = None
    """SQL condition of the rows that go into the open edition; None: all of a public mart."""
    merge: Merge | None = None
    open: OpenMeasures | None = None


@dataclass(frozen=True)
class Mart:
    """One published table. `relation` is its place in the warehouse (`schema.table`); rows are sorted by `key`."""

    name: str
    relation: str
    target: str
    title_vi: str
    title_en: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sources: tuple[str, ...]
    """Names of the sources (folders of data/raw) that the mart is computed from, by lineage."""
    registries: tuple[tuple[str, str], ...] = ()
    """Seeds of the lineage that hold figures others published, with their licence: they have no receipt that states
    it."""
    disclosure: Disclosure = field(default_factory=Disclosure)
    schema_version: int = 1
    """`config.meta.schema_version`: raised with every change of columns, types or key."""
    seeds: tuple[tuple[str, str], ...] = ()
    """The registries of the lineage, each with a digest of its content."""
    formula: str = ""
    """Digest of the SQL that computes it: the models of its lineage and the macros of the project."""
    references: tuple[tuple[str, str, str], ...] = ()
    """Foreign keys, of the tests `relationships`: column, table, column there."""


class MartIncomplete(ValueError):
    """A mart lacks something that readers need. The message names the model, what is missing and where it goes."""


def marts_of(manifest: Mapping[str, Any]) -> list[Mart]:
    """The published tables of a dbt manifest (parsed JSON), sorted by name.

    Raises:
        MartIncomplete: a mart has no title in both languages, no key, or a column without type or titles.
    """
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    macros = _macros(manifest)
    marts = [_mart(node, manifest, macros) for node in nodes if node["fqn"][1] == "marts"]
    return sorted(marts, key=lambda mart: mart.name)


def ancestors(parents: Mapping[str, Sequence[str]], nodes: Iterable[str]) -> frozenset[str]:
    """The nodes and everything they are computed from, however far up, sources included."""
    seen: set[str] = set()
    ahead = list(nodes)
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            ahead += parents.get(node, ())
    return frozenset(seen)


def parents_first(parents: Mapping[str, Sequence[str]], nodes: Iterable[str]) -> list[str]:
    """The nodes, each after all that it is computed from: one with more ancestors comes later."""
    return sorted(nodes, key=lambda node: len(ancestors(parents, [node])))


def _macros(manifest: Mapping[str, Any]) -> str:
    """Digest of the project's own macros: which of them a model calls is not followed."""
    own = sorted(
        (name, macro["macro_sql"])
        for name, macro in manifest.get("macros", {}).items()
        if macro["package_name"] == manifest["metadata"].get("project_name")
    )
    return sha256(repr(own).encode()).hexdigest()


def _mart(node: Mapping[str, Any], manifest: Mapping[str, Any], macros: str) -> Mart:
    name, meta = node["name"], node["config"]["meta"]
    for needed in ("title_vi", "title_en", "key"):
        if not meta.get(needed):
            raise MartIncomplete(f"mart {name}: config.meta.{needed} is missing in {name}.yml")
    lineage = ancestors(manifest["parent_map"], [node["unique_id"]])
    feeds = {
        manifest["sources"][parent]["config"]["meta"].get("feed") for parent in lineage if parent in manifest["sources"]
    }
    nodes = [manifest["nodes"][parent] for parent in sorted(lineage) if parent in manifest["nodes"]]
    contents = {kind: [(n["name"], n["checksum"]["checksum"]) for n in nodes if n["resource_type"] == kind]
                for kind in ("seed", "model")}  # fmt: skip
    return Mart(
        name=name,
        relation=f"{node['schema']}.{node['alias']}",
        target=node["fqn"][2],
        title_vi=meta["title_vi"],
        title_en=meta["title_en"],
        description=node["description"],
        columns=tuple(_column(name, column) for column in node["columns"].values()),
        key=tuple(meta["key"]),
        sources=tuple(sorted(feed for feed in feeds if feed)),
        registries=tuple(
            (seed["name"], seed["config"]["meta"]["licence"])
            for seed in nodes
            if seed["resource_type"] == "seed" and seed["config"]["meta"].get("licence")
        ),
        disclosure=_disclosure(
            name, meta.get("disclosure"), {of["name"]: of.get("data_type") or "" for of in node["columns"].values()}
        ),
        schema_version=int(meta.get("schema_version", 1)),
        seeds=tuple((seed, digest[:16]) for seed, digest in contents["seed"]),
        formula=sha256(repr((macros, contents["model"])).encode()).hexdigest()[:16],
        references=tuple(sorted(_references(node["unique_id"], manifest))),
    )


def _references(unique_id: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for test in manifest["nodes"].values():
        if test["resource_type"] == "test" and test.get("attached_node") == unique_id:
            kind = test.get("test_metadata") or {}
            if kind.get("name") == "relationships":
                there = re.search(r"ref\('(\w+)'\)", kind["kwargs"]["to"])
                if there:
                    yield kind["kwargs"]["column_name"], there[1], kind["kwargs"]["field"]


_NUMBERS = ("bigint", "integer", "double")


def _disclosure(mart: str, policy: Mapping[str, Any] | None, columns: Mapping[str, str]) -> Disclosure:
    """The policy of a mart, whose columns are given with their types. Without one it stays inside."""
    if policy is None:
        return Disclosure()
    where = f"mart {mart}: config.meta.disclosure"
    if policy.get("edition") not in ("public", "internal"):
        raise MartIncomplete(f"{where}.edition is public or internal, in {mart}.yml")
    try:
        merge = policy.get("merge")
        measures = policy.get("open")
        found = Disclosure(
            edition=policy["edition"],
            rows=policy.get("rows"),
            merge=merge
            and Merge(
                column=merge["column"],
                label=merge["label"],
                count=merge["count"],
                below=int(merge["below"]),
                sums=tuple(merge["sums"]),
                rates={rate: (top, bottom) for rate, (top, bottom) in merge.get("rates", {}).items()},
                only=merge.get("only", "true"),
                same=tuple(merge.get("same", ())),
            ),
            open=measures
            and OpenMeasures(dict(measures["parts"]), int(measures["received_below"]), int(measures["part_below"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MartIncomplete(f"{where} cannot be read ({type(error).__name__}: {error}), in {mart}.yml") from None
    if found.merge:
        numbers = {*found.merge.sums, *found.merge.rates, *found.merge.same}
        named = {found.merge.column, found.merge.label, found.merge.count, *numbers}
        if unknown := named - set(columns):
            raise MartIncomplete(f"{where}.merge names columns that are not there: {', '.join(sorted(unknown))}")
        if unsaid := {name for name, kind in columns.items() if kind in _NUMBERS} - named:
            raise MartIncomplete(f"{where}.merge: sums, rates or same is to name {', '.join(sorted(unsaid))}")
    return found


def _column(mart: str, column: Mapping[str, Any]) -> Column:
    meta = column["config"]["meta"]
    for value, needed in (
        (column.get("data_type"), "data_type"),
        (meta.get("title_vi"), "config.meta.title_vi"),
        (meta.get("title_en"), "config.meta.title_en"),
    ):
        if not value:
            raise MartIncomplete(f"mart {mart}, column {column['name']}: {needed} is missing in {mart}.yml")
    return Column(
        name=column["name"],
        type=column["data_type"],
        title_vi=meta["title_vi"],
        title_en=meta["title_en"],
        unit=meta.get("unit"),
        description=column["description"],
    )
