"""One published figure out of every interface of statistics: the columns of all its raw tables, the rules that each
record meets, and what their connectors share.

A source turns its answers into records of `FIELDS`, all text as written: which dataset and series, where, when, what
stands there. What a label of time means is read here; numbers, missing marks and dates are judged at load, the same for
all, so that a figure that two sources publish can be laid side by side.

A mark in place of a number says why there is none, and stays apart from the others: `-` the phenomenon did not occur
(nil), `..` and `...` it did but there is no figure (not available), `.` and no mark at all leave it open (unknown).
(The first two as the keys of signs of the Vietnamese yearbook have them; for `.` no key was found.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from pipelines.sources.base import Column, Fetched, Rule, Table
from pipelines.sources.framing import parse_json
from pipelines.sources.interface import AGAIN, Interface
from pipelines.sources.tables import batches

if TYPE_CHECKING:
    from pipelines.landing.http import Response
    from pipelines.sources.tables import Frames

MARKS = ("..", "...", ".", "-", "…")
MAX_ANSWER_MB = 256
"""Answers are read whole: a larger one is not taken."""
NOT_FOUND, BAD_REQUEST = 404, 400
STAYS = "What landed before stays in force."

FIELDS = (
    "dataset",
    "series",
    "series_label",
    "area_label",
    "period_label",
    "period_type",
    "period_start",
    "value_text",
    "unit_label",
    "missing_mark",
    "obs_flag",
    "updated_on",
)

Record = dict[str, str | None]


class Reason(StrEnum):
    """Why a figure, or a whole answer, was not taken at framing."""

    NO_ANSWER = "no_answer"
    WRONG_SIZE = "wrong_size"
    STRAY_CELL = "stray_cell"
    MALFORMED_ROW = "malformed_row"


class NoAnswerError(ValueError):
    """The bytes are no answer of the source; the text says what they lack, and quotes nothing."""


# ------------------------------------------------------------------------------------------------------------- asking
Thing = TypeVar("Thing")


def each(things: Iterable[Thing], fetch: Callable[[Thing], Iterator[Fetched]]) -> Iterator[Fetched]:
    """The answers for one thing after the other. One that fails stops no other: all failures are told at the end.

    Raises:
        PullError: at the end, with the failures, a line each.
        pipelines.landing.http.Refused: at once: a server that refuses is not asked for more.
    """
    from pipelines.landing.pull import PullError

    failures: list[str] = []
    for thing in things:
        try:
            yield from fetch(thing)
        except PullError as error:
            failures.append(str(error))
    if failures:
        raise PullError("\n".join(failures))


def answer(
    interface: Interface, what: str, method: str, path: str, *, moved: str, **request: Any
) -> tuple[Response, Any]:
    """One answer as received, and the JSON that it is.

    Args:
        what: where this is, for errors, like a table's number.
        moved: what to do when there is nothing at this place (404), or it is not understood (400): a sentence.

    Raises:
        PullError: no answer, or one that is no JSON.
        pipelines.landing.http.Refused: 403.
    """
    response = respond(interface, what, method, path, moved=moved, **request)
    try:
        return response, read_json(response.content)
    except NoAnswerError:
        raise interface.no_json(what, response, "JSON") from None


def respond(interface: Interface, what: str, method: str, path: str, *, moved: str, **request: Any) -> Response:
    """One answer as received; raises as `answer`, whatever its bytes are."""
    from pipelines.landing.http import HttpError, Refused

    try:
        return interface.ask.http.request(method, interface.url(path), **request)
    except Refused:
        raise
    except HttpError as error:
        if error.status == NOT_FOUND:
            problem = f"there is nothing here any more (status 404): it has moved or was withdrawn. {moved} {STAYS}"
        elif error.status == BAD_REQUEST:
            problem = f"the server does not understand the question (status 400): it has changed. {moved} {STAYS}"
        else:
            problem = f"{error}. {AGAIN}"
        raise interface.failed(what, problem) from None


def words(text: str) -> tuple[str, ...]:
    """The parts of an option that lists several, separated by semicolons."""
    return tuple(part for part in (part.strip() for part in text.split(";")) if part)


# ------------------------------------------------------------------------------------------------------------ reading
def read_json(content: bytes) -> Any:
    """The JSON of an answer, with or without byte order mark, and without the NUL bytes that some end with.

    Raises:
        NoAnswerError: it is none.
    """
    with suppress(ValueError, RecursionError):
        return parse_json(content.rstrip(b"\0 \t\r\n"))
    raise NoAnswerError("no whole JSON")


def framed(stream: BinaryIO, limit: int, read: Callable[[bytes], Iterable[Record | Reason]]) -> Iterator[Frames]:
    """The figures of one answer, numbered from 1; an answer that cannot be read is one reject. Never raises for bytes.

    Args:
        limit: longest record taken; the answer itself may have `MAX_ANSWER_MB`.
        read: the records of the answer, or why there is none in a record's place.
    """

    def numbered() -> Iterator[tuple[int, Record | Reason]]:
        number = 0
        content = stream.read((MAX_ANSWER_MB << 20) + 1)
        if not content.strip():
            return
        try:
            if len(content) > MAX_ANSWER_MB << 20:
                raise NoAnswerError("too large")
            for number, record in enumerate(read(content), 1):
                yield number, record
        except (NoAnswerError, RecursionError):
            yield number + 1, Reason.NO_ANSWER

    return batches(numbered(), limit)


def record(
    *,
    dataset: str,
    series: Mapping[str, str],
    period: str,
    value: Any,
    series_label: str = "",
    area_label: str = "",
    unit_label: str = "",
    mark: str | None = None,
    flag: str | None = None,
    updated_on: str | None = None,
) -> Record:
    """A figure as text.

    Args:
        series: code by dimension, without time.
        period: label of its time, as written.
        value: number or text as received; None where there is none.
        mark, flag: why there is no number; what kind of number it is, a code of SDMX's CL_OBS_STATUS where it is known.
    """
    told = when(period)
    kind, start, said = told or (None, None, None)
    return {
        "dataset": dataset,
        "series": ";".join(f"{name}={code}" for name, code in sorted(series.items())),
        "series_label": series_label,
        "area_label": area_label,
        "period_label": period,
        "period_type": kind,
        "period_start": f"{start}" if start else None,
        "value_text": None if value is None else str(value),
        "unit_label": unit_label,
        "missing_mark": mark,
        "obs_flag": flag or said,
        "updated_on": updated_on,
    }


def label(text: Any) -> str:
    """A label as it is compared: NFC, white space (indents of tables) as single blanks, no dots of a tree before it."""
    return " ".join(unicodedata.normalize("NFC", str(text)).split()).lstrip(".· ") if text is not None else ""


def unit_in(*titles: str) -> str:
    """The unit that the first of the titles has in its last brackets: `Dân số trung bình (Nghìn người)`."""
    for title in titles:
        if found := re.search(r"\(([^()]+)\)\s*$", title):
            return label(found[1])
    return ""


_KIND_OF_NUMBER = {"sơ bộ": "P", "prel": "P", "preliminary": "P", "ước tính": "E", "ước": "E", "estimate": "E"}
_KIND = re.compile(r"\(?\b(?P<kind>sơ bộ|preliminary|prel|ước tính|ước|estimated?)\b\.?\)?", re.IGNORECASE)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_OF = r"(?:\s*[/-]\s*|\s+(?:năm\s+)?|\s*,\s*)"
_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, **{str(n): n for n in range(1, 5)}}
_TIMES = {
    "year": (re.compile(rf"(?:năm\s+|year\s+)?{_YEAR}(?:-A1)?", re.IGNORECASE),),
    "half": (
        re.compile(rf"{_YEAR}-?[SH](?P<part>[12])", re.IGNORECASE),
        re.compile(rf"6 tháng (?P<part>đầu|cuối){_OF}{_YEAR}", re.IGNORECASE),
    ),
    "quarter": (
        re.compile(rf"{_YEAR}-?Q(?P<part>[1-4])", re.IGNORECASE),
        re.compile(rf"quý\s+(?P<part>IV|I{{1,3}}|[1-4]){_OF}{_YEAR}", re.IGNORECASE),
    ),
    "month": (
        re.compile(rf"{_YEAR}-?M?(?P<part>0[1-9]|1[0-2])", re.IGNORECASE),
        re.compile(rf"tháng\s+(?P<part>0?[1-9]|1[0-2]){_OF}{_YEAR}", re.IGNORECASE),
        re.compile(rf"(?P<part>0?[1-9]|1[0-2])/{_YEAR}"),
    ),
    "day": (re.compile(rf"{_YEAR}-(?P<part>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"),),
}


@lru_cache(maxsize=4096)  # a table has one label in thousands of cells
def when(written: str) -> tuple[str, date, str | None] | None:
    """What a label of time says: kind of period, its first day, and the kind of number where it says that too.

    `Sơ bộ 2024` is 2024, preliminary (P); `Ước tính 2025` is 2025, estimated (E). None where it names no one period.
    """
    text = label(written)
    flag = None
    if kind := _KIND.search(text):
        flag = _KIND_OF_NUMBER[kind["kind"].lower().removesuffix("d")]
        text = label(text.replace(kind[0], " "))
    for period_type, forms in _TIMES.items():
        for form in forms:
            if found := form.fullmatch(text):
                part = found.groupdict().get("part") or "1"
                number = {"đầu": 1, "cuối": 2, **(_QUARTERS if period_type == "quarter" else {})}.get(part.lower())
                number = number or int(part)
                month = {"year": 1, "half": 6 * number - 5, "quarter": 3 * number - 2}.get(period_type, number)
                with suppress(ValueError):
                    return period_type, date(int(found["year"]), month, int(found.groupdict().get("day") or 1)), flag
    return None


# -------------------------------------------------------------------------------------------------------------- table
def _text(field: str) -> str:
    return f"nullif(trim(j.{field}), '')"


_MARKS = ", ".join(f"'{mark}'" for mark in MARKS)

COLUMNS = (
    Column("dataset", "varchar", _text("dataset")),
    Column("series", "varchar", f"nfc_normalize({_text('series')})"),
    Column("series_label", "varchar", _text("series_label")),
    Column("area_label", "varchar", _text("area_label")),
    Column("period_label", "varchar", _text("period_label")),
    Column("period_type", "varchar", _text("period_type")),
    Column("period_start", "date", "try_cast(j.period_start as date)"),
    Column("value", "double", "try_cast(j.value_text as double)"),
    Column("value_text", "varchar", _text("value_text")),
    Column("unit_label", "varchar", _text("unit_label")),
    Column(
        "missing_mark",
        "varchar",
        f"coalesce({_text('missing_mark')}, case when trim(j.value_text) in ({_MARKS}) then trim(j.value_text) end)",
    ),
    Column("obs_flag", "varchar", f"upper({_text('obs_flag')})"),
    # 9999-12-31 stands for "not known", and so does any day that is still to come
    Column(
        "updated_on",
        "date",
        "case when try_cast(left(trim(j.updated_on), 10) as date) <= extracted_on "
        "then try_cast(left(trim(j.updated_on), 10) as date) end",
    ),
)

TABLE = Table(
    structure=dict.fromkeys(FIELDS, "VARCHAR"),
    columns=COLUMNS,
    rules=(
        Rule("missing_field", "dataset", "dataset is null"),
        Rule("missing_field", "series", "series is null"),
        Rule("bad_period", "period_label", "period_start is null or period_type is null", "j.period_label"),
        Rule("period_not_begun", "period_label", "period_start > extracted_on", "j.period_label"),
        Rule(
            "bad_value",
            "value_text",
            "missing_mark is null and value_text is not null and (value is null or not isfinite(value))",
            "j.value_text",
        ),
        Rule("value_and_mark", "missing_mark", "missing_mark is not null and value is not null", "j.missing_mark"),
    ),
    identity="series",
)
"""The raw table of every source of statistics."""
