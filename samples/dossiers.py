"""Sample files of dossiers: a history by month, and the delta of one day, in the format of the national portal.

Nobody in them exists. Shares are those published for Hà Tĩnh (`catalogue.PUBLISHED_2026`, and an assumption before July
2025). They hold for all dossiers received from January to 10 October 2026 and looked at on that day: on time, mean
processing time (6.01 days, waiting deducted), electronic results, digitised, reused, personal store, population data,
financial obligations and online payments. Two of the published figures are counts of procedures and need volume: the 98
of 334 fee procedures with an online payment, and the 261 of 1,331 citizen procedures with population data, are met from
about 100,000 dossiers a year on; in a small sample the rare procedures have not occurred yet. Online submission is
97.02 % from July 2025 (published for 2025). Not calibrated, since nothing is published: volumes by month, field and
agency, and the share of services that were used.

A file of month M holds every dossier that was received in M, and a new version of each older one that changed in M,
both as known at the end of M; that of the last month as known on the last day. So the newest version of a dossier, over
all files, is its state on the last day, as in a feed that is exported monthly.
"""

from __future__ import annotations

import calendar
import gzip
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self, cast

import numpy as np

from samples.catalogue import TWO_LEVELS_FROM, Catalogue, Ints, read_catalogue
from samples.dirt import BREAKS_ARRAY, DEFECTS, DIRT, FOREIGN, soil
from samples.lives import DAY, Lives, WorkCalendar, day_number, draw, join, plan
from samples.wire import Writer

Form = Literal["ndjson", "array", "data"]
Progress = Callable[[int], None]

# What random numbers are for, as first word of their key: no two purposes share a stream.
HISTORY, DELTA, CHOICE, SOIL = 1, 2, 3, 4
BLOCK = 8_192
LOOK_BACK_DAYS = 90
GZIP_LEVEL = 6


@dataclass(frozen=True)
class SampleReport:
    """What was written.

    `dossiers` are new ones; `newer_versions` report a changed status of an earlier dossier; `repeated` report the same
    again. `records` counts the records of the files, duplicates among them. `dirt` counts damaged records by kind.
    """

    paths: tuple[Path, ...]
    dossiers: int
    newer_versions: int
    repeated: int
    records: int
    dirt: Mapping[str, int]


def write_dossiers(
    out: Path,
    seeds: Path,
    *,
    rows: int,
    seed: int,
    first: date,
    last: date,
    dirt: float = 0.004,
    form: Form = "ndjson",
    compress: bool = True,
    defect: str | None = None,
    progress: Progress | None = None,
) -> SampleReport:
    """Write `rows` dossiers received from `first` to `last` into `out`: `sample-hoso-2026-03.ndjson.gz` and so on.

    The same arguments give the same bytes. Memory does not grow with `rows`, but for the dossiers still open.

    Args:
        seeds: folder of the dbt seeds.
        dirt: share of records with an error, one of `dirt.DIRT` each.
        form: a record a line, a JSON array, or a body `{"data": [...]}`.
        defect: name of a defect of an entire file, one of `DEFECTS`.
        progress: called with the number of dossiers written so far.

    Raises:
        ValueError: an argument is out of its range, or the seeds know no agency on `first`.
        SeedsError: the seeds lack something.
    """
    catalogue = read_catalogue(seeds)
    history = _History(catalogue, rows, seed, first, last)
    output = _Output(out, form, compress, dirt, defect)
    late = output.defect.late if output.defect else None
    writer = Writer(catalogue, day_number(first))
    carried: Lives | None = None
    newer = done = 0
    before = 0
    for month_end in _month_ends(first, last):
        midnight = (day_number(month_end) + 1) * DAY
        unfinished: list[Lives] = []
        is_whole = month_end.day == calendar.monthrange(month_end.year, month_end.month)[1]
        # the name states the day that the content describes: the month that is still running needs its day
        period = f"{month_end:%Y-%m}" if is_whole else f"{month_end:%Y-%m-%d}"
        with output.file(f"sample-hoso-{period}", [seed, day_number(month_end)]) as file:
            if carried is not None:
                changed = carried.take(carried.status(before) != carried.status(midnight))
                newer += len(changed)
                file.add_lives(writer, changed, midnight)
                unfinished.append(carried.take(~carried.is_over(midnight)))
            for lives in history.received(month_end.replace(day=1), month_end, late):
                file.add_lives(writer, lives, midnight)
                unfinished.append(lives.take(~lives.is_over(midnight)))
                done += len(lives)
                if progress:
                    progress(done)
        carried = join(unfinished) if unfinished else None
        before = midnight
    return output.report(dossiers=done, newer_versions=newer)


def write_delta(
    out: Path,
    seeds: Path,
    *,
    rows: int,
    seed: int,
    day: date,
    history_rows: int,
    history_seed: int,
    history_first: date,
    history_last: date,
    dirt: float = 0.004,
    form: Form = "ndjson",
    compress: bool = True,
    progress: Progress | None = None,
) -> SampleReport:
    """Write what one day adds to a history of `write_dossiers`, given by its own arguments, as one file:
    `sample-hoso-2026-10-11.ndjson.gz`.

    Half of the `rows` are dossiers received on `day`. The other half are new versions of dossiers that the history
    received in the 90 days before `day`, as known on `day`: those whose status changed since `history_last` and, where
    the history is too small to have enough of them, unchanged ones reported again (`repeated` in the report).

    Raises:
        ValueError: `day` is not after `history_last`, or an argument is out of its range.
        SeedsError: the seeds lack something.
    """
    if day <= history_last:
        raise ValueError(f"day {day} must be after the last day of the history, {history_last}.")
    catalogue = read_catalogue(seeds)
    history = _History(catalogue, history_rows, history_seed, history_first, history_last)
    output = _Output(out, form, compress, dirt, None)
    writer = Writer(catalogue, day_number(history_first))
    midnight = (day_number(day) + 1) * DAY
    fresh = rows - rows // 2
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([CHOICE, seed, day_number(day)])))
    versions, newer = history.sample_changed(rng, rows // 2, day, midnight)
    with output.file(f"sample-hoso-{day}", [seed, day_number(day)]) as file:
        for block, start in enumerate(range(0, fresh, BLOCK)):
            n = min(BLOCK, fresh - start)
            serial = history.next_serial(day) + start + np.arange(n)
            key = [DELTA, seed, day_number(day), block]
            days = np.full(n, day_number(day))
            file.add_lives(writer, draw(catalogue, history.calendar, key, serial, days), midnight)
            if progress:
                progress(start + n)
        if versions is not None:
            file.add_lives(writer, versions, midnight)
    repeated = (0 if versions is None else len(versions)) - newer
    return output.report(dossiers=fresh, newer_versions=newer, repeated=repeated)


class _History:
    """All dossiers of one (rows, seed, first, last), drawn block by block whenever they are asked for."""

    def __init__(self, catalogue: Catalogue, rows: int, seed: int, first: date, last: date) -> None:
        if rows < 0 or seed < 0:
            raise ValueError(f"rows and seed must not be negative, got {rows} and {seed}.")
        if first > last:
            raise ValueError(f"first {first} must not be after last {last}.")
        if first < catalogue.known_from:
            raise ValueError(
                f"first {first}: the seeds know agencies from {catalogue.known_from}; begin there or later."
            )
        self._catalogue, self._rows, self._seed, self._last = catalogue, rows, seed, last
        self.calendar = WorkCalendar(first, last + timedelta(days=900), catalogue.holidays)
        self._days, counts = plan(catalogue, rows, first, last)
        self._edges = np.concatenate(([0], np.cumsum(counts)))

    def _index(self, day: date) -> int:
        """Number of dossiers received before `day`."""
        return int(self._edges[np.searchsorted(self._days, day_number(day))])

    def next_serial(self, day: date) -> int:
        """First number of a day after the history: it runs on within the year."""
        return self._rows - self._index(date(day.year, 1, 1)) + 1 if day >= TWO_LEVELS_FROM else 1

    def _serials(self, index: Ints, day_index: Ints) -> Ints:
        """Numbers restart each year; up to June 2025 each day."""
        days = self._days[day_index]
        serial = index - self._edges[day_index] + 1
        for year in range(TWO_LEVELS_FROM.year, self._last.year + 1):
            begin = max(date(year, 1, 1), TWO_LEVELS_FROM)
            serial = np.where(days >= day_number(begin), index - self._index(date(year, 1, 1)) + 1, serial)
        return serial

    def block(self, number: int, late: float | None = None) -> tuple[Ints, Lives]:
        """Indices and lives of block `number`."""
        index = np.arange(number * BLOCK, min((number + 1) * BLOCK, self._rows))
        day_index = np.searchsorted(self._edges, index, side="right") - 1
        serials = self._serials(index, day_index)
        key = [HISTORY, self._seed, number]
        return index, draw(self._catalogue, self.calendar, key, serials, self._days[day_index], late=late)

    def received(self, first: date, last: date, late: float | None) -> Iterator[Lives]:
        """Dossiers received from `first` to `last`, in order."""
        low, high = self._index(first), self._index(last + timedelta(days=1))
        for number in range(low // BLOCK, -(-high // BLOCK)):
            index, lives = self.block(number, late)
            inside = (index >= low) & (index < high)
            yield lives.take(inside)

    def sample_changed(
        self, rng: np.random.Generator, count: int, day: date, midnight: int
    ) -> tuple[Lives | None, int]:
        """Up to `count` dossiers of the last 90 days, those with a new status first, and their number."""
        low = self._index(day - timedelta(days=LOOK_BACK_DAYS))
        blocks = np.arange(low // BLOCK, -(-self._rows // BLOCK)) if low < self._rows else np.arange(0)
        known_until = (day_number(self._last) + 1) * DAY
        changed: list[Lives] = []
        same: list[Lives] = []
        for number in rng.permutation(blocks).tolist():
            index, lives = self.block(number)
            lives = lives.take(index >= low)
            moved = lives.status(known_until) != lives.status(midnight)
            changed.append(lives.take(moved))
            same.append(lives.take(np.flatnonzero(~moved)[:count]))
            if sum(map(len, changed)) >= count:
                break
        if not changed:
            return None, 0
        newer = min(count, sum(map(len, changed)))
        return join([_some(rng, join(changed), newer), _some(rng, join(same), count - newer)]), newer


def _some(rng: np.random.Generator, lives: Lives, count: int) -> Lives:
    return lives.take(np.sort(rng.permutation(len(lives))[:count]))


def _month_ends(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        yield min(end, last)
        day = end + timedelta(days=1)


class _Output:
    """The files of one sample, and what went into them."""

    def __init__(self, folder: Path, form: Form, compress: bool, dirt: float, defect: str | None) -> None:
        if not 0 <= dirt <= 1:
            raise ValueError(f"dirt is a share from 0 to 1, got {dirt}.")
        if defect is not None and defect not in DEFECTS:
            raise ValueError(f"defect {defect!r} is unknown; one of: {', '.join(DEFECTS)}.")
        self.folder, self.name = folder, defect
        self.defect = DEFECTS[defect] if defect else None
        self.form: Form = "array" if defect == "half-array" else form
        self.compress = compress or defect == "truncated-gzip"
        self.kinds = tuple(kind for kind in DIRT if self.form == "ndjson" or kind not in BREAKS_ARRAY)
        self.share = dirt
        if self.defect and self.defect.kinds:
            self.kinds, self.share = self.defect.kinds, self.defect.share
        self.dirt: Counter[str] = Counter()
        self.paths: list[Path] = []
        self.records = 0

    def file(self, stem: str, key: list[int]) -> _File:
        suffix = (".ndjson" if self.form == "ndjson" else ".json") + (".gz" if self.compress else "")
        return _File(self, self.folder / f"{stem}{suffix}", key)

    def report(self, *, dossiers: int, newer_versions: int, repeated: int = 0) -> SampleReport:
        return SampleReport(
            paths=tuple(self.paths),
            dossiers=dossiers,
            newer_versions=newer_versions,
            repeated=repeated,
            records=self.records,
            dirt=dict(sorted(self.dirt.items())),
        )


class _File:
    """One file; it comes into being with its first record, and under its name only when it is complete."""

    def __init__(self, output: _Output, path: Path, key: list[int]) -> None:
        self._output, self._path, self._key = output, path, key
        self._part = path.with_name(path.name + ".part")
        self._stack = ExitStack()
        self._stream: IO[bytes] | None = None
        self._chunk = 0
        self._last_line = ""

    def __enter__(self) -> Self:
        return self

    def add_lives(self, writer: Writer, lives: Lives, midnight: int) -> None:
        """Write the records of `lives` as known at `midnight`."""
        for start in range(0, len(lives), BLOCK):
            part = lives.take(np.arange(start, min(start + BLOCK, len(lives))))
            self._add(writer.records(part, midnight))

    def _add(self, lines: list[str]) -> None:
        output, key = self._output, [SOIL, *self._key, self._chunk]
        self._chunk += 1
        lines = soil(lines, output.kinds, output.share, key, output.dirt)
        stream = self._stream or self._open()
        if output.name in ("empty", "foreign"):
            return
        output.records += len(lines)
        if output.form == "ndjson":
            text = "\n".join(lines) + "\n"
        else:
            text = (",\n" if self._last_line else "") + ",\n".join(lines)
        self._last_line = lines[-1]
        stream.write(text.encode("utf-8", "surrogateescape"))

    def _open(self) -> IO[bytes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        raw: IO[bytes] = self._stack.enter_context(self._part.open("wb"))
        stream = raw
        if self._output.compress and self._output.name != "empty":
            # Neither name nor time in the header: the same records give the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=raw, mtime=0)
            stream = self._stack.enter_context(cast(IO[bytes], packed))
        self._stream = stream
        if self._output.name == "bom":
            stream.write(b"\xef\xbb\xbf")
        elif self._output.name == "foreign":
            stream.write(FOREIGN.encode())
        if self._output.name not in ("empty", "foreign"):
            stream.write({"ndjson": b"", "array": b"[\n", "data": b'{"data":[\n'}[self._output.form])
        return stream

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is None:
            return
        if error is None:
            self._end(self._stream)
        self._stack.close()
        if error is not None:
            self._part.unlink(missing_ok=True)
            return
        if self._output.name == "truncated-gzip":
            with self._part.open("r+b") as file:
                file.truncate(self._part.stat().st_size * 2 // 3)
        self._part.replace(self._path)
        self._output.paths.append(self._path)

    def _end(self, stream: IO[bytes]) -> None:
        if self._output.name in ("empty", "foreign"):
            return
        if self._output.name == "half-array":
            stream.write((",\n" + self._last_line[: len(self._last_line) // 2]).encode("utf-8", "surrogateescape"))
        else:
            stream.write({"ndjson": b"", "array": b"\n]\n", "data": b"\n]}\n"}[self._output.form])
