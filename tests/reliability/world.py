"""An installation for each trial: a copy of the project, a data folder with the samples, real `hatinh` processes.

The copy keeps dbt's parse between runs, as a machine in use does, and nobody's edit changes what is tried half-way.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.processes import tree
from pipelines.release.compare import compare
from pipelines.release.store import ReleaseStore
from samples.dossiers import write_delta, write_dossiers

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "data", "dist", "target", "__pycache__", "wheelhouse", ".*_cache")
HISTORY: dict[str, Any] = {"rows": 300, "seed": 7, "first": date(2026, 5, 1), "last": date(2026, 8, 20)}
LIMITS = {"memory_limit": "1GB", "threads": "2"}
ABOUT_RELEASES = {"release_changes"}
"""Tables about the path that led to a release and not about the province."""
LONGEST_SECONDS = 1800
PARSE = """
from pipelines.platform import Platform
from pipelines.settings import load_settings
Platform(load_settings()).dbt.manifest()
"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that it wrote, on one line: terminals break lines where they like."""
        return " ".join((self.out + " " + self.err).split())


@dataclass(frozen=True)
class World:
    """One installation. `prefix` is put before each command: another namespace, clock or user."""

    home: Path
    code: Path
    prefix: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def marts(self) -> Path:
        return self.data / "marts"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse" / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("HATINH_", "DAGSTER_", "DBT_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        return kept | {
            "HATINH_DATA_DIR": str(self.data),
            "HATINH_DAGSTER_DIR": str(self.home / "dagster"),
            "HATINH_PSEUDONYM_KEY_FILE": str(self.home / "key"),
            "HATINH_DROP_SETTLE_SECONDS": "0",
            "HATINH_LANGUAGE": "en",
            "HATINH_MIN_FREE_GB": "0",
            "TMPDIR": str(self.home / "tmp"),
            "COLUMNS": "200",
            **self.extra,
        }

    def start(self, *arguments: str, log: str = "run") -> subprocess.Popen[bytes]:
        """`hatinh ...` in a process group of its own; what it writes goes to files of this name."""
        (self.home / "tmp").mkdir(exist_ok=True)
        with (self.home / f"{log}.out").open("wb") as out, (self.home / f"{log}.err").open("wb") as err:
            return subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "pipelines.cli", *arguments],
                cwd=self.code,
                env=self.environment,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def ended(self, process: subprocess.Popen[bytes], log: str = "run") -> Ended:
        """Wait for a process that `start` gave. One that hangs is killed, and its code shows it."""
        try:
            process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out, err = ((self.home / f"{log}.{end}").read_text("utf-8", "replace") for end in ("out", "err"))
        return Ended(process.returncode, out, err)

    def hatinh(self, *arguments: str) -> Ended:
        return self.ended(self.start(*arguments, log="command"), "command")

    def copy(self, home: Path) -> World:
        """The same installation in another folder."""
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.home, home, symlinks=True)
        return replace(self, home=home)

    def drop(self, file: Path, name: str | None = None) -> None:
        folder = self.data / "drop" / "dossiers"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, folder / (name or file.name))

    def release(self) -> Path | None:
        link = self.marts / "current"
        # not resolved: the way through /proc to a mount of others would be lost
        return link.parent / link.readlink() if link.is_symlink() else None

    def runs(self) -> list[dict[str, Any]]:
        return list(json.loads((self.marts / "versions.json").read_text("utf-8"))["runs"])


def new_world(home: Path, code: Path) -> World:
    """An installation with the shipped samples as landed files, but for dossiers, and a key."""
    world = World(home, code)
    for path in sorted((ROOT / "data" / "raw").glob("*/*/sample-*")):
        place = world.data / "raw" / path.relative_to(ROOT / "data" / "raw")
        if place.parts[-3] != "dossiers":
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    assert world.hatinh("key", "make").code == 0
    return world


@dataclass(frozen=True)
class Step:
    """Work for one run: what is put before it. `after` is the world behind an undisturbed run of it."""

    name: str
    prepare: Callable[[World], None]


@dataclass(frozen=True)
class Undisturbed:
    """A world before and after a step that nothing disturbed, the processor time of the run and its exit code."""

    before: World
    after: World
    cpu_seconds: float
    code: int


@dataclass
class Bench:
    """Folder of all worlds, the copy of the project, and the runs that nothing disturbed, each made once."""

    work: Path
    done: dict[str, Undisturbed] = field(default_factory=dict)

    @cached_property
    def code(self) -> Path:
        if not (self.work / "code").exists():
            shutil.copytree(ROOT, self.work / "code", ignore=LEFT_OUT)
            commit = subprocess.run(
                ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
            )
            (self.work / "code" / "COMMIT").write_text(commit.stdout.strip())
            # dbt's parse is kept from now on, so that all runs are alike in length
            world = World(self.work, self.work / "code", extra={"TMPDIR": str(self.work)})
            subprocess.run([sys.executable, "-c", PARSE], cwd=world.code, env=world.environment, check=True)
        return self.work / "code"

    @property
    def version(self) -> str:
        """Of the project that is tried: the package's, and the commit."""
        return f"{version('hatinh-statistics')}+{(self.code / 'COMMIT').read_text().strip()}".rstrip("+")

    @cached_property
    def files(self) -> Path:
        folder, seeds = self.work / "files", self.code / "dbt_project" / "seeds"
        if folder.exists():
            return folder
        write_dossiers(folder / "history", seeds, **HISTORY)
        known = {f"history_{name}": value for name, value in HISTORY.items()}
        for day in (21, 22):
            write_delta(folder / "days", seeds, rows=40, seed=7, day=date(2026, 8, day), **known)
        return folder

    def day(self, number: int = 21) -> Path:
        return self.files / "days" / f"sample-hoso-2026-08-{number}.ndjson.gz"

    def steps(self) -> tuple[Step, ...]:
        def first(world: World) -> None:
            for file in sorted((self.files / "history").iterdir()):
                world.drop(file)

        def correct(world: World) -> None:
            wrong = self.day().name
            assert world.hatinh("withdraw", "dossiers", wrong, "--reason", "another export").code == 0
            world.drop(self.day(22))

        return (
            Step("first release", first),
            Step("a day added", lambda world: world.drop(self.day())),
            Step("a correction", correct),
        )

    def undisturbed(self, name: str) -> Undisturbed:
        """The step after all before it, run once without disturbance."""
        before = None
        for step in self.steps():
            kept_run = self.work / f"after {step.name}" / "undisturbed.json"
            if step.name not in self.done and kept_run.exists():  # of an earlier call on the same folder
                used, code = json.loads(kept_run.read_text())
                kept, after = (World(self.work / f"{place} {step.name}", self.code) for place in ("before", "after"))
                self.done[step.name] = Undisturbed(kept, after, used, code)
            if step.name not in self.done:
                begun = before.after if before else new_world(self.work / "empty", self.code)
                kept = begun.copy(self.work / f"before {step.name}")
                step.prepare(kept)
                after = kept.copy(self.work / f"after {step.name}")
                process = after.start("run")
                used = 0.0
                while process.poll() is None:
                    used = max(used, cpu_seconds(process.pid))
                    with_pause(process)
                ended = after.ended(process)
                assert ended.code in (0, 3), ended.text[-2000:]
                kept_run.write_text(json.dumps([used, ended.code]))
                self.done[step.name] = Undisturbed(kept, after, used, ended.code)
            before = self.done[step.name]
            if step.name == name:
                return before
        raise KeyError(name)


def with_pause(process: subprocess.Popen[bytes], seconds: float = 0.02) -> None:
    """Wait a moment, less if the process ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and all that it started have used. It does not pass faster on a quiet machine, so
    that a moment of a run stays the same moment however busy the machine is."""
    ticks = 0
    for one in tree(pid):
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def faults_of_release(world: World) -> list[str]:
    """What a reader finds wrong in the current release: every file of both editions against its hash, each Parquet
    read. Own code: the product's is what is tried."""
    folder = world.release()
    if folder is None:
        return []
    found = []
    for edition in (folder, folder / "open"):
        try:
            package = json.loads((edition / "datapackage.json").read_bytes())
        except (OSError, ValueError) as error:
            return [f"{edition.name}: {type(error).__name__}"]
        for item in described(package):
            file = edition / item["path"]
            if not file.is_file() or sha256(file) != item["hash"].removeprefix("sha256:"):
                found.append(f"{edition.name}/{item['path']} is not as described")
            elif file.suffix == ".parquet" and "rows" in item:
                rows = duckdb.execute("select count(*) from read_parquet(?)", [str(file)]).fetchone()
                found += [] if rows == (item["rows"],) else [f"{edition.name}/{item['path']} has other rows"]
    if json.loads((folder / "datapackage.json").read_bytes())["id"] != folder.name:
        found.append("the description is of another release")
    return found


def described(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every file that a description names with its hash."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str) and str(value.get("hash", "")).startswith("sha256:"):
            yield value
        for inner in value.values():
            yield from described(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from described(inner)


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def figures(world: World) -> dict[str, str]:
    """Every table of the current release with its hash, of both editions: the same rows give the same bytes."""
    folder = world.release()
    if folder is None:
        return {}
    return {
        f"{edition.name}/{resource['name']}": resource["hash"]
        for edition in (folder, folder / "open")
        for resource in json.loads((edition / "datapackage.json").read_bytes())["resources"]
        if resource["name"] not in ABOUT_RELEASES
    }


def tables(world: World) -> dict[str, str]:
    """`figures` without the name of the release."""
    release = world.release()
    return {name.removeprefix(f"{release.name}/") if release else name: value for name, value in figures(world).items()}


def different_figures(world: World, right: World) -> list[str]:
    """In what tables the current releases of two worlds differ, as `hatinh releases diff` finds it."""
    ours, theirs = ReleaseStore(world.marts).current(), ReleaseStore(right.marts).current()
    if ours is None or theirs is None:
        return [] if ours is theirs else ["one has no release"]
    found = compare(theirs, ours, LIMITS)
    wrong = [moved.table for moved in found.tables if moved.table not in ABOUT_RELEASES] + [
        str(c) for c in found.schema
    ]
    if not wrong and tables(world).keys() != tables(right).keys():
        wrong.append("another set of tables")
    return wrong


def account(world: World) -> dict[str, Any]:
    """The files that the warehouse holds with their counts, and the rows of each raw table."""
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        files = connection.execute(
            "select source, sha256, status, rows_in, rows_loaded, rows_quarantined from raw.files order by all"
        ).fetchall()
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' and table_name <> 'files' order by all"
        ).fetchall()
        counts = {name: connection.execute(f'select count(*) from raw."{name}"').fetchone() for (name,) in names}
    return {"files": files, "rows": counts}


def faults_of_account(world: World) -> list[str]:
    """Files that the warehouse holds twice, or whose rows are not all loaded or rejected."""
    found = account(world)
    files = [tuple(row[:2]) for row in found["files"]]
    wrong = [f"{row[0]}: rows in are not loaded + rejected" for row in found["files"] if row[3] != row[4] + row[5]]
    wrong += ["a file is there twice"] if len(set(files)) != len(files) else []
    loaded = sum(row[4] for row in found["files"])
    rejected = sum(row[5] for row in found["files"])
    held = sum(count[0] for name, count in found["rows"].items() if name != "quarantine")
    wrong += [f"{held} rows of {loaded} loaded"] if held != loaded else []
    wrong += ["rejects are missing"] if found["rows"]["quarantine"][0] != rejected else []
    return wrong


def litter(world: World) -> list[str]:
    """What nobody needs after a run that ended well: staging folders, temporary files, spilled data."""
    places = [path for root in (world.data, world.home / "tmp") for path in root.rglob("*")]
    return sorted(
        path.relative_to(world.home).as_posix()
        for path in places
        if path.is_relative_to(world.home / "tmp")
        or path.name.startswith((".staging-", ".landing-"))
        or path.name.endswith((".tmp", ".wal"))
        or (path.parent.name == "spill")
    )
