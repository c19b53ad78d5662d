"""A clock that jumps: receipts keep the right day, versions their order, nothing is refused or late for ever."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from machine import NotAllowed, with_clock
from tally import Tally
from world import Bench, Ended, World, different_figures, faults_of_release

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
UNDATED = "sample-hoso-khong-ngay.ndjson.gz"
"""Without a day in its name: its day is the one on which it came."""


def clocks(bench: Bench, tally: Tally, most: int | None) -> None:
    """Every jump; where faketime is missing none is tried."""
    for case, jump in list(JUMPS.items())[:most]:
        try:
            jump(bench, tally, case)
        except NotAllowed as reason:
            tally.skip(case, str(reason))
    for case, (shift, zone) in list(ZONES.items())[:most]:
        try:
            _zone(bench, tally, case, shift, zone)
        except NotAllowed as reason:
            tally.skip(case, str(reason))


def _succeeds(tally: Tally, case: str, what: str, ended: Ended, code: int) -> None:
    tally.demand(case, what, [] if ended.code == code else [f"exit code {ended.code}: {ended.text[-500:]}"])


def _problems(world: World) -> list[str]:
    ended = world.hatinh("status", "--json")
    return [f"{problem['kind']}:{problem['subject']}" for problem in json.loads(ended.out)["problems"]]


def _receipts(world: World, name: str) -> list[dict[str, str]]:
    files = (world.data / "raw" / "dossiers").glob(f"*/*{name.split('.', maxsplit=1)[0]}*.receipt.json")
    return [json.loads(file.read_text("utf-8")) for file in files]


def _as_of(world: World, day: date) -> str:
    """The release that readers had on a day, as analysts ask for it."""
    import hatinh

    return hatinh.as_of(day, world.marts).id


def _year(bench: Bench, tally: Tally, case: str) -> None:
    """The clock is a year ahead for one run."""
    right = bench.undisturbed("a day added")
    world = right.before.copy(bench.work / "clock")
    before = world.release()
    assert before is not None
    ahead = with_clock(world, "+365d")
    world.drop(bench.day())
    # a year without a run: what is late or stale by that clock may be reported
    ended = ahead.ended(ahead.start("run"))
    tally.demand(case, "the run a year ahead succeeds", [] if ended.code in (0, 3) else [ended.text[-500:]])
    tally.demand(case, "its figures equal those of the right clock", different_figures(world, right.after))
    wrong = [receipt["extracted_on"] for receipt in _receipts(world, bench.day().name)]
    tally.demand(case, "receipts have the day of the file", [] if wrong == ["2026-08-21"] else wrong)
    later = world.release()
    world.drop(bench.day(22))
    ended = world.ended(world.start("run"))
    _succeeds(tally, case, "the run after the clock is right again succeeds, nothing is late", ended, right.code)
    now = world.release()
    tally.demand(case, "readers get the release of the last run, complete", [
        *([] if now not in (before, later) else ["readers keep an older one"]), *faults_of_release(world)
    ])  # fmt: skip
    runs = [run["release"] for run in world.runs() if run["release"]]
    tally.demand(case, "versions.json keeps the order of the runs", [] if now and runs[-1] == now.name else runs)
    today = datetime.now(VIETNAM).date()
    found = [_as_of(world, today), _as_of(world, today + timedelta(days=400))]
    wrong = [] if now and {*found} == {now.name} else found
    tally.demand(case, "as of today and later: the release that readers have", wrong)
    tally.demand(case, "no problem stays", _problems(world))
    pruned = world.hatinh("releases", "prune", "--keep", "1")
    tally.demand(
        case,
        "`releases prune` keeps the current one",
        [] if pruned.code == 0 and world.release() == now and now.is_dir() else [pruned.text],
    )


def _day_back(bench: Bench, tally: Tally, case: str) -> None:
    """A file lands, the run is killed by its clock: it goes back by a day before the work is done."""
    right = bench.undisturbed("a day added")
    world = right.before.copy(bench.work / "clock")
    content = gzip.decompress(bench.day().read_bytes())
    undated = bench.work / "undated.ndjson.gz"
    undated.write_bytes(gzip.compress(content, mtime=0))
    world.drop(undated, UNDATED)
    landed = world.ended(world.start("run", "--target", "telecom"))  # lands the file; dossiers are not loaded
    tally.demand(case, "a run of another target lands the file", [] if landed.code in (0, 3) else [landed.text[-500:]])
    today = datetime.now(VIETNAM).date().isoformat()
    days = [receipt["extracted_on"] for receipt in _receipts(world, UNDATED)]
    tally.demand(case, "its receipt has the day in Vietnam", [] if days == [today] else days)
    back = with_clock(world, "-1d")
    ended = back.ended(back.start("run"))
    _succeeds(tally, case, "the run a day earlier succeeds", ended, right.code)
    again = world.ended(world.start("run"))
    _succeeds(tally, case, "the run after it, by the right clock, succeeds", again, right.code)
    tally.demand(case, "readers get a complete release", faults_of_release(world))
    runs = [run["release"] for run in world.runs() if run["release"]]
    now = world.release()
    tally.demand(case, "versions.json ends with what readers have", [] if now and runs[-1] == now.name else runs)


def _year_back(bench: Bench, tally: Tally, case: str) -> None:
    """The clock is a year behind for one run, as of a machine whose battery is empty."""
    right = bench.undisturbed("a day added")
    world = right.before.copy(bench.work / "clock")
    behind = with_clock(world, "-365d")
    world.drop(bench.day())
    ended = behind.ended(behind.start("run"))
    wrong = [] if ended.code in (0, 1, 3) else [ended.text[-500:]]
    tally.demand(case, "the run a year behind ends with its exit code", wrong)
    tally.demand(case, "readers have a complete release", faults_of_release(world))
    world.drop(bench.day())  # dropped again, as the page of operations states
    ended = world.ended(world.start("run"))
    _succeeds(tally, case, "the run after the clock is right again succeeds", ended, right.code)
    days = [receipt["extracted_on"] for receipt in _receipts(world, bench.day().name)]
    tally.demand(
        case,
        "the file has its right day, at the latest when it is dropped again",
        [] if days == ["2026-08-21"] else days,
    )
    tally.demand(case, "figures equal those of the right clock", different_figures(world, right.after))
    tally.demand(case, "no problem stays", _problems(world))


def _zone(bench: Bench, tally: Tally, case: str, shift: str, zone: str) -> None:
    """A machine in another time zone: the day of a file is the day in Vietnam, and figures are the same."""
    right = bench.undisturbed("a day added")
    world = right.before.copy(bench.work / "clock")
    placed = with_clock(world, shift, TZ=zone)
    world.drop(bench.day())
    (world.data / "drop" / "petitions").mkdir(parents=True, exist_ok=True)
    (world.data / "drop" / "petitions" / "sample-khong-ngay.json").write_text("[]")
    begun = datetime.now(UTC)
    ended = placed.ended(placed.start("run"))
    moments = [begun, datetime.now(UTC)]
    if shift.startswith("@"):
        local = datetime.fromisoformat(shift[1:]).replace(tzinfo=ZoneInfo(zone))
        moments = [local, local + timedelta(seconds=1)]
    days = {moment.astimezone(VIETNAM).date().isoformat() for moment in moments}
    files = (world.data / "raw" / "petitions").glob("*/*khong-ngay*.receipt.json")
    found = [json.loads(file.read_text("utf-8"))["extracted_on"] for file in files]
    tally.demand(
        case, "a file without a day in its name has the day in Vietnam", [] if found and {*found} <= days else found
    )
    tally.demand(case, "the run succeeds", [] if ended.code in (0, 3) else [ended.text[-500:]])
    wrong = different_figures(world, right.after)
    tally.demand(case, "figures equal those of a machine in Vietnam", wrong)


JUMPS = {
    "a year forward and back": _year,
    "a day back between landing and run": _day_back,
    "a year back and forward": _year_back,
}
# clocks of days on which no more reports are due than on those of the right run
ZONES = {
    "time zone 14 hours ahead": ("+0", "Pacific/Kiritimati"),
    "time zone 11 hours behind": ("+0", "Pacific/Pago_Pago"),
    "the hour that summer time repeats": ("@2026-11-01 01:30:00", "America/New_York"),
    "the hour that summer time skips": ("@2026-10-04 02:30:00", "Australia/Sydney"),
}
