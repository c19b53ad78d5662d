"""Code lists in the description of an edition, and the foreign keys that lead to them.

The lists are tables of `bi/`, which states by `codes_of` which columns hold codes of theirs. A Data Package has no keys
to another one, so the `resources` of an edition end with the lists. They are not tables of the release: whoever reads
its description for the tables takes it through `tables_alone`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.release.files import BI, PACKAGE

Json = dict[str, Any]

_log = logging.getLogger(__name__)


def with_code_lists(package: Mapping[str, Any], folder: Path) -> Json:
    """The description of a staged edition as it is written: with its code lists, and a key for each column of codes.

    A key is stated where every value is in the list; `unlisted_codes` counts the values that are not, by column.
    """
    model = _tables(json.loads((folder / BI / PACKAGE).read_bytes())) if (folder / BI / PACKAGE).exists() else []
    lists = {r["name"]: r for r in model if "codes_of" in r}
    leads = {column: name for name, r in lists.items() for column in r["codes_of"]}
    codes = {name: _values(folder / BI / r["path"], [_key(r)])[_key(r)] for name, r in lists.items()}
    stated = {r["name"]: _stated(r, leads, lists, codes, folder) for r in _tables(package)}
    # the CSV of a table, where there is one, has the keys of its Parquet file
    tables = [r | _facts(stated[r["name"].removesuffix(".csv")]) for r in package["resources"]]
    return {**package, "resources": [*tables, *(_listed(r, lists) for r in lists.values())]}


def tables_alone(package: Json) -> Json:
    """A description that was read, without code lists and the keys that lead to them."""
    lists = {r["name"] for r in package["resources"] if "codes_of" in r}
    if not lists:
        return package
    return package | {"resources": [_unlinked(r, lists) for r in package["resources"] if r["name"] not in lists]}


def _tables(package: Mapping[str, Any]) -> list[Json]:
    return [r for r in package["resources"] if r["format"] == "parquet"]


def _key(code_list: Mapping[str, Any]) -> str:
    return str(code_list["schema"]["primaryKey"][0])


def _values(path: Path, columns: list[str]) -> dict[str, set[str]]:
    """The codes in each column; a table schema takes an empty text for none."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=columns, read_dictionary=columns)
    return {name: {*table.column(name).unique().to_pylist()} - {None, ""} for name in columns}


def _stated(
    resource: Json,
    leads: Mapping[str, str],
    lists: Mapping[str, Json],
    codes: Mapping[str, set[str]],
    folder: Path,
) -> Json:
    """A table with its foreign keys."""
    columns = [field["name"] for field in resource["schema"]["fields"] if field["name"] in leads]
    values = _values(folder / resource["path"], columns)
    counts = {column: len(values[column] - codes[leads[column]]) for column in columns}
    unlisted = {column: count for column, count in counts.items() if count}
    for column, count in unlisted.items():
        _log.warning("%s.%s: %d codes are not in %s: no key is stated", resource["name"], column, count, leads[column])
    keys = [*resource["schema"].get("foreignKeys", ())]
    keys += [
        {"fields": [column], "reference": {"resource": leads[column], "fields": [_key(lists[leads[column]])]}}
        for column in columns
        if column not in unlisted
    ]
    return _with_keys(resource, keys) | ({"unlisted_codes": unlisted} if unlisted else {})


def _facts(resource: Json) -> Json:
    return {key: resource[key] for key in ("schema", "unlisted_codes") if key in resource}


def _listed(resource: Json, lists: Mapping[str, Json]) -> Json:
    """A code list as the edition describes it: keys to other tables of `bi/` stay in the description of that folder."""
    keys = [key for key in resource["schema"]["foreignKeys"] if key["reference"]["resource"] in lists]
    return _with_keys(resource, keys) | {"path": f"{BI}/{resource['path']}"}


def _unlinked(resource: Json, lists: set[str]) -> Json:
    keys = [k for k in resource["schema"].get("foreignKeys", ()) if k["reference"]["resource"] not in lists]
    return {key: value for key, value in _with_keys(resource, keys).items() if key != "unlisted_codes"}


def _with_keys(resource: Json, keys: list[Json]) -> Json:
    schema = {key: value for key, value in resource["schema"].items() if key != "foreignKeys"}
    return resource | {"schema": schema | ({"foreignKeys": keys} if keys else {})}
