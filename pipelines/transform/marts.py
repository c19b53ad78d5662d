"""What the dbt manifest says of each published table: its target, titles, units, columns and order of rows."""

from __future__ import annotations

from collections.abc import Mapping
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


def marts_of(manifest: Mapping[str, Any]) -> list[Mart]:
    """The published tables of a dbt manifest (parsed JSON), sorted by name."""
    raise NotImplementedError
