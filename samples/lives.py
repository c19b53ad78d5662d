"""The life of made-up dossiers: when each arrives, how long it takes, how it ends, and its state on any day.

Blocks are drawn at once as arrays. A block depends only on (seed, block number, days of receipt), so any dossier
can be drawn again later with the same outcome; its state on a day is a function of its life, never a new draw.

Times are seconds since 1970-01-01 00:00 on Vietnamese clocks; NEVER is the time of an event that does not happen.

The on-time rule holds as QĐ 766/QĐ-TTg (item 2.1) has it: the end is the end of processing, else the return, else the
refusal; waiting for supplements is deducted; two requests for supplements make a dossier late.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import numpy as np

from samples.catalogue import TWO_LEVELS_FROM, Bools, Catalogue, Floats, Ints

NEVER = np.int64(2**62)
DAY = 86_400
OPENS, LAST_RECEIPT, CLOSES = 27_000, 59_400, 61_200  # 07:30, 16:30 and 17:00, when a due day ends
SAME_DAY_UNTIL = 54_000  # 15:00: what comes later and is due the same day may wait for the next
EPOCH = date(1970, 1, 1)

REFUSED, WITHDRAWN, STOPPED = 3, 7, 8
UNUSUAL_END = {REFUSED: 0.015, WITHDRAWN: 0.006, STOPPED: 0.004}
ONE_SUPPLEMENT, TWO_SUPPLEMENTS = 0.030, 0.008
NO_DUE_DATE = 0.02
MEAN_DELAY = 4.25  # working days beyond the due day of a late dossier; gives the published mean of 6.01 days
NOT_COLLECTED = 0.03
ONLY_RETURN_TIME = 0.02  # finished dossiers whose end of processing was never entered


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


class WorkCalendar:
    """Working days (Monday to Friday without public holidays) between two days, numbered from 0."""

    def __init__(self, first: date, last: date, holidays: list[date]) -> None:
        off = set(holidays)
        span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.first = day_number(first)
        self.is_working: Bools = np.array([day.weekday() < 5 and day not in off for day in span])
        self.days: Ints = self.first + np.flatnonzero(self.is_working)
        self._next: Ints = np.concatenate(([0], np.cumsum(self.is_working)[:-1])).astype(np.int64)

    def number(self, day: Ints) -> Ints:
        """Number of the first working day on or after each day."""
        numbers: Ints = self._next[day - self.first]
        return numbers


def plan(catalogue: Catalogue, rows: int, first: date, last: date) -> tuple[Ints, Ints]:
    """Receipt days from `first` to `last` as day numbers, and how many of `rows` dossiers each one gets.

    Weekdays differ a little, the weeks around Tết are quiet, and July 2025 starts low: the province's own portal closed
    and all intake moved to the national one. Volumes are an assumption; only their order of magnitude is published.
    """
    calendar = WorkCalendar(first, last, catalogue.holidays)
    days = calendar.days if len(calendar.days) else np.arange(day_number(first), day_number(last) + 1)
    weight = np.array([1.2, 1.05, 1.0, 0.95, 0.9, 1.0, 1.0])[(days + 3) % 7]  # day 0 was a Thursday
    for holiday in (day_number(day) for day in catalogue.holidays if day.month in (1, 2) and day.day not in (1, 2)):
        weight = np.where(np.abs(days - holiday) <= 7, weight * 0.92, weight)
    change = day_number(TWO_LEVELS_FROM)
    weight = np.select([days < change, days < change + 14, days < change + 31], [1.6, 0.4, 0.75], 1.0) * weight
    edges = np.rint(np.cumsum(weight) / weight.sum() * rows).astype(np.int64)
    return days, np.diff(edges, prepend=0)


@dataclass(frozen=True)
class Lives:
    """Drawn dossiers as parallel arrays."""

    serial: Ints
    day: Ints
    procedure: Ints
    agency: Ints
    """Index into the agencies of the period of `day`."""
    channel: Ints
    applicant: Ints
    person: Ints
    submitted: Ints
    received: Ints
    due: Ints
    """NEVER where the office entered no due date."""
    asked: Ints
    answered: Ints
    asked_again: Ints
    answered_again: Ints
    ended: Ints
    returned: Ints
    last_status: Ints
    """9 or 10 for a usual end, else 3, 7 or 8."""
    has_end_time: Bools
    registers_late: Bools
    """Still only registered (status 1) in its first two days, unless it ended."""
    awaits_payment: Bools
    has_obligation: Bools
    is_paid: Bools
    has_result_file: Bools
    is_digitised: Bools
    is_reused: Bools
    is_from_store: Bools
    uses_vneid: Bools
    uses_population_database: Bools
    is_iso_dated: Bools

    def take(self, chosen: Bools | Ints) -> Lives:
        return Lives(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.serial)

    def status(self, midnight: int) -> Ints:
        """Status code of each dossier at `midnight`, the end of the day looked at, in seconds."""
        waits = ((self.asked < midnight) & (self.answered >= midnight)) | (
            (self.asked_again < midnight) & (self.answered_again >= midnight)
        )
        fresh = self.received >= midnight - 2 * DAY
        usual = self.last_status >= 9
        status: Ints = np.select(
            [
                (self.returned < midnight) & usual,
                self.ended < midnight,
                waits,
                fresh & self.registers_late,
                self.awaits_payment & fresh,
                fresh,
            ],
            [10, np.where(usual, 9, self.last_status), 5, 1, 6, 2],
            4,
        )
        return status

    def is_over(self, midnight: int) -> Bools:
        """Whether nothing can change any more after `midnight`."""
        over: Bools = (self.ended < midnight) & ((self.returned < midnight) | (self.last_status != 10))
        return over


def join(parts: list[Lives]) -> Lives:
    """Several blocks as one."""
    return Lives(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Lives)})


def draw(
    catalogue: Catalogue,
    calendar: WorkCalendar,
    key: list[int],
    serial: Ints,
    day: Ints,
    *,
    late: float | None = None,
) -> Lives:
    """Draw one block of dossiers.

    Args:
        key: what the block's random numbers follow from, such as seed and block number.
        serial: running number of each dossier within its year.
        day: day number of receipt of each; `calendar` reaches from there to at least a year later.
        late: share of late dossiers in place of the calibrated one.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    n = len(serial)
    new = day >= day_number(TWO_LEVELS_FROM)

    def chance(probability: Floats) -> Bools:
        hit: Bools = rng.random(n) < probability
        return hit

    def rate(name: str) -> Floats:
        before, current = (getattr(chances.rates, name) for chances in catalogue.chances)
        values: Floats = np.where(new, current, before)
        return values

    def of_procedure(name: str) -> Floats:
        before, current = (getattr(chances, name)[procedure] for chances in catalogue.chances)
        values: Floats = np.where(new, current, before)
        return values

    procedure = np.searchsorted(catalogue.cdf, rng.random(n), side="right").clip(max=len(catalogue.cdf) - 1)
    agency = _agency(catalogue, rng, procedure, new)
    late_factor = np.where(
        new,
        catalogue.agencies[1].late_factor[np.where(new, agency, 0)],
        catalogue.agencies[0].late_factor[np.where(new, 0, agency)],
    )

    is_online = chance(rate("online"))
    channel = np.where(is_online, 2, np.where((rng.random(n) < 0.75), 1, 3))
    is_citizen = chance(catalogue.citizen_share[procedure])
    applicant = np.where(is_citizen, 1, np.where((rng.random(n) < 0.85), 2, np.where((rng.random(n) < 0.3), 3, 4)))

    at = rng.integers(OPENS, LAST_RECEIPT, n)
    received = day * DAY + at
    submitted = received - np.where(is_online, 60 * rng.integers(2, 600, n), 0)

    # Two requests are late by rule, so they take from the share of late dossiers; what is open and in term counts as on
    # time until its due day, hence a little more than the published share.
    usual_share = (1.04 * rate("late") - 0.7 * TWO_SUPPLEMENTS) * late_factor
    is_late = chance(usual_share if late is None else np.full(n, late))
    course = _course(
        rng, catalogue, calendar, procedure=procedure, day=day, received=received, is_online=is_online, is_late=is_late
    )
    usual = course["last_status"] >= 9

    obligation = chance(of_procedure("obligation"))
    result_file = usual & chance(rate("electronic_result") / (1 - sum(UNUSUAL_END.values())) * 1.024)
    population = is_citizen & chance(of_procedure("population_data"))
    by_vneid = rng.random(n) < 0.7
    return Lives(
        serial=serial,
        day=day,
        procedure=procedure,
        agency=agency,
        channel=channel,
        applicant=applicant,
        person=rng.integers(1, 400_000, n),
        submitted=submitted,
        received=received,
        **course,
        registers_late=is_online & (rng.random(n) < 0.1),
        awaits_payment=obligation & (rng.random(n) < 0.1),
        has_obligation=obligation,
        is_paid=obligation & chance(of_procedure("paid_online")),
        has_result_file=result_file,
        is_digitised=chance(rate("digitised") / rate("electronic_result")),
        is_reused=chance(rate("reused")),
        is_from_store=population & chance(rate("personal_store") / rate("population_data")),
        uses_vneid=population & by_vneid,
        uses_population_database=population & (~by_vneid | chance(np.full(n, 0.5))),
        is_iso_dated=(rng.random(n) < 0.03),
    )


def _course(
    rng: np.random.Generator,
    catalogue: Catalogue,
    calendar: WorkCalendar,
    *,
    procedure: Ints,
    day: Ints,
    received: Ints,
    is_online: Bools,
    is_late: Bools,
) -> dict[str, Any]:
    """Due time, requests for supplements and end of each dossier, by name of the field of Lives.

    A `number` is that of a working day.
    """
    n, at = len(day), received - day * DAY

    def chance(probability: float) -> Bools:
        hit: Bools = rng.random(n) < probability
        return hit

    start = calendar.number(day)
    term, unit = catalogue.statutory[procedure], catalogue.unit[procedure]
    due_number = np.select(
        [unit == "hour", unit == "day"],
        [start + (at >= SAME_DAY_UNTIL), calendar.number(day + np.where(unit == "day", term, 0))],
        start + np.where(unit == "working_day", term, 0),
    )
    two = chance(TWO_SUPPLEMENTS)
    one = chance(ONE_SUPPLEMENT) & ~two
    two &= due_number > start + 1
    one &= due_number > start + 1
    span = due_number - start + 1
    on_time_number = start + np.minimum(np.floor(rng.beta(1.7, 1.7, n) * span), span - 1).astype(np.int64)
    delay = 1 + np.floor(rng.exponential(MEAN_DELAY, n)).astype(np.int64)
    end_number = np.where(is_late, due_number + delay, on_time_number)
    no_due = chance(NO_DUE_DATE)
    # Without a due date the statutory time decides, in whatever way it is counted: these end on the day they came.
    at_once = no_due & ~is_late
    end_number = np.where(at_once, start, np.where(one | two, np.maximum(end_number, start + 1), end_number))
    one, two = one & ~at_once, two & ~at_once

    ended = calendar.days[end_number] * DAY + rng.integers(OPENS, CLOSES, n)
    soon = received + 300 + (rng.random(n) * 1400).astype(np.int64)
    ended = np.where((ended <= received) | at_once, soon, ended)

    # Whole days of waiting keep the hour of the end, so that an end in time stays in time once they are deducted.
    ask_number = start + np.floor(rng.random(n) * (end_number - start)).astype(np.int64)
    asked = calendar.days[ask_number] * DAY + rng.integers(CLOSES - 900, CLOSES, n)
    wait, wait_again = DAY * rng.integers(1, 11, n), DAY * rng.integers(1, 11, n)
    answered = asked + wait
    asked_again = answered + 1800
    ended = ended + np.where(one | two, wait, 0) + np.where(two, wait_again, 0)

    last_status = np.full(n, 10)
    draw_end, threshold = rng.random(n), 0.0
    for code, probability in UNUSUAL_END.items():
        last_status[(draw_end >= threshold) & (draw_end < threshold + probability)] = code
        threshold += probability
    usual = last_status == 10
    last_status = np.where(usual & chance(NOT_COLLECTED), 9, last_status)
    has_end_time = ~(chance(ONLY_RETURN_TIME) & (last_status == 10))
    handed_over = ended + np.where(is_online, 60 * rng.integers(1, 240, n), DAY * rng.integers(0, 4, n) + 600)
    returned = np.where(has_end_time, handed_over, ended)

    return {
        "due": np.where(no_due, NEVER, calendar.days[due_number] * DAY + CLOSES),
        "asked": np.where(one | two, asked, NEVER),
        "answered": np.where(one | two, answered, NEVER),
        "asked_again": np.where(two, asked_again, NEVER),
        "answered_again": np.where(two, asked_again + wait_again, NEVER),
        "ended": ended,
        "returned": np.where(last_status == 10, returned, NEVER),
        "last_status": last_status,
        "has_end_time": has_end_time,
    }


def _agency(catalogue: Catalogue, rng: np.random.Generator, procedure: Ints, new: Bools) -> Ints:
    """Agency of each dossier within those of its period."""
    n = len(procedure)
    place, to_district = rng.random(n), rng.random(n) < 0.6
    chosen = np.zeros(n, dtype=np.int64)
    for is_new, agencies in enumerate(catalogue.agencies):
        commune = agencies.communes[np.searchsorted(agencies.commune_cdf, place, side="right")]
        here = np.where(catalogue.is_commune[procedure], commune, agencies.body_of_procedure[procedure])
        if len(agencies.districts):
            district = agencies.districts[(place * len(agencies.districts)).astype(np.int64)]
            at_district = catalogue.is_commune[procedure] & catalogue.is_district_field[procedure] & to_district
            here = np.where(at_district, district, here)
        chosen = np.where(new == bool(is_new), here, chosen)
    return chosen
