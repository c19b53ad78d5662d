"""What a run needs, looked at one by one, with how to fix what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from pipelines.landing.store import Landing, LandingError
from pipelines.language import day, later, tr
from pipelines.quality.registries import faults
from pipelines.reasons import refusal_in_words
from pipelines.release.files import ReleaseError
from pipelines.release.store import ReleaseStore
from pipelines.seeds import seed_sql
from pipelines.settings import ENV_PREFIX, WAITS_FOR, Settings, unknown_settings
from pipelines.sources import all_sources
from pipelines.state import read_state
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


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is good, and how it stands or what to do. `of` names the source."""

    what: str
    good: bool
    how: str
    of: str = ""

    @property
    def key(self) -> str:
        """Its name for programs, in English."""
        return f"{self.what} {self.of}".rstrip()

    @property
    def title(self) -> str:
        return f"{tr(self.what)} {self.of}".rstrip()


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Everything worth knowing before a run, or after one that failed."""
    return [
        *_environment(now),
        *_key(settings),
        *_registries(settings),
        *(Finding(later("addresses"), False, said) for said in unknown_addresses(settings)),
        *(Finding(later("settings"), False, said) for said in unknown_settings()),
        *_data_folder(settings),
        *_landed(settings),
        *_release(settings),
        *_warehouse(settings),
        *_dagster(settings),
        *_state(settings, now),
        *_settings(settings),
    ]


def unknown_addresses(settings: Settings) -> list[str]:
    """Names in HATINH_ADDRESSES and HATINH_DELIVERIES that no source has: nothing would ever come of them."""
    known = all_sources().keys()
    given = (("HATINH_ADDRESSES", settings.addresses), ("HATINH_DELIVERIES", settings.deliveries))
    return [
        tr(
            "{setting} names {name}, which is no source. Known: {known}",
            setting=setting,
            name=repr(name),
            known=", ".join(known),
        )
        for setting, names in given
        for name in sorted(names.keys() - known)
    ]


def _environment(now: datetime) -> Iterator[Finding]:
    today = now.date()
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Finding("Python", fits, sys.version.split()[0] + ("" if fits else ": " + tr("3.11 to 3.13 is needed")))
    for package in PACKAGES:
        try:
            yield Finding(package, True, version(package))
        except PackageNotFoundError:
            yield Finding(package, False, tr("not installed: make install"))
    yield Finding(
        later("clock"),
        today.year >= 2026,
        day(today) + ("" if today.year >= 2026 else ": " + tr("set the system clock")),
    )


def _key(settings: Settings) -> Iterator[Finding]:
    path = settings.pseudonym_key
    try:
        read_key(path)
    except KeyProblem as problem:
        yield Finding(later("pseudonym key"), False, str(problem))
        return
    status, wrong = path.stat(), []
    if status.st_mode & 0o077:
        wrong.append(tr("others can read it, chmod 600 {path}", path=path))
    if path.resolve().parent.stat().st_mode & 0o022:
        wrong.append(tr("others can replace it, chmod 700 {folder}", folder=path.parent))
    if hasattr(os, "getuid") and os.getuid() not in (0, status.st_uid):
        wrong.append(tr("it belongs to another user, chown it to the user of the pipeline"))
    if path.resolve().is_relative_to(settings.data.resolve()):
        wrong.append(tr("it lies in the data folder: a copy of the data would carry it, move it elsewhere"))
    yield Finding(later("pseudonym key"), not wrong, "; ".join([str(path), *wrong]))


def _registries(settings: Settings) -> Iterator[Finding]:
    wrong = faults(settings.seeds, settings.methods, settings.province_code)
    for fault in wrong:
        yield Finding(later("registry"), False, str(fault))
    if not wrong:
        yield Finding(later("registries"), True, tr("{folder} has no fault", folder=settings.seeds))


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    while not folder.exists():
        folder = folder.parent
    writable = os.access(folder, os.W_OK)
    yield Finding(
        later("data folder"), writable, f"{settings.data}" + ("" if writable else ": " + tr("cannot be written"))
    )
    for private in (settings.raw, settings.warehouse.parent):
        if private.exists() and private.stat().st_mode & 0o077:
            yield Finding(
                later("rights"), False, tr("others can look into {folder}: chmod 700 {folder}", folder=private)
            )


def _landed(settings: Settings) -> Iterator[Finding]:
    landing = Landing(settings.raw)
    for source in all_sources():
        try:
            receipts = landing.active(source)
            for receipt in receipts:
                landing.verify(receipt)
        except (LandingError, ValueError) as error:
            yield Finding(later("files of"), False, str(error), source)
        else:
            yield Finding(
                later("files of"), True, tr("{count} active, their sums are right", count=len(receipts)), source
            )


def _release(settings: Settings) -> Iterator[Finding]:
    store = ReleaseStore(settings.marts)
    try:
        current = store.current()
        if current is None:
            yield Finding(later("release"), True, tr("none yet: hatinh run"))
            return
        store.verify(current.id)
    except ReleaseError as error:
        yield Finding(later("release"), False, str(error))
    else:
        yield Finding(later("release"), True, tr("{release}, as described", release=current.id))
        foreign = foreign_rows(current.path / "marts.duckdb", settings)
        stated = ", ".join(f"{table}: {rows}" for table, rows in foreign.items())
        good = tr("every area is in {registry}", registry=f"{settings.seeds.name}/areas.csv")
        how = tr(
            "rows of areas that are not of this province, {counts}: other data or another registry; hatinh rebuild",
            counts=stated,
        )
        yield Finding(later("areas"), not foreign, how if foreign else good)


def foreign_rows(database: Path, settings: Settings) -> dict[str, int]:
    """By table, rows of communes and districts that are not in the registry of areas. Two digits are another province,
    for comparison; words are rows without a commune."""
    areas = seed_sql(settings.seeds, "'areas'")
    found = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name from duckdb_columns() where column_name = 'area_code' and not internal "
            "order by all"
        ).fetchall()
        for schema, table in rows:
            counted = connection.execute(
                f'select count(*) from "{schema}"."{table}" '
                "where regexp_full_match(area_code, '[0-9]{3}|[0-9]{5}') "
                f"and area_code not in (select a.area_code from {areas} as a)"
            ).fetchone()
            if counted and counted[0]:
                found[str(table if schema == "main" else f"{schema}.{table}")] = int(counted[0])
    return found


def _warehouse(settings: Settings) -> Iterator[Finding]:
    """Opened, where no run holds it: a damaged file is known before the next run, and what the last load refused."""
    warehouse = Warehouse(settings.warehouse, settings.memory_limit, settings.threads)
    if holder := warehouse.holder():
        yield Finding(later("warehouse"), True, tr("held by {holder}", holder=holder))
    elif not settings.warehouse.exists():
        yield Finding(later("warehouse"), True, tr("none yet: hatinh run"))
    else:
        try:
            with warehouse.connect(read_only=True) as connection:
                counted = connection.execute("select count(*), coalesce(sum(rows_loaded), 0) from raw.files").fetchone()
        except duckdb.Error as error:
            yield Finding(
                later("warehouse"),
                False,
                tr("cannot be read ({error}): hatinh rebuild makes it again", error=type(error).__name__),
            )
            return
        files, rows = counted or (0, 0)
        yield Finding(later("warehouse"), True, tr("free, {files} files, {rows} rows loaded", files=files, rows=rows))
        yield from _refused(settings)


def _refused(settings: Settings) -> Iterator[Finding]:
    """The files of which the last load took nothing; a warehouse that a run holds is not opened."""
    warehouse = Warehouse(settings.warehouse)
    if not settings.warehouse.exists() or warehouse.holder() is not None:
        return
    with warehouse.connect(read_only=True) as connection:
        refused = refused_files(connection)
    for source, files in refused.items():
        for name, reason in files:
            text = tr("{name} was refused: {reason}. Drop a corrected file, or `hatinh withdraw` this one")
            yield Finding(later("file of"), False, text.format(name=name, reason=refusal_in_words(reason)), source)


def _dagster(settings: Settings) -> Iterator[Finding]:
    """What Dagster's own configuration must state: one run at a time, nothing sent home."""
    import yaml

    path = settings.dagster_home / "dagster.yaml"
    if not path.exists():
        yield Finding("Dagster", True, tr("{path}: made by the first run", path=path))
        return
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        runs = ((given.get("concurrency") or {}).get("runs") or {}).get("max_concurrent_runs")
        queue = given.get("run_coordinator") or {}
        limits = (queue.get("config") or {}).get("tag_concurrency_limits") or []
        is_tagged = queue.get("class") == "OneWriter" and any(
            limit.get("key") == WAITS_FOR and limit.get("limit") == 1 for limit in limits
        )
        is_quiet = (given.get("telemetry") or {}).get("enabled") is False
    except (OSError, yaml.YAMLError, AttributeError) as error:
        yield Finding(
            "Dagster",
            False,
            tr("{path} cannot be read ({error}): copy .dagster/dagster.yaml", path=path, error=type(error).__name__),
        )
        return
    wrong = (
        [] if runs == 1 or is_tagged else [tr("max_concurrent_runs must be 1, or run_coordinator OneWriter as shipped")]
    )
    wrong += [] if is_quiet else [tr("telemetry.enabled must be false: nothing leaves the machine")]
    yield Finding("Dagster", not wrong, "; ".join([str(path), *wrong]))


def _state(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Deliveries, drop folder, disk and the age of the last good run, as `hatinh check` judges them."""
    state = read_state(settings, now)
    success = state.last_success_at
    yield Finding(later("last good run"), True, f"{success:%Y-%m-%d %H:%M} UTC" if success else tr("none yet"))
    for problem in (found for found in state.problems if found.kind != "refused"):
        yield Finding(problem.kind, False, f"{problem.subject}: {problem.text}")


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        mark = "" if value == field.get_default(call_default_factory=True) else f" ({tr('set')})"
        if name == "addresses":
            value = tuple(value)  # an address may carry a token
        if name == "alerts":
            value = tuple(destination.partition(":")[0] for destination in value)  # so may a webhook
        if isinstance(value, dict):
            value = tuple(f"{key}: {given}" for key, given in value.items())
        if isinstance(value, tuple):
            value = ", ".join(map(str, value))
        shown = tr("not set") if value in (None, "") else value
        yield Finding(f"{ENV_PREFIX}{name.upper()}", True, f"{shown}{mark}")
