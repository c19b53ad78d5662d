"""A damaged warehouse, release, log of runs or record of Dagster: the error names one command, which repairs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
from tally import Tally
from world import Bench, World, account, different_figures, faults_of_account, faults_of_release, sha256

BLOCK = 256 << 10


def _flip(file: Path, at: float, length: int) -> None:
    with file.open("rb+") as stream:
        stream.seek(int(file.stat().st_size * at) // BLOCK * BLOCK)
        place, found = stream.tell(), stream.read(length)
        stream.seek(place)
        stream.write(bytes(byte ^ 0x55 for byte in found))


def _another_warehouse_wal(world: World) -> None:
    other = world.home / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown; create table t as select 1 as i")
    other.with_suffix(".duckdb.wal").rename(world.warehouse.with_suffix(".duckdb.wal"))
    other.unlink()


def _folder(world: World) -> None:
    world.warehouse.unlink()
    world.warehouse.mkdir()


def _wal_of_bytes(world: World) -> None:
    world.warehouse.with_suffix(".duckdb.wal").write_bytes(os.urandom(10_000))


WAREHOUSE: dict[str, Callable[[World], object]] = {
    "bytes flipped at the head": lambda world: _flip(world.warehouse, 0, 3 * 4096),
    "bytes flipped at a quarter": lambda world: _flip(world.warehouse, 0.25, 2 * BLOCK),
    "bytes flipped in the middle": lambda world: _flip(world.warehouse, 0.5, 2 * BLOCK),
    "bytes flipped near the end": lambda world: _flip(world.warehouse, 0.9, 2 * BLOCK),
    "truncated to a half": lambda world: os.truncate(world.warehouse, world.warehouse.stat().st_size // 2),
    "emptied": lambda world: os.truncate(world.warehouse, 0),
    "text in its place": lambda world: world.warehouse.write_text("this is no database\n" * 500),
    "a folder in its place": _folder,
    "write-ahead log of another database": _another_warehouse_wal,
    "write-ahead log that is no log": _wal_of_bytes,
}


def warehouse(bench: Bench, tally: Tally, most: int | None) -> None:
    """The warehouse is damaged, a day is dropped, and a run begins."""
    right = bench.undisturbed("a day added")
    for case, damage in list(WAREHOUSE.items())[:most]:
        world = right.before.copy(bench.work / "damaged")
        damage(world)
        landed = _landed(world)
        ended = world.ended(world.start("run"))
        if ended.code == right.code:
            wrong = different_figures(world, right.after) + faults_of_account(world)
            wrong += [] if account(world) == account(right.after) else ["files or rows differ"]
            tally.demand(case, "the run does not meet it: figures and rows are equal", wrong)
            continue
        named = (
            []
            if ended.code == 1 and "hatinh rebuild" in ended.text and "Traceback" not in ended.text
            else [f"exit code {ended.code}: {ended.text[-500:]}"]
        )
        tally.demand(case, "exit code 1 and an error that names `hatinh rebuild`", named)
        wrong = faults_of_release(world) + different_figures(world, right.before)
        tally.demand(case, "the last release is untouched", wrong)
        rebuilt = world.ended(world.start("rebuild", "--yes"))
        wrong = [] if rebuilt.code == right.code else [f"exit code {rebuilt.code}: {rebuilt.text[-500:]}"]
        wrong = wrong or different_figures(world, right.after) + faults_of_account(world)
        tally.demand(case, "`hatinh rebuild` gives equal figures", wrong)
        now = _landed(world)
        tally.demand(case, "landed files are as they were", [p for p, s in landed.items() if now.get(p) != s])


def _landed(world: World) -> dict[str, str]:
    raw = world.data / "raw"
    return {str(path.relative_to(raw)): sha256(path) for path in raw.rglob("*") if path.is_file()}


LOGS = {
    "text in versions.json": b"not json",
    "versions.json truncated": b'{"current": "2026',
    "versions.json emptied": b"",
}
RECORDS = {
    "Dagster's runs.db is text": "history/runs.db",
    "Dagster's index.db is text": "history/runs/index.db",
    "Dagster's schedules.db is text": "schedules/schedules.db",
}


def files(bench: Bench, tally: Tally, most: int | None) -> None:
    """Other files are damaged: commands report it, and the next run or one command repairs it."""
    for case, content in list(LOGS.items())[:most]:
        _log(bench, tally, case, content)
    _parquet(bench, tally)
    for case, name in list(RECORDS.items())[:most]:
        _record(bench, tally, case, name)


def _fresh(bench: Bench) -> World:
    return bench.undisturbed("a day added").after.copy(bench.work / "damaged files")


def _log(bench: Bench, tally: Tally, case: str, content: bytes) -> None:
    world, right = _fresh(bench), bench.undisturbed("a day added")
    (world.marts / "versions.json").write_bytes(content)
    check, status = world.hatinh("check"), world.hatinh("status", "--json")
    wrong = [] if check.code in (0, 1) and status.code == 0 else [check.text[-300:], status.text[-300:]]
    tally.demand(case, "`check` and `status` answer; readers keep the release", wrong + faults_of_release(world))
    ended = world.ended(world.start("run"))
    wrong = [] if ended.code == right.code else [f"exit code {ended.code}: {ended.text[-400:]}"]
    wrong += [] if world.runs() and list(world.marts.glob("versions.corrupt-*")) else ["the log is not made again"]
    tally.demand(case, "the next run succeeds; the log is made again, the damaged one kept", wrong)


def _parquet(bench: Bench, tally: Tally) -> None:
    case, world = "truncated Parquet in `current`", _fresh(bench)
    release = world.release()
    assert release is not None
    parquet = release / "dossier_timeliness.parquet"
    parquet.chmod(0o644)
    os.truncate(parquet, parquet.stat().st_size - 500)
    doctor = world.hatinh("doctor", "--quiet")
    wrong = [] if doctor.code == 1 and parquet.name in doctor.text else [f"{doctor.code}: {doctor.text[-300:]}"]
    tally.demand(case, "`hatinh doctor` names the file, exit code 1", wrong)
    back = world.hatinh("rollback", min(path.name for path in (world.marts / "releases").iterdir()))
    wrong = [] if back.code == 0 else [back.text[-300:]]
    tally.demand(case, "`hatinh rollback` leads readers to a complete one", wrong + faults_of_release(world))


def _record(bench: Bench, tally: Tally, case: str, name: str) -> None:
    world, right = _fresh(bench), bench.undisturbed("a day added")
    record = world.home / "dagster" / name
    for path in record.parent.glob(f"{record.name}*"):
        path.unlink()
    record.write_text("no database\n" * 1000)
    world.drop(bench.day(22))
    ended = world.ended(world.start("run"))
    if ended.code == right.code:
        tally.demand(case, "the run does without it", faults_of_release(world))
        return
    folder = world.home / "dagster"
    named = ended.code in (1, 2) and f"records in {folder} is damaged" in ended.text and "Traceback" not in ended.text
    wrong = [] if named else [f"exit code {ended.code}: {ended.text[-500:]}"]
    tally.demand(case, "exit code 1 and an error that names the folder and what to do", wrong)
    wrong = faults_of_release(world) + different_figures(world, right.after)
    tally.demand(case, "the last release is untouched", wrong)
    for path in folder.iterdir():  # as the error states
        if path.name != "dagster.yaml":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = world.ended(world.start("run"))
    wrong = [] if again.code == right.code else [f"exit code {again.code}: {again.text[-400:]}"]
    tally.demand(case, "the next run succeeds when that was done", wrong + faults_of_release(world))
