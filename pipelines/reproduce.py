"""A published release computed again in an empty folder, from the files that it names, and compared table by table.

What this needs is kept: landed files for good, and in `datapackage.json` the sha256 of each file, the settings, the
commit, and the fingerprint of models and registries. The code of that day is not kept: to run it, check that
commit out and run the same command there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines import walk
from pipelines.landing.store import Landing
from pipelines.language import tr
from pipelines.platform import Listener, Platform
from pipelines.release.released import Release
from pipelines.release.sql import literal
from pipelines.release.store import ReleaseStore
from pipelines.settings import Settings, load_settings

_BLOCK = 1 << 20
Outcome = Literal["same", "same_rows", "differs", "missing", "held_back"]


class NotReproducible(RuntimeError):
    """The release cannot be computed again: the message states what is missing, or where the run ended."""


@dataclass(frozen=True)
class Table:
    """One table of the release and its result: `same` to the byte; `same_rows` under other titles; `differs`;
    `missing`, none was computed; `held_back` already then, so it is of the release `of`."""

    name: str
    outcome: Outcome
    rows_then: int
    rows_now: int | None = None
    of: str | None = None


@dataclass(frozen=True)
class Reproduction:
    """The result for a release. `is_same_project` is None where the release has no fingerprint of its project."""

    tables: tuple[Table, ...]
    code_then: str
    code_now: str
    is_same_project: bool | None

    @property
    def is_same(self) -> bool:
        return all(table.outcome in ("same", "same_rows", "held_back") for table in self.tables)


def reproduce(settings: Settings, release: Release, folder: Path, listener: Listener) -> Reproduction:
    """Load, build and release again in `folder`, which is empty, and compare each table with that of `release`.

    Raises:
        NotReproducible: a file of that release is not in the landing any more, the run failed, or no table passed.
        DamagedFileError: the bytes of a landed file are not those that were received.
    """
    provenance = release.package["provenance"]
    again = load_settings(
        data_dir=folder / "data",
        dagster_dir=folder / "dagster",
        pseudonym_key_file=settings.pseudonym_key,
        **provenance["settings"],
    )
    _land(Landing(settings.raw), Landing(again.raw), release)
    platform = Platform(again, listeners=[listener])
    try:
        outcome = walk.run(platform, f"reproduce-{release.id}")
    except Exception as error:  # a message may quote data
        raise NotReproducible(tr("The run failed ({error}).", error=type(error).__name__)) from error
    computed = ReleaseStore(again.marts).current()
    if computed is None:
        raise NotReproducible(tr("No table passed ({status}).", status=outcome.status))
    now = {resource["name"]: resource for resource in computed.package["resources"]}
    held = {mark.target: mark.last_good_release for mark in release.held_back}
    return Reproduction(
        tuple(_compared(then, now.get(then["name"]), held, release, computed) for then in release.package["resources"]),
        provenance["code_version"],
        platform.code_version,
        project == platform.dbt.fingerprint() if (project := provenance.get("project")) else None,
    )


_AS_RECEIVED = (
    *("source", "name", "partition", "extracted_on", "address", "landed_at", "licence", "status", "media_type"),
    "synthetic",
)


def _land(kept: Landing, copy: Landing, release: Release) -> None:
    """The files of that release as they were received, active again where they were withdrawn since."""
    files = release.package["sources"]
    known = {(r.source, r.name, r.sha256): r for title in {f["title"] for f in files} for r in kept.receipts(title)}
    lost = []
    for file in files:
        receipt = known.get((file["title"], file["name"], file["sha256"]))
        if receipt is None:
            lost.append(f"  {file['title']}: {file['name']} {file['sha256'][:12]}")
            continue
        kept.verify(receipt)
        with kept.path_of(receipt).open("rb") as stored:
            given = {name: getattr(receipt, name) for name in _AS_RECEIVED}
            copy.put(iter(lambda: stored.read(_BLOCK), b""), by_name=True, **given)
    if lost:
        listed = "\n".join(lost)
        raise NotReproducible(
            tr(
                "Files of {id} are not in {root}; restore them from a backup:\n{listed}",
                id=release.id,
                root=kept.root,
                listed=listed,
            )
        )


def _compared(
    then: Mapping[str, Any],
    now: Mapping[str, Any] | None,
    held: Mapping[str, str | None],
    release: Release,
    computed: Release,
) -> Table:
    name, rows = then["name"], then["rows"]
    if then["target"] in held:
        return Table(name, "held_back", rows, of=held[then["target"]])
    if now is None or now.get("held_back"):
        return Table(name, "missing", rows)
    if now["hash"] == then["hash"]:
        return Table(name, "same", rows, now["rows"])
    is_same = _rows_are_equal(release.path / then["path"], computed.path / now["path"])
    return Table(name, "same_rows" if is_same else "differs", rows, now["rows"])


def _rows_are_equal(one: Path, other: Path) -> bool:
    left, right = (f"read_parquet({literal(str(path))})" for path in (one, other))
    with duckdb.connect() as connection:
        columns = [connection.execute(f"describe from {table}").fetchall() for table in (left, right)]
        if [column[:2] for column in columns[0]] != [column[:2] for column in columns[1]]:
            return False
        apart = f"(from {left} except all from {right}) union all (from {right} except all from {left})"
        return connection.execute(f"select count(*) from ({apart})").fetchone() == (0,)
