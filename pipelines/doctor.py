"""What a run needs, looked at one by one, with the mend beside what is wrong."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version

import duckdb

from pipelines.landing.store import Landing, LandingError
from pipelines.quality.registries import faults
from pipelines.release.files import ReleaseError
from pipelines.release.store import ReleaseStore
from pipelines.settings import ENV_PREFIX, Settings, unknown_settings
from pipelines.sources import all_sources
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.load import refused_files
from pipelines.warehouse.pseudonyms import KeyProblem, read_key

PACKAGES = (
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "polars",
    "pyarrow",
)
ENOUGH_DISK_GB = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, and how it stands or what to do."""

    what: str
    good: bool
    how: str


def examine(settings: Settings, today: date) -> list[Finding]:
    """Everything worth knowing before a run, or after one that failed."""
    return [
        *_environment(today),
        *_key(settings),
        *_registries(settings),
        *(Finding("addresses", False, said) for said in unknown_addresses(settings)),
        *(Finding("settings", False, said) for said in unknown_settings()),
        *_disk(settings),
        *_landed(settings),
        *_refused(settings),
        *_release(settings),
        *_lock(settings),
        *_settings(settings),
    ]


def unknown_addresses(settings: Settings) -> list[str]:
    """What HATINH_ADDRESSES names and no source is called: it would never be pulled, without a word."""
    known = ", ".join(all_sources())
    return [
        f"HATINH_ADDRESSES names {name!r}, which is no source. Known: {known}"
        for name in sorted(settings.addresses.keys() - all_sources().keys())
    ]


def _environment(today: date) -> Iterator[Finding]:
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding("Python", fits, sys.version.split()[0] + ("" if fits else ": 3.11 to 3.13 is needed"))
    for package in PACKAGES:
        try:
            yield Finding(package, True, version(package))
        except PackageNotFoundError:
            yield Finding(package, False, "not installed: make install")
    yield Finding("clock", today.year >= 2026, f"{today}" + ("" if today.year >= 2026 else ": set the system clock"))


def _key(settings: Settings) -> Iterator[Finding]:
    path = settings.pseudonym_key
    try:
        read_key(path)
    except KeyProblem as problem:
        yield Finding("pseudonym key", False, str(problem))
        return
    private = path.stat().st_mode & 0o077 == 0
    yield Finding("pseudonym key", private, f"{path}" + ("" if private else f": others can read it, chmod 600 {path}"))


def _registries(settings: Settings) -> Iterator[Finding]:
    wrong = faults(settings.seeds, settings.methods, settings.province_code)
    for fault in wrong:
        yield Finding("registry", False, str(fault))
    if not wrong:
        yield Finding("registries", True, f"{settings.seeds} holds together")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    writable = os.access(folder, os.W_OK)
    yield Finding("data folder", writable, f"{settings.data}" + ("" if writable else ": cannot be written"))
    yield Finding("disk", free >= ENOUGH_DISK_GB, f"{free:.1f} GB free, at least {ENOUGH_DISK_GB} wanted")


def _landed(settings: Settings) -> Iterator[Finding]:
    landing = Landing(settings.raw)
    for source in all_sources():
        try:
            receipts = landing.in_force(source)
            for receipt in receipts:
                landing.verify(receipt)
        except (LandingError, ValueError) as error:
            yield Finding(f"files of {source}", False, str(error))
        else:
            yield Finding(f"files of {source}", True, f"{len(receipts)} in force, their sums are right")


def _refused(settings: Settings) -> Iterator[Finding]:
    """The files of which the last load took nothing; a warehouse that a run holds is not opened."""
    warehouse = Warehouse(settings.warehouse)
    if not settings.warehouse.exists() or warehouse.holder() is not None:
        return
    try:
        with warehouse.connect(read_only=True) as connection:
            refused = refused_files(connection)
    except duckdb.Error as error:
        yield Finding("warehouse", False, f"{settings.warehouse} cannot be read ({type(error).__name__})")
        return
    for source, files in refused.items():
        for name, reason in files:
            advice = "drop a corrected file, or `hatinh withdraw` this one"
            yield Finding(f"file of {source}", False, f"{name} was refused: {reason}. {advice}")


def _release(settings: Settings) -> Iterator[Finding]:
    store = ReleaseStore(settings.marts)
    try:
        current = store.current()
        if current is None:
            yield Finding("release", True, "none yet: hatinh run")
            return
        store.verify(current.id)
    except ReleaseError as error:
        yield Finding("release", False, str(error))
    else:
        yield Finding("release", True, f"{current.id}, as described")


def _lock(settings: Settings) -> Iterator[Finding]:
    holder = Warehouse(settings.warehouse).holder()
    yield Finding("warehouse", True, f"held by {holder}" if holder else "free")


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        mark = "" if value == field.get_default(call_default_factory=True) else " (set)"
        if name == "addresses":
            value = ", ".join(value) or "none"  # an address may carry a token
        yield Finding(f"{ENV_PREFIX}{name.upper()}", True, f"{value}{mark}")
