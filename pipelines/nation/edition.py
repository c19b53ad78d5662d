"""The open edition of a nation: the open editions of the provinces united, and their comparison by these figures alone.

What a province suppressed stays suppressed. Nothing is summed over provinces or recomputed from internal tables, so the
nation's open edition has no figure that does not follow from what the provinces have published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import record
from pipelines.nation import comparison
from pipelines.nation.provinces import Province
from pipelines.nation.tables import Member, resource_of, unite
from pipelines.release import describe
from pipelines.release import pages as drawing
from pipelines.release.codes import tables_alone
from pipelines.release.describe import Json
from pipelines.release.disclosure_edition import OpenEdition, with_csv
from pipelines.release.files import OPEN, PACKAGE, measured
from pipelines.release.pages import Page

if TYPE_CHECKING:
    import duckdb

SCHEMA = "nation_open"


class UnitedEdition(OpenEdition):
    """The folder `open/` of a nation's release."""

    def __init__(
        self,
        provinces: Sequence[Province],
        stale: Collection[str],
        directions: Mapping[str, str],
        pages: Sequence[Page] = (),
    ) -> None:
        super().__init__(Path(OPEN), (), None, pages)  # it has no vault: what is frozen is frozen in the provinces
        self._packages = {
            province.code: tables_alone(json.loads((province.release.path / OPEN / PACKAGE).read_bytes()))
            for province in provinces
            if province.release and "open" in province.release.package
        }
        self._provinces, self._directions = provinces, directions
        self._united = unite(self._members(stale), SCHEMA)
        missing = sorted({p.code for p in provinces if p.release} - self._packages.keys())
        if missing:
            self.blocked = record("no open edition of province {codes}", codes=", ".join(missing))

    def prepare(
        self,
        conn: duckdb.DuckDBPyConnection,
        reasons: Mapping[str, str],
        receipts: Sequence[Mapping[str, Any]],
        now: datetime,
        announce: Callable[[str, int, int], object],
    ) -> Json:
        """Make the tables. Nothing is protected here: the provinces have done so."""
        conn.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in self._united:
            table.create(conn)
        comparison.create(conn, self._united, self._provinces, self._directions, SCHEMA)
        return {"open": {"content": self._content()}}

    def _members(self, stale: Collection[str]) -> Iterator[Member]:
        for province in self._provinces:
            if province.release and province.code in self._packages:
                held = {h.target for h in province.release.held_back}
                for resource in self._packages[province.code]["resources"]:
                    if resource["format"] == "parquet":
                        is_stale = province.code in stale or resource["target"] in held
                        yield Member(province, resource, province.release.path / OPEN / resource["path"], is_stale)

    def _resources(
        self,
        conn: duckdb.DuckDBPyConnection,
        package: Mapping[str, Any],
        receipts: Sequence[Mapping[str, Any]],
        own_licence: str | None,
        staging: Path,
    ) -> list[Json]:
        from pipelines.release.write import write_parquet

        folder = staging / OPEN
        marts = [*(table.mart for table in self._united), comparison.mart(SCHEMA, self._provinces)]
        tables = {mart.name for mart in marts}
        described, resources = resource_of(self._united), []
        for mart in sorted(marts, key=lambda mart: mart.name):
            resource = described(mart, describe.column_types(mart), receipts, tables=tables, own_licence=own_licence)
            del resource["computed_from"]
            path = folder / resource["path"]
            rows = write_parquet(conn, mart, resource, path)
            resources += with_csv(resource | {"rows": rows, **measured(path)}, folder)
        return resources

    def _disclosure(self) -> Json:
        """Which release each province is here with, and what it states of its protection."""
        return {
            "provinces": {
                code: {"release": package["id"], "created": package["created"], **package["disclosure"]}
                for code, package in sorted(self._packages.items())
            }
        }

    def _content(self) -> Json:
        files = {table.mart.name: [[m.province.code, m.resource["hash"], m.is_stale] for m in table.members]
                 for table in self._united}  # fmt: skip
        return {"united": files, "blocked": self.blocked, "pages": drawing.wanted(self._pages)}
