"""Which models run on the engine: those that read rows of dossiers, by lineage.

A model that holds one row per dossier, or per version of one, is marked in its yml (`config.meta.one_row_per`). The
front is these and the models that read them; everything else is computed from their results, on DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.transform.marts import ancestors, parents_first


@dataclass(frozen=True)
class Front:
    """Unique ids of the models that run on the engine."""

    order: tuple[str, ...]
    """All of them, each after what it reads."""
    marked: frozenset[str]
    """Those with one row per dossier: their rows stay on the engine."""
    tables: frozenset[str]
    """Those that are no views: the engine computes and writes them."""
    before: frozenset[str]
    """What they read, however far up, and DuckDB can build first: seeds, models, and views of the front itself."""


def front_of(manifest: Mapping[str, Any]) -> Front:
    """The front of a dbt manifest."""
    nodes, parents = manifest["nodes"], manifest["parent_map"]
    models = {unique_id for unique_id, node in nodes.items() if node["resource_type"] == "model"}
    marked = {unique_id for unique_id in models if nodes[unique_id]["config"]["meta"].get("one_row_per")}
    front = marked | {unique_id for unique_id in models if marked & set(parents[unique_id])}
    # and what lies between two of them
    front |= {unique_id for unique_id in ancestors(parents, front) & models if ancestors(parents, [unique_id]) & front}
    tables = {unique_id for unique_id in front if nodes[unique_id]["config"]["materialized"] != "view"}
    later = {unique_id for unique_id in front if ancestors(parents, [unique_id]) & tables}
    before = {unique_id for unique_id in ancestors(parents, front) if unique_id in nodes} - later
    return Front(tuple(parents_first(parents, front)), frozenset(marked), frozenset(tables), frozenset(before))


def feeds_of_front(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The sources whose rows are versions of dossiers: marked models read them."""
    sources = manifest["sources"]
    read = {parent for unique_id in front_of(manifest).marked for parent in manifest["parent_map"][unique_id]}
    feeds = (sources[parent]["config"]["meta"].get("feed") for parent in read if parent in sources)
    return frozenset(feed for feed in feeds if feed)
