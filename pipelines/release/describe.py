"""The description of a release: `datapackage.json` (Frictionless Data Package v2) and the fingerprint of its content.

A resource is a plain dict in the vocabulary of the standard, with our own properties beside it: `title_en`, `unit`,
`duckdb_type`, `target`, `rows`, `synthetic`, `held_back`. It is built once, when a table is first published, and is
carried along unchanged for as long as the table is held back. Pages that people open are no tables: they are listed in
a property of their own, `pages`, and those that could not be drawn in `undrawn`. The open edition has its own
description in its folder; its files are listed here, in `open`. The checks one by one are in `quality.json`: they are
four times as long as all the rest.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

from pipelines.personal import redacted
from pipelines.quality.verdict import Verdict
from pipelines.release.about import About, licences, of_figures, words
from pipelines.release.files import ReleaseError
from pipelines.release.protect import MERGED_CODE
from pipelines.release.runs import RunInfo
from pipelines.transform.marts import Mart

Json = dict[str, Any]

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_RECEIPT = (
    *("name", "sha256", "landed_at", "licence", "address", "synthetic", "bytes"),
    *("status", "reason", "replaced_by", "withdrawn_at", "counts_beside"),
)
_LIBRARIES = ("duckdb", "pyarrow", "polars", "dbt-core", "dbt-duckdb", "great-expectations", "dagster")

# The types that Parquet holds exactly, with their name in a table schema. What is missing here is refused:
# HUGEINT would become a decimal or a float, ENUM a text, and nested values fit no spreadsheet.
_FIELD_TYPES = {
    "BOOLEAN": "boolean",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), "number"),
    "VARCHAR": "string",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "datetime"),
}

SAMPLES: Json = {
    "name": "has_samples",
    "type": "boolean",
    "title": "Có dữ liệu mẫu",
    "title_en": "Has made-up samples",
    "unit": None,
    "description": "Whether made-up samples are among the files that this table was computed from. The table does not"
    " know it per row, so all rows have the same value.",
    "duckdb_type": "BOOLEAN",
}
"""The last column of a table that has none of this name: metadata do not reach who opens one file in a BI tool."""


def column_types(mart: Mart) -> tuple[str, ...]:
    """DuckDB's own names of the types in a mart's contract (`text` is VARCHAR).

    Raises:
        ReleaseError: a name cannot be a file's, a type is unknown, or Parquet cannot hold it exactly.
    """
    import duckdb

    if not re.fullmatch(r"[a-z][a-z0-9_]*", mart.name):
        raise ReleaseError(f"mart {mart.name!r}: a name has small letters, digits and _ and starts with a letter")
    types = []
    for column in mart.columns:
        try:
            name = str(duckdb.sqltype(column.type))
        except duckdb.Error:
            name = column.type
        if name.partition("(")[0] not in _FIELD_TYPES:
            raise ReleaseError(
                f"mart {mart.name}, column {column.name}: Parquet cannot hold {name} exactly. "
                f"Cast it in the model and its contract, to BIGINT or DECIMAL(p, s) for a sum, to VARCHAR for a code"
            )
        types.append(name)
    return tuple(types)


def field_type(duckdb_type: str) -> str:
    """The type of a column in a table schema."""
    return _FIELD_TYPES[duckdb_type.partition("(")[0]]


def states_samples(mart: Mart) -> bool:
    """Whether the mart itself states for each row if it rests on made-up data."""
    return any(column.name == SAMPLES["name"] for column in mart.columns)


def resource(
    mart: Mart,
    types: Sequence[str],
    receipts: Iterable[Mapping[str, Any]],
    *,
    tables: Collection[str] = (),
    own_licence: str | None = None,
) -> Json:
    """The description of a mart, without what only its file determines (`bytes`, `hash`, `rows`).

    Args:
        tables: what is published beside it: a foreign key is stated where the table that it leads to is there.
        own_licence: of figures of a public mart that come from internal records.
    """
    by_source: dict[str, list[Mapping[str, Any]]] = {source: [] for source in sorted(mart.sources)}
    for receipt in receipts:
        if receipt["source"] in by_source and receipt["status"] == "loaded":
            by_source[receipt["source"]].append(receipt)
    used = [receipt for group in by_source.values() for receipt in group]
    terms = [str(receipt["licence"]) for receipt in used if receipt.get("licence")]
    terms += [licence for _, licence in mart.registries]
    if mart.disclosure.edition == "public":
        terms = [of_figures(text, own_licence) for text in terms]
    foreign_keys = [
        {"fields": [column], "reference": {"resource": table, "fields": [field]}}
        for column, table, field in mart.references
        if table in tables
    ]
    return {
        "name": mart.name,
        "title": mart.title_vi,
        "title_en": mart.title_en,
        "description": mart.description + _merged(mart),
        "target": mart.target,
        "schema_version": mart.schema_version,
        "computed_from": {"registries": dict(mart.seeds), "formula": mart.formula},
        "path": f"{mart.name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "synthetic": any(receipt.get("synthetic") for receipt in used),
        "licenses": licences(terms),
        # The receipts themselves are listed once, in the package; here is enough to see how old a held-back table is.
        "sources": [
            {"title": source, "files": len(group), "landed_at": max((str(r["landed_at"]) for r in group), default=None)}
            for source, group in by_source.items()
        ]
        + [{"title": f"{seed}.csv, a registry of the project"} for seed, _ in mart.registries],
        "schema": {
            "fields": [
                {
                    "name": column.name,
                    "type": _FIELD_TYPES[name.partition("(")[0]],
                    "title": column.title_vi,
                    "title_en": column.title_en,
                    "unit": column.unit,
                    "description": column.description,
                    "duckdb_type": name,
                }
                for column, name in zip(mart.columns, types, strict=True)
            ]
            + ([] if states_samples(mart) else [SAMPLES]),
            "primaryKey": list(mart.key),
            **({"foreignKeys": foreign_keys} if foreign_keys else {}),
        },
    }


def _merged(mart: Mart) -> str:
    merge = mart.disclosure.merge
    if merge is None:
        return ""
    return (
        f" Rows with {merge.count} below {merge.below} are merged into one, with {merge.column} = {MERGED_CODE}; sums"
        f" over the table are those of the warehouse."
    )


def package(
    *,
    about: About,
    resources: Sequence[Json],
    held_back: Sequence[Json],
    removed: Sequence[str],
    states: Mapping[str, str],
    verdicts: Mapping[str, Verdict],
    receipts: Sequence[Mapping[str, Any]],
    run: RunInfo,
) -> Json:
    """The content of `datapackage.json`, but for `id`, `created`, `version` and `database`, which come last."""
    used = [receipt for receipt in receipts if receipt.get("status") != "withdrawn"]
    terms = [str(receipt["licence"]) for receipt in used if receipt.get("licence")]
    terms += [words(known) for resource in resources for known in resource["licenses"]]
    return {
        "$schema": PROFILE,
        **about.described(),
        "synthetic": any(r.get("synthetic") for r in used) or any(r["synthetic"] for r in resources),
        "licenses": licences([*terms, *([about.licence] if about.licence else [])]),
        "resources": list(resources),
        "held_back": list(held_back),
        "removed": list(removed),
        "verdicts": {target: {"verdict": state, **_counts(verdicts.get(target))} for target, state in states.items()},
        "sources": [
            {"title": receipt["source"], **{key: receipt[key] for key in _RECEIPT if key in receipt}}
            for receipt in sorted(
                _stated(receipts), key=lambda r: (r["source"], str(r.get("name")), str(r.get("sha256")))
            )
        ],
        "provenance": {
            "run_id": run.run_id,
            "started_at": run.started_at,
            "code_version": run.code_version,
            "settings": dict(run.settings),
            "project": run.project,
            "python": platform.python_version(),
            "libraries": _versions(),
        },
    }


def quality(verdicts: Mapping[str, Verdict], targets: Iterable[str]) -> Json:
    """The content of `quality.json`: by target, every check with its outcome."""
    return {target: _evidence(verdicts.get(target)) for target in targets}


def fingerprint(package: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what distinguishes two releases for a reader: tables, titles, marks, states, refused and
    withdrawn files and the design of the pages, no times. A page that could not be drawn counts as if it were there:
    its name must not change.

    Works on a package that was just built and on one that was read back, so a release can be checked against its id.
    """
    content = {
        "resources": [
            {key: r.get(key) for key in ("name", "hash", "target", "title", "title_en", "description", "schema")}
            for r in package["resources"]
        ],
        "held_back": [{key: h[key] for key in ("target", "reason", "from_release")} for h in package["held_back"]],
        "verdicts": {target: v["verdict"] for target, v in package["verdicts"].items()},
        "synthetic": package["synthetic"],
    }
    # what the figures lack is no matter of their rows: it comes and goes without changing one
    if refused := [s for s in package["sources"] if s.get("status") == "refused"]:
        content["refused"] = sorted([s["title"], s["name"], s["sha256"], s["reason"]] for s in refused)
    if publisher := package.get("contributors"):
        content["about"] = [package["title"], publisher, package.get("homepage")]
    if edition := package.get("open"):
        content["open"] = edition["content"]
    if withdrawn := [s for s in package["sources"] if s.get("status") == "withdrawn"]:
        content["withdrawn"] = sorted([s["title"], s["name"], s["sha256"], s["reason"]] for s in withdrawn)
    if pages := [*package.get("pages", ()), *package.get("undrawn", ())]:  # releases of old have none
        content["pages"] = sorted([page["path"], page["design"]] for page in pages)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _stated(receipts: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The receipts as the release shows them: two deliveries of one name and day that both count name each other, and
    the reason of a withdrawal, which a person typed, is free of personal data."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for receipt in receipts:
        if receipt.get("status") == "loaded" and receipt.get("extracted_on"):
            alike.setdefault(_delivery(receipt), []).append(str(receipt["sha256"]))
    for receipt in receipts:
        others = [sha256 for sha256 in alike.get(_delivery(receipt), ()) if sha256 != receipt["sha256"]]
        is_loaded = receipt.get("status") == "loaded"
        stated: Json = {"counts_beside": sorted(others)} if others and is_loaded else {}
        if receipt.get("status") == "withdrawn":
            stated["reason"] = redacted(str(receipt["reason"]))
        yield {**receipt, **stated}


def _delivery(receipt: Mapping[str, Any]) -> tuple[Any, ...]:
    return receipt["source"], receipt.get("name"), receipt.get("extracted_on")


def _counts(verdict: Verdict | None) -> Json:
    evidence = verdict.evidence if verdict else ()
    failed = [item for item in evidence if not item.passed]
    return {"checks": len(evidence), "failed": len(failed)}


def _evidence(verdict: Verdict | None) -> list[Json]:
    keys = ("check", "kind", "table", "severity", "passed", "detail", "observed")
    return [{key: getattr(item, key) for key in keys} for item in verdict.evidence] if verdict else []


@cache
def _versions() -> Json:
    versions = {}
    for library in _LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            versions[library] = metadata.version(library)
    return versions
