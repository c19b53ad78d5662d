"""Which models rest on which feeds: a load of dossiers does not rebuild the tables that no dossier can change.

A model rests on the feeds of the raw tables in its lineage. One that reads the register of files (`raw.files`, or
`raw.quarantine`) rests on every feed, unless its yml states in `config.meta.files_of` of which further feeds it reads
files: `[]` where it looks up the files of feeds in its lineage only. A staging model reads those of its own feed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipelines.transform.marts import ancestors, parents_first

ALL = "*"
REGISTERS = ("raw.files", "raw.quarantine")


def feeds_of(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By unique id of each model: the feeds that it rests on, `ALL` among them where any can change it."""
    sources, nodes = manifest["sources"], manifest["nodes"]
    found: dict[str, frozenset[str]] = {}
    for unique_id in parents_first(manifest["parent_map"], {*nodes, *sources}):
        if unique_id in sources:
            feed = sources[unique_id]["config"]["meta"].get("feed")
            found[unique_id] = frozenset({feed} if feed else ())
        elif nodes[unique_id]["resource_type"] == "model":
            parents = manifest["parent_map"][unique_id]
            feeds = frozenset[str]().union(*(found.get(parent, frozenset()) for parent in parents))
            if any(_relation(sources[parent]) in REGISTERS for parent in parents if parent in sources):
                feeds |= _files_of(nodes[unique_id])
            found[unique_id] = feeds
    return {unique_id: feeds for unique_id, feeds in found.items() if unique_id in nodes}


def untouched(manifest: Mapping[str, Any], changed: Collection[str]) -> frozenset[str]:
    """Unique ids of the models that no row of the changed feeds can change; all of them where no feed has changed."""
    changed = {*changed, ALL} if changed else set()
    return frozenset(unique_id for unique_id, feeds in feeds_of(manifest).items() if not feeds & changed)


def registries_of_tests(manifest: Mapping[str, Any], models: Collection[str]) -> list[str]:
    """Names of the registries that the tests of some models, and of what these are computed from, read beside them."""
    nodes = manifest["nodes"]
    asked_for = [i for i, node in nodes.items() if node["resource_type"] == "model" and node["name"] in models]
    lineage = ancestors(manifest["parent_map"], asked_for)
    tests = [node for node in nodes.values() if node.get("attached_node") in lineage]
    read = {unique_id for test in tests for unique_id in test["depends_on"]["nodes"]} - lineage
    return sorted(nodes[unique_id]["name"] for unique_id in read if unique_id.startswith("seed."))


def _files_of(node: Mapping[str, Any]) -> frozenset[str]:
    if node["fqn"][1] == "staging":
        return frozenset()
    return frozenset(node["config"]["meta"].get("files_of", (ALL,)))


def _relation(source: Mapping[str, Any]) -> str:
    return f"{source['schema']}.{source['name']}"
