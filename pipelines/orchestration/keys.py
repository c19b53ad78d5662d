"""Names of the assets, and what Dagster shows beside each: partitions, owner, tags, references to code."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.periods import TIME_ZONE
from pipelines.scoreboard.pages import PAGE, WORKBOOK
from pipelines.settings import Settings
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.transform.marts import Mart

DROP_FOLDER = dg.AssetKey(["landing", "drop_folder"])
RELEASE = dg.AssetKey(["release", "current"])
RELEASES_URL = "/hatinh/releases"
"""Where the web server of `hatinh ui` serves the files of releases."""


def landing_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", source])


def raw_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", source])


def mart_key(mart: Mart) -> dg.AssetKey:
    return dg.AssetKey(mart.relation.split("."))


def node_key(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    """Assets are keyed by schema and name; a source of dbt is the raw table of the feed that it names."""
    if unique_id in manifest["nodes"]:
        node = manifest["nodes"][unique_id]
        return dg.AssetKey([node["schema"], node["name"]])
    source = manifest["sources"][unique_id]
    feed = source["config"]["meta"].get("feed")
    return raw_key(feed) if feed else dg.AssetKey([source["schema"], source["name"]])


def keys_of_run(manifest: Mapping[str, Any]) -> set[dg.AssetKey]:
    """Every asset of a complete run."""
    nodes = [key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")]
    return {DROP_FOLDER, RELEASE, *map(raw_key, all_sources()), *(node_key(manifest, key) for key in nodes)}


def keys_of_targets(manifest: Mapping[str, Any], marts: Iterable[Mart], lineage: Iterable[str]) -> set[dg.AssetKey]:
    """The assets of a run of some targets: the drop folder, what their marts are computed from, the release."""
    sources = {source for mart in marts for source in mart.sources}
    nodes = {node_key(manifest, unique_id) for unique_id in lineage if unique_id in manifest["nodes"]}
    return {DROP_FOLDER, RELEASE, *map(raw_key, sources), *nodes}


def partitions_of(source: Source) -> dg.TimeWindowPartitionsDefinition:
    """The partitions that a source declares; Dagster knows each by its first month, since its keys cannot say Q3."""
    return dg.TimeWindowPartitionsDefinition(
        start=partition_key(source, source.first_period),
        fmt="%Y-%m",
        cron_schedule={"month": "0 0 1 * *", "quarter": "0 0 1 1,4,7,10 *", "year": "0 0 1 1 *"}[source.cycle],
        timezone=TIME_ZONE,
        end_offset=1,
    )


def partition_key(source: Source, partition: str) -> str:
    """Dagster's key of a source's partition."""
    return f"{source.period(partition).first:%Y-%m}"


def plain(description: str) -> str:
    """A description as Dagster shows it: it reads Markdown with HTML, and would hide `<source>` as an unknown tag."""
    return description.replace("<", "&lt;")


def code_reference(path: Path, label: str | None = None) -> dict[str, Any]:
    """Metadata that names the file in which an asset is written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # one line per asset, on every command
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=label)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def release_links(settings: Settings, release_id: str | None) -> dict[str, Any]:
    """Where a person opens a release: its files over the web server of `hatinh ui`, its folder, the documents."""
    if release_id is None:
        return {"release": ""}
    folder, url = settings.marts / "releases" / release_id, f"{RELEASES_URL}/{release_id}"
    return {
        "release": release_id,
        "page": dg.MetadataValue.url(f"{url}/{PAGE}"),
        "workbook": dg.MetadataValue.url(f"{url}/{WORKBOOK}"),
        "description": dg.MetadataValue.url(f"{url}/datapackage.json"),
        "folder": dg.MetadataValue.path(str(folder)),
        "dictionary": dg.MetadataValue.path(str(settings.home / "docs" / "dictionary.md")),
        "methods": dg.MetadataValue.path(str(settings.home / "docs" / "methods")),
    }
