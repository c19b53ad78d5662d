"""What the dbt manifest says of each published table: its target, titles, units, columns and order of rows.

A published table is a model under `models/marts/<target>/`; the folder is the target, judged and released as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
    """Seeds of the lineage that hold figures others published, with their licence: they have no receipt to tell it."""


class MartIncomplete(ValueError):
    """A mart lacks something that readers need. The message names the model, what is missing and where it goes."""


def marts_of(manifest: Mapping[str, Any]) -> list[Mart]:
    """The published tables of a dbt manifest (parsed JSON), sorted by name.

    Raises:
        MartIncomplete: a mart has no title in both languages, no key, or a column without type or titles.
    """
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    marts = [_mart(node, manifest) for node in nodes if node["fqn"][1] == "marts"]
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
    """The nodes, each after all that it is computed from: whoever has more ancestors comes later."""
    return sorted(nodes, key=lambda node: len(ancestors(parents, [node])))


def _mart(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> Mart:
    name, meta = node["name"], node["config"]["meta"]
    for needed in ("title_vi", "title_en", "key"):
        if not meta.get(needed):
            raise MartIncomplete(f"mart {name}: config.meta.{needed} is missing in {name}.yml")
    lineage = ancestors(manifest["parent_map"], [node["unique_id"]])
    feeds = {
        manifest["sources"][parent]["config"]["meta"].get("feed") for parent in lineage if parent in manifest["sources"]
    }
    nodes = (manifest["nodes"][parent] for parent in sorted(lineage) if parent in manifest["nodes"])
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
    )


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
