"""One release, from the open warehouse to the switch of `current`, atomically.

Every target is judged for itself. One that failed its audit, was not audited, or would show personal data keeps the
tables of the last release in which they were good; the others go out.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipelines.beside import Begin, here
from pipelines.language import tr
from pipelines.quality.verdict import Verdict
from pipelines.release import changes, describe
from pipelines.release import pages as drawing
from pipelines.release.about import About
from pipelines.release.codes import tables_alone, with_code_lists
from pipelines.release.describe import Json
from pipelines.release.disclosure_edition import OpenEdition
from pipelines.release.files import (
    BI,
    DATABASE,
    INTERNAL_FILE,
    INTERNAL_FOLDER,
    PACKAGE,
    QUALITY,
    RELEASES,
    STAGING,
    ReleaseError,
    flip,
    iso,
    measured,
    seal,
    sha256,
    stamp,
    sync,
    to_json,
)
from pipelines.release.pages import Page
from pipelines.release.protect import personal_data
from pipelines.release.released import HeldBack, Release
from pipelines.release.runs import RunInfo
from pipelines.release.schemas import refuse_lost_tables, undeclared
from pipelines.release.store import ReleaseStore, previous_release
from pipelines.transform.marts import Mart

if TYPE_CHECKING:
    import duckdb

STEPS = (
    *("swept", "judged", "table", "tables", "open", "compared", "pages", "database", "described", "verified", "frozen"),
    *("renamed", "flipped"),
)
"""Names with which `publish` calls its checkpoint, in order; `table` comes once a table."""


@dataclass(frozen=True)
class Outcome:
    """What a publication came to. `files` are those readers get now; `targets` maps each to `passed` or `held_back`.

    `undrawn` are pages that the release should have and lacks, each with the reason.
    """

    status: Literal["released", "unchanged", "nothing", "pinned"]
    release_id: str | None
    held_back: list[HeldBack] = field(default_factory=list)
    files: tuple[Path, ...] = ()
    targets: dict[str, str] = field(default_factory=dict)
    undrawn: dict[str, str] = field(default_factory=dict)
    open_blocked: str | None = None
    """Why closed quarters of dossiers are missing from the open edition."""


def publish(
    conn: duckdb.DuckDBPyConnection,
    root: Path,
    marts: Sequence[Mart],
    verdicts: Mapping[str, Verdict],
    receipts: Sequence[Mapping[str, Any]],
    run: RunInfo,
    now: datetime,
    *,
    about: About = About(),  # noqa: B008  (frozen)
    pages: Sequence[Page] = (),
    open_pages: Sequence[Page] = (),
    vault: Path | None = None,
    announce: Callable[[str, int, int], object] = lambda quarters, done, total: None,
    retired: Mapping[str, str] | None = None,
    resource_of: Callable[..., Json] = describe.resource,
    edition: OpenEdition | None = None,
    begin: Begin = here,
    checkpoint: Callable[[str], object] = lambda step: None,
) -> Outcome:
    """Publish `marts` under `root` and lead readers there. The caller holds the lock of the warehouse.

    Args:
        conn: open on the warehouse; only read.
        verdicts: by target. A target without a verdict, or with a verdict without evidence, is held back.
        receipts: of the files that the warehouse was given: source, name, sha256, landed_at, licence, address,
            synthetic, bytes, extracted_on; status (`loaded`, `refused` with its `reason`, `replaced` with
            `replaced_by`, a sha256, `withdrawn` with its `reason` and `withdrawn_at`).
        now: an aware time; becomes the release's.
        about: publisher, contact, licence and title, as every description of the release states them.
        pages: drawn into the release from its tables. One that cannot be drawn costs no data: the release goes out
            without it, reports that, and the next run tries again. `open_pages` are drawn into the open edition, from
            its tables alone.
        vault: the private file in which closed quarters of the open edition are frozen (`disclosure_vault`). Without it
            the release has no open edition.
        announce: called before closed quarters of the open edition are protected (`disclosure.prepare`).
        retired: tables that are published no more, with the reason; one that is gone and not named here refuses the
            release. None: what is gone is not looked at.
        resource_of: describes a table; what the nation's release states of the provinces in it is its own.
        edition: an open edition that is made in another way than from a vault.
        begin: begins to draw the pages, beside the rest or once they are waited for.
        checkpoint: called with the name of each step when it is done (`STEPS`); for tests that kill the process.

    Returns:
        `released`; `unchanged` when the current release has the same content, and nothing is written; `nothing` when
        there is no table to publish, and readers keep what they have.

    Raises:
        ReleaseError: a table of the current release that no mart makes and nobody retired; a contract that Parquet
            cannot hold or the warehouse does not meet; a written release that does not read back as it was meant; a
            current release that is damaged. Readers keep what they have.
    """
    created = iso(now)
    store = ReleaseStore(root)
    (root / RELEASES).mkdir(parents=True, exist_ok=True)
    store.sweep()
    checkpoint("swept")

    current = store.current()
    marts = sorted(marts, key=lambda mart: mart.name)
    types = {mart.name: describe.column_types(mart) for mart in marts}
    targets = sorted({*verdicts, *(mart.target for mart in marts)})
    if current and marts and retired is not None:
        refuse_lost_tables(marts, retired, current)
    reasons = _reasons(conn, marts, {target: verdicts.get(target) for target in targets}, types, current)
    kept = _kept(current, [m for m in marts if m.target in reasons])
    marks = [_mark(target, reasons[target], created, current, kept) for target in targets if target in reasons]
    checkpoint("judged")

    states = {target: "held_back" if target in reasons else "passed" for target in targets}
    held_back = [HeldBack(m["target"], m["since"], m["reason"], m["from_release"]) for m in marks]
    if not kept and all(mart.target in reasons for mart in marts):
        return Outcome("nothing", None, held_back, targets=states)

    edition = edition or OpenEdition(vault, marts, current, open_pages)
    with _staging(root / f"{STAGING}{stamp(now)}") as staging, edition as opened:
        tables = {mart.name for mart in marts if mart.target not in reasons} | kept.keys()

        def described(mart: Mart) -> Json:
            return resource_of(mart, types[mart.name], receipts, tables=tables, own_licence=about.licence)

        resources = list(_tables(conn, marts, described, marks, kept, current, staging, checkpoint))
        checkpoint("tables")

        package = describe.package(
            about=about,
            resources=resources,
            held_back=marks,
            removed=sorted({*current.tables} - {mart.name for mart in marts}) if current else [],
            states=states,
            verdicts=verdicts,
            receipts=receipts,
            run=run,
        )
        package["quality"] = _quality(describe.quality(verdicts, states), staging)
        package |= opened.prepare(conn, reasons, receipts, now, announce)
        content = describe.fingerprint(package | {"pages": drawing.wanted(pages)})
        is_known = current is not None and current.fingerprint == content
        if current and is_known and not current.undrawn:
            return Outcome("unchanged", current.id, held_back, current.files, states, open_blocked=opened.blocked)
        release_id = f"{stamp(now)}-{content[:8]}"
        package |= {"id": release_id, "created": created, "fingerprint": content}
        package["citation"] = about.citation(release_id, created)
        drawn = begin(drawing.draw, Release(staging, dict(package)), pages)
        package |= opened.write(conn, package, receipts, about.licence, staging)
        checkpoint("open")
        if current and is_known:
            package["pages"], package["undrawn"] = drawn()
            if (undrawn := Release(staging, package).undrawn).keys() == current.undrawn.keys():
                return Outcome("unchanged", current.id, held_back, current.files, states, undrawn, opened.blocked)
        package |= changes.write(conn, package, staging, current, previous_release(Release(staging, package)))
        checkpoint("compared")
        _finish(conn, package, staging, None if is_known else drawn, checkpoint)
        opened.commit()  # a quarter is frozen before anybody sees a figure of it, never the other way round
        checkpoint("frozen")

        release = Release(root / RELEASES / release_id, package)
        _put(staging, release, store)
        checkpoint("renamed")
    flip(root, release_id)
    checkpoint("flipped")
    return Outcome("released", release_id, held_back, release.files, states, release.undrawn, opened.blocked)


@contextmanager
def _staging(path: Path) -> Iterator[Path]:
    """A folder to write a release into. Nothing is left of it, unless it has become the release."""
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _put(staging: Path, release: Release, store: ReleaseStore) -> None:
    """Make the staged folder the release."""
    if release.path.exists():
        # A run of the same second and content died before its flip, or was rolled back: it is this release.
        store.verify(release.id)
    else:
        staging.rename(release.path)
        sync(release.path.parent)


def _reasons(
    conn: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    verdicts: Mapping[str, Verdict | None],
    types: Mapping[str, Sequence[str]],
    current: Release | None,
) -> dict[str, str]:
    """Why targets are held back, by target: the gate's objection, personal data, a schema that nobody declared."""
    reasons = {target: reason for target, verdict in verdicts.items() if (reason := _objection(verdict))}
    for target, reason in _unfit(conn, [m for m in marts if m.target not in reasons], types, current):
        reasons[target] = f"{reasons[target]}; {reason}" if target in reasons else reason
    return reasons


def _objection(verdict: Verdict | None) -> str | None:
    """Why the audit keeps a target from being published. What nobody checked is not published either."""
    if verdict is None or not verdict.evidence:
        return "no check was run"
    failed = [f"{e.check} on {e.table}" + (f": {e.detail}" if e.detail else "") for e in verdict.blocking]
    more = [f"and {len(failed) - 3} more"] if len(failed) > 3 else []
    return "; ".join(failed[:3] + more) or None


def _unfit(
    conn: duckdb.DuckDBPyConnection,
    marts: Iterable[Mart],
    types: Mapping[str, Sequence[str]],
    current: Release | None,
) -> Iterable[tuple[str, str]]:
    """(target, reason) for tables that hold personal data, or whose schema changed without a declaration.

    Raises when a table does not meet its contract.
    """
    from pipelines.release.write import check_columns

    for mart in marts:
        check_columns(conn, mart, types[mart.name])
        for finding in personal_data(conn, mart, types[mart.name]):
            yield mart.target, f"{mart.name}: {finding}"
        if current and (change := undeclared(describe.resource(mart, types[mart.name], []), current)):
            yield mart.target, change


def _kept(current: Release | None, marts: Iterable[Mart]) -> dict[str, Json]:
    """Resources of the current release that replace marts that are held back, by name."""
    there = {(r["name"], r["target"]): r for r in current.package["resources"]} if current else {}
    return {mart.name: there[mart.name, mart.target] for mart in marts if (mart.name, mart.target) in there}


def _mark(target: str, reason: str, created: str, current: Release | None, kept: Mapping[str, Json]) -> Json:
    before = next((h for h in current.held_back if h.target == target), None) if current else None
    good = before.last_good_release if before else current.id if current else None
    return {
        "target": target,
        "since": before.since if before else created,
        "reason": reason,
        "from_release": good if any(r["target"] == target for r in kept.values()) else None,
    }


def _tables(
    conn: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    described: Callable[[Mart], Json],
    marks: Sequence[Json],
    kept: Mapping[str, Json],
    current: Release | None,
    staging: Path,
    checkpoint: Callable[[str], object],
) -> Iterable[Json]:
    """Stage the tables: new ones from the warehouse, held-back ones from the current release if it has them."""
    by_target = {mark["target"]: mark for mark in marks}
    for mart in marts:
        if mart.target not in by_target:
            yield _new(conn, mart, described(mart), staging)
        elif current and mart.name in kept:
            yield _held(kept[mart.name], by_target[mart.target], current, staging)
        else:
            continue
        checkpoint("table")


def _new(conn: duckdb.DuckDBPyConnection, mart: Mart, resource: Json, staging: Path) -> Json:
    from pipelines.release.write import write_parquet

    path = staging / resource["path"]
    rows = write_parquet(conn, mart, resource, path)
    return resource | {"rows": rows, **measured(path)}


def _held(resource: Json, mark: Json, current: Release, staging: Path) -> Json:
    source, copy = current.path / resource["path"], staging / resource["path"]
    if not source.exists() or sha256(source) != resource["hash"]:
        raise ReleaseError(
            tr(
                "release {id}: {name} is damaged. Roll back to another release and run again",
                id=current.id,
                name=source.name,
            )
        )
    try:
        os.link(source, copy)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, copy)
    return resource | {"held_back": {key: mark[key] for key in ("since", "reason", "from_release")}}


def _quality(checks: Json, staging: Path) -> Json:
    path = staging / QUALITY
    path.write_text(to_json(checks, indent=0), encoding="utf-8")
    return {"path": QUALITY, **measured(path)}


def _finish(
    conn: duckdb.DuckDBPyConnection,
    package: Json,
    staging: Path,
    drawn: Callable[[], tuple[list[Json], list[dict[str, str]]]] | None,
    checkpoint: Callable[[str], object],
) -> None:
    """Complete the staging directory, make it durable and read-only, and prove that it reads back as it was meant.

    `drawn` waits for the pages; None when they are there.
    """
    from pipelines.release.write import verify, write_database

    def wait_for_pages() -> None:
        if drawn:
            package["pages"], package["undrawn"] = drawn()
        checkpoint("pages")

    write_database(conn, package, staging, wait_for_pages)
    package["database"] = {"path": DATABASE, **measured(staging / DATABASE)}
    checkpoint("database")
    (staging / PACKAGE).write_text(to_json(with_code_lists(package, staging), indent=0), encoding="utf-8")
    if (staging / BI).is_dir():
        seal(staging / BI, INTERNAL_FILE, INTERNAL_FOLDER)
    for path in staging.iterdir():
        if path.is_file():
            path.chmod(INTERNAL_FILE)
            sync(path)
    staging.chmod(INTERNAL_FOLDER)
    sync(staging)
    checkpoint("described")
    verify(Release(staging, tables_alone(json.loads((staging / PACKAGE).read_bytes()))))
    checkpoint("verified")
