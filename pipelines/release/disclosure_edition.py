"""The folder `open/` of a release: what anybody may have, in Parquet and CSV, with a data package of its own.

It holds the public marts, without the rows that their policy keeps inside, and the protected tables of dossiers. Its
description names no file, no check and no setting: those belong to the internal edition around it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pipelines.release import describe
from pipelines.release import pages as drawing
from pipelines.release.about import licences, of_figures, words
from pipelines.release.codes import with_code_lists
from pipelines.release.describe import Json
from pipelines.release.disclosure_vault import Vault
from pipelines.release.files import OPEN, OPEN_FILE, OPEN_FOLDER, PACKAGE, ReleaseError, measured, seal, sha256, to_json
from pipelines.release.pages import Page
from pipelines.release.released import Release
from pipelines.release.sql import literal

if TYPE_CHECKING:
    import duckdb

    from pipelines.release.disclosure import Edition
    from pipelines.transform.marts import Mart

_SHARED = ("id", "created", "title", "contributors", "homepage", "citation")
"""What the release and its open edition state alike."""

MARK = "\ufeff".encode()
"""Spreadsheets read a CSV as UTF-8 when it begins with this."""


class OpenEdition:
    """The open edition of one publication. Without a vault there is none, and every step does nothing."""

    def __init__(
        self, vault: Path | None, marts: Sequence[Mart], current: Release | None, pages: Sequence[Page] = ()
    ) -> None:
        self.blocked: str | None = None
        """Why closed quarters of dossiers are missing."""
        self._marts, self._path, self._pages = marts, vault, pages
        self._edition: Edition | None = None
        self._vault: Vault | None = None
        self._published = current.package.get("open", {}).get("quarters", []) if current else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._vault:
            self._vault.close()

    def prepare(
        self,
        conn: duckdb.DuckDBPyConnection,
        reasons: Mapping[str, str],
        receipts: Sequence[Mapping[str, Any]],
        now: datetime,
        announce: Callable[[str, int, int], object],
    ) -> Json:
        """Protect what is new. Returns what the fingerprint of the release knows of the edition, before its files.

        Args:
            reasons: targets that are held back: new quarters wait for them.
            announce: called before quarters are protected, with their names, how many are done, and of how many.
        """
        from pipelines.release.disclosure import policy_of, prepare

        if self._path is None:
            return {}
        policy = policy_of(self._marts)
        linked = [mart for mart in self._marts if mart.disclosure.open]
        if policy:
            sources = {source for mart in linked for source in mart.sources}
            held = sorted({mart.target for mart in linked} & reasons.keys())
            try:
                self._vault = Vault(self._path)
                self._edition = prepare(
                    conn,
                    policy,
                    self._vault,
                    now,
                    is_synthetic=any(
                        r.get("synthetic") and r["status"] == "loaded" and r["source"] in sources for r in receipts
                    ),
                    published=[q["quarter"] for q in self._published if not q["is_synthetic"]],
                    objection="; ".join(f"{target} is held back" for target in held) or None,
                    announce=announce,
                )
                self.blocked = self._edition.blocked
            except ReleaseError as error:
                self.blocked = str(error)
        return {"open": {"content": self._content()}}

    def write(
        self,
        conn: duckdb.DuckDBPyConnection,
        package: Mapping[str, Any],
        receipts: Sequence[Mapping[str, Any]],
        own_licence: str | None,
        staging: Path,
    ) -> Json:
        """Write the folder and return its description for the release.

        Public tables are read from the staged files, so that a target that is held back shows the same figures here.
        """
        if self._path is None:
            return {}
        folder, edition = staging / OPEN, self._edition
        folder.mkdir()
        resources = self._resources(conn, package, receipts, own_licence, staging)
        described = _described(package, resources, self._disclosure())
        described["pages"], undrawn = drawing.draw(Release(folder, described), self._pages)
        (folder / PACKAGE).write_text(to_json(with_code_lists(described, folder), indent=0), encoding="utf-8")
        files = seal(folder, OPEN_FILE, OPEN_FOLDER)
        return {
            "open": {
                "path": OPEN,
                "content": self._content(),
                "undrawn": [{**page, "path": f"{OPEN}/{page['path']}"} for page in undrawn],
                "files": [
                    {
                        "path": path.relative_to(staging).as_posix(),
                        **measured(path),
                    }
                    for path in files
                ],
                "audits": edition.audits if edition else [],
                "quarters": [_against_today(conn, quarter) for quarter in edition.quarters] if edition else [],
            }
        }

    def _resources(
        self,
        conn: duckdb.DuckDBPyConnection,
        package: Mapping[str, Any],
        receipts: Sequence[Mapping[str, Any]],
        own_licence: str | None,
        staging: Path,
    ) -> list[Json]:
        """Write the tables and describe them."""
        policies = {mart.name: mart.disclosure for mart in self._marts}
        resources: list[Json] = []
        for resource in package["resources"]:
            policy = policies.get(resource["name"])
            if policy and policy.edition == "public":
                resources += _published(conn, resource, policy.rows, staging, staging / OPEN)
        if self._edition:
            resources += _protected(self._edition, self._marts, receipts, own_licence, staging / OPEN)
        return resources

    def _disclosure(self) -> Json:
        return _disclosure(self._edition)

    def commit(self) -> None:
        """Make the new quarters frozen ones."""
        if self._vault:
            self._vault.commit()

    def _content(self) -> Json:
        public = sorted(
            [mart.name, mart.disclosure.rows or ""] for mart in self._marts if mart.disclosure.edition == "public"
        )
        return {
            "pages": drawing.wanted(self._pages),
            "public": public,
            "dossiers": self._edition.digest if self._edition else None,
            "blocked": self.blocked,
        }


def _described(package: Mapping[str, Any], resources: Sequence[Json], disclosure: Json) -> Json:
    return {
        "$schema": describe.PROFILE,
        **{key: package[key] for key in _SHARED if key in package},
        "edition": OPEN,
        "synthetic": any(resource["synthetic"] for resource in resources),
        "licenses": licences(words(known) for resource in resources for known in resource["licenses"]),
        "resources": list(resources),
        "disclosure": disclosure,
    }


def _published(
    conn: duckdb.DuckDBPyConnection, resource: Json, rows: str | None, staging: Path, folder: Path
) -> list[Json]:
    """A public mart: the staged file itself, or the rows of it that may leave."""
    from pipelines.release.write import arrow_schema, write_batches

    source, copy = staging / resource["path"], folder / resource["path"]
    kept = {key: value for key, value in resource.items() if key not in ("held_back", "computed_from")}
    if rows is None:
        shutil.copyfile(source, copy)  # a hard link would share the rights of the internal file
        return with_csv(kept, folder)
    schema = arrow_schema(kept)
    reader = conn.execute(f"select * from read_parquet({literal(str(source))}) where {rows}").to_arrow_reader()
    count = write_batches(reader, schema, copy)
    return with_csv(kept | {"rows": count, **measured(copy)}, folder)


def _protected(
    edition: Edition,
    marts: Sequence[Mart],
    receipts: Sequence[Mapping[str, Any]],
    own_licence: str | None,
    folder: Path,
) -> Iterable[Json]:
    from pipelines.release.disclosure_tables import open_marts
    from pipelines.release.write import write_parquet

    there = set(edition.vault.tables())
    for mart in open_marts(marts, edition.policy.parts):
        if mart.name in there:
            # no receipts: the internal edition states which file came when; here is whether the figures are made up
            resource = describe.resource(mart, describe.column_types(mart), [])
            del resource["computed_from"]
            resource["synthetic"] = any(quarter["is_synthetic"] for quarter in edition.quarters)
            terms = [str(r["licence"]) for r in receipts if r["source"] in mart.sources and r.get("licence")]
            resource["licenses"] = licences(of_figures(text, own_licence) for text in terms)
            path = folder / resource["path"]
            count = write_parquet(edition.vault.conn, mart, resource, path)
            yield from with_csv(resource | {"rows": count, **measured(path)}, folder)


def with_csv(resource: Json, folder: Path) -> list[Json]:
    """The resource, and the same table as CSV in UTF-8 with a mark."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    path = folder / f"{resource['name']}.csv"
    with pq.ParquetFile(folder / resource["path"]) as file, path.open("wb") as out:
        out.write(MARK)
        with csv.CSVWriter(out, pa.schema([pa.field(f.name, f.type) for f in file.schema_arrow])) as writer:
            for batch in file.iter_batches():
                writer.write(batch)
    text = {
        "name": f"{resource['name']}.csv",
        "path": path.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        **measured(path),
    }
    return [resource, resource | text]


def _disclosure(edition: Edition | None) -> Json:
    """What the open edition states of its protection: never which figure was small."""
    if edition is None:
        return {"quarters": []}
    from pipelines.release.disclosure import after

    thin = [quarter["quarter"] for quarter in edition.quarters if quarter["is_thin"]]
    newest = max((quarter["quarter"] for quarter in edition.quarters), default=None)
    return {
        "thresholds": dict(edition.policy.thresholds.of_measure),
        "quarters": [quarter["quarter"] for quarter in edition.quarters],
        **({"next": after(newest)} if newest else {}),
        "province_totals_only": thin,
        "note": "Quý có quá ít hồ sơ chỉ công bố tổng toàn tỉnh – Quarters with too few dossiers have totals of the"
        " province only."
        if thin
        else "",
        "suppressed_pct": suppressed(edition),
        "revisions": edition.vault.revisions(),
    }


def suppressed(edition: Edition) -> dict[str, float]:
    """By table, the share of its figures that are suppressed, in percent."""
    from pipelines.release.disclosure_tables import TABLES

    there, shares = set(edition.vault.tables()), {}
    for table in TABLES:
        if table.name in there:
            measures = edition.policy.measures if table.has_parts else edition.policy.measures[:1]
            hidden = " + ".join(f"count(*) filter ({measure}_status = 'suppressed')" for measure in measures)
            found = edition.vault.conn.execute(
                f"select 100.0 * ({hidden}) / (count(*) * {len(measures)}) from {table.name}"
            )
            row = found.fetchone()
            shares[table.name] = round(row[0], 1) if row and row[0] is not None else 0.0
    return shares


def _against_today(conn: duckdb.DuckDBPyConnection, quarter: Mapping[str, Any]) -> Json:
    """A frozen quarter beside the present count of the warehouse, for the person who decides on a revision."""
    from pipelines.release.disclosure_tables import period_of

    today = conn.execute(
        "select coalesce(sum(received), 0) from marts.dossier_timeliness where date_trunc('quarter', month) = $1",
        [period_of(quarter["quarter"])[1]],
    ).fetchone()
    return {**quarter, "received_today": int(today[0]) if today else 0}


def problems(path: Path, package: Mapping[str, Any]) -> list[str]:
    """Differences between the folder on disk and its description in the release."""
    if "open" not in package:
        return [f"{OPEN}/ does not belong to it"] if (path / OPEN).exists() else []
    expected = {item["path"]: item["hash"] for item in package["open"]["files"]}
    present = {file.relative_to(path).as_posix() for file in (path / OPEN).rglob("*") if file.is_file()}
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - present)]
    wrong += [f"{name} does not belong to it" for name in sorted(present - expected.keys())]
    wrong += [
        f"{name} is not the file that was published (sha256 differs)"
        for name in sorted(present & expected.keys())
        if sha256(path / name) != expected[name]
    ]
    if f"{OPEN}/{PACKAGE}" in present and not wrong:
        described = json.loads((path / OPEN / PACKAGE).read_bytes())
        if described["id"] != package["id"]:
            wrong.append(f"{OPEN}/{PACKAGE} describes another release")
    return wrong
