"""A full disk, and folders that may not be written: a clear error, readers as before, the next run succeeds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from machine import NotAllowed, fill, inside, mounted, read_only
from tally import Tally
from world import Bench, World, different_figures, faults_of_account, faults_of_release, litter, tables

KIB, MIB = 1 << 10, 1 << 20
POINTS = {
    "room for nothing": 0,
    "room for the landing only": 256 * KIB,
    "room for the warehouse, not for the release": 14 * MIB,
}
DISK_MIB = 1024
SAYS_FULL = ("disk", "space", "room")


def full(bench: Bench, tally: Tally, most: int | None) -> None:
    """A day is added on a file system that is full at three points."""
    right = bench.undisturbed("a day added")
    for case, left in list(POINTS.items())[:most]:
        home = bench.work / "full"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        world = World(home, bench.code)
        try:
            with mounted(world, [f"mount -t tmpfs -o size={DISK_MIB}m none '{home}'"]) as small:
                root = inside(small, home)
                shutil.copytree(right.before.home, root, symlinks=True, dirs_exist_ok=True)
                (root / "tmp").mkdir(exist_ok=True)
                fill(root, left)
                _no_room(small, root, tally, case, right.before)
                (root / "filler").unlink()
                again = small.ended(small.start("run"))
                seen = _seen(small, root, bench.work)
                wrong = [] if again.code == right.code else [f"exit code {again.code}: {again.text[-400:]}"]
                wrong = wrong or [
                    *different_figures(seen, right.after),
                    *faults_of_account(seen),
                    *faults_of_release(seen),
                    *({*litter(seen)} - {*litter(right.after)}),
                ]
                tally.demand(case, "after room is made the next run succeeds: equal figures, nothing left over", wrong)
        except NotAllowed as reason:
            tally.skip(case, str(reason))


def _no_room(world: World, root: Path, tally: Tally, case: str, before: World) -> None:
    # what the shell keeps of the output lies on the full disk too: it goes elsewhere
    logs = before.home.parent / "logs"
    logs.mkdir(exist_ok=True)
    log = f"../logs/{case.rsplit(maxsplit=1)[-1]}"
    ended = world.ended(world.start("run", log=log), log)
    wrong = [] if ended.code in (1, 2) else [f"exit code {ended.code}"]
    wrong += [] if any(word in ended.text.lower() for word in SAYS_FULL) else ["the disk is not named"]
    wrong += ["a traceback"] if "Traceback" in ended.text else []
    tally.demand(case, "exit code 1 and an error that names the disk", [*wrong, ended.text[-500:]] if wrong else [])
    seen = _seen(world, root, before.home.parent)
    unlike = [] if tables(seen) == tables(before) else ["other tables"]
    tally.demand(case, "the last release is untouched", faults_of_release(seen) + unlike)


def _seen(world: World, root: Path, work: Path) -> World:
    """A copy of what lies on the small disk: libraries resolve paths, and would leave it by the way through /proc."""
    shutil.rmtree(work / "seen", ignore_errors=True)
    shutil.copytree(root, work / "seen", symlinks=True, ignore=shutil.ignore_patterns("filler"))
    return World(work / "seen", world.code)


def denied(bench: Bench, tally: Tally, most: int | None) -> None:
    """Folders and files on a read-only mount, which stops root too."""
    right = bench.undisturbed("a day added")
    places: dict[str, Callable[[World], Path]] = {
        "data folder": lambda world: world.data,
        "data/raw": lambda world: world.data / "raw",
        "data/marts": lambda world: world.marts,
        "warehouse folder": lambda world: world.warehouse.parent,
        "warehouse file": lambda world: world.warehouse,
        "drop folder": lambda world: world.data / "drop",
        "Dagster's folder": lambda world: world.home / "dagster",
        "dbt project": lambda world: world.code / "dbt_project",
        "temporary folder": lambda world: world.home / "tmp",
    }
    for case, place in list(places.items())[:most]:
        world = right.before.copy(bench.work / "denied")
        (world.home / "tmp").mkdir(exist_ok=True)
        try:
            with mounted(world, read_only(place(world))) as closed:
                ended = closed.ended(closed.start("run"))
        except NotAllowed as reason:
            tally.skip(case, str(reason))
            continue
        if ended.code in (0, 3) and tables(world) == tables(right.after):
            wrong = different_figures(world, right.after)
            wrong += ["the file that stays is not named"] if case == "drop folder" and ended.code != 3 else []
            tally.demand(case, "the run does without and its figures are equal", wrong)
            continue
        is_named = str(place(world)) in ended.text.replace(" ", "") or "read-only" in ended.text.lower()
        wrong = (
            []
            if is_named and "Traceback" not in ended.text and ended.code in (1, 2, 3)
            else [f"exit code {ended.code}: {ended.text[-500:]}"]
        )
        tally.demand(case, "exit code not 0 and an error that names the place or states that it is read-only", wrong)
        same = [] if tables(world) in (tables(right.before), tables(right.after)) else ["other tables"]
        tally.demand(case, "the last release is untouched", faults_of_release(world) + same)
        again = world.ended(world.start("run"))
        wrong = [] if again.code == right.code else [f"exit code {again.code}: {again.text[-400:]}"]
        tally.demand(
            case,
            "once it may be written the next run gives equal figures",
            wrong or different_figures(world, right.after),
        )
