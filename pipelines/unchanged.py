"""Whether a run has anything to do: what decides the outcome of a run, beside what the last release was made of.

A run with nothing new is recorded as `unchanged`, in about two seconds, instead of being made.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

from pipelines.catalogue.pages import pages as descriptions
from pipelines.landing.drop import waiting
from pipelines.landing.pull import failed_pulls
from pipelines.platform import Platform
from pipelines.release.about import about_of
from pipelines.release.files import current_id
from pipelines.release.places import address_of
from pipelines.release.runs import RunInfo, RunLog
from pipelines.scoreboard.model import model
from pipelines.scoreboard.pages import pages, place_of
from pipelines.sources import all_sources
from pipelines.warehouse.connection import get_state


def record_if_unchanged(platform: Platform, run_id: str) -> bool:
    """Record a run that has nothing to do as `unchanged`; False, and nothing recorded, when there is anything to do.

    Raises:
        WarehouseBusy: another process holds the warehouse.
    """
    if not platform.settings.warehouse.exists():
        return False
    started = platform.now()
    with platform.warehouse.hold(f"run {run_id}", started):
        if not is_unchanged(platform):
            return False
        log = RunLog(platform.settings.marts)
        made = [run for run in log.runs() if run["kind"] == "run" and run["status"] in ("released", "unchanged")]
        if not made or (last := made[-1])["release"] != current_id(platform.settings.marts):
            return False  # the run of this release was killed before it was recorded: the next one records it
        log.begin(RunInfo(run_id, started, platform.code_version))
        log.finish(
            run_id,
            platform.now(),
            "unchanged",
            release=last["release"],
            targets=last["targets"],
            loads=last["loads"],
            place=last.get("place"),
            left={path: why for path, why in last.get("left", {}).items() if (platform.settings.drop / path).exists()},
        )
    return True


def is_unchanged(platform: Platform) -> bool:
    """Whether a run now could only come to what the last one came to.

    No file waits in the drop folder; active files, models, registries, expectations, settings, code and libraries are
    those of the last run; each of its verdicts was reached by looking at the data, it drew every page, and readers have
    its release. What it held back stays held back, for the same reasons.
    """
    current = platform.releases.current()
    if current is None or platform.releases.pinned() or waiting(platform.settings.drop, all_sources()):
        return False
    if not _is_published(platform, current.id):
        return False
    with platform.warehouse.connect(read_only=True) as connection:
        if not get_state(connection, "checked"):
            return False
        return get_state(connection, "released") == f"{inputs_digest(platform)} {current.id}"


def _is_published(platform: Platform, release_id: str) -> bool:
    """Whether the place that is set has the release, by the record of the last run."""
    settings, runs = platform.settings, RunLog(platform.settings.marts).runs()
    if settings.publish is None:
        return True
    last = (runs[-1].get("place") if runs else None) or {}
    wanted = (address_of(settings.publish), settings.publish_edition, release_id)
    return last.get("status") != "failed" and wanted == tuple(last.get(k) for k in ("place", "edition", "release"))


def inputs_digest(platform: Platform) -> str:
    """Digest of everything that decides what a run comes to."""
    settings = platform.settings
    sources = all_sources()
    # withdrawn ones too: a release lists them with their reason, also where they had been superseded before
    files = [
        (name, receipt.name, receipt.sha256, str(receipt.extracted_on), repr(receipt.withdrawn))
        for name in sources
        for receipt in platform.landing.receipts(name)
    ]
    failed = {name: failed_pulls(settings.raw, name) for name in sources}
    read = {name: source.reading() for name, source in sources.items()}
    place = place_of(settings)
    designs = [(page.path, page.design) for page in (*pages(place), model(place), *descriptions(settings))]
    about = (
        about_of(settings),
        settings.province_box,
        settings.max_quarantined_pct,
        settings.max_record_mb,
        settings.rows_of_dossiers,
    )
    digest = hashlib.sha256(repr((sorted(files), failed, read, designs, about, _versions())).encode())
    digest.update(platform.dbt.fingerprint().encode())
    methods = sorted(settings.methods.glob("*.md")) if settings.methods else []
    digest.update(repr([page.name for page in methods]).encode())
    if settings.vault.exists():  # a revision of the open edition was asked for, or another vault was put there
        digest.update(repr(settings.vault.stat().st_mtime_ns).encode())
    code = sorted(path for kind in ("*.py", "*.sql") for path in Path(__file__).parent.rglob(kind))
    for path in (*sorted(settings.expectations.glob("*.yml")), *code):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _versions() -> list[str]:
    names = ("dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars", "pyarrow", "openpyxl", "altair")
    return [sys.version, *(f"{name} {version(name)}" for name in names)]
