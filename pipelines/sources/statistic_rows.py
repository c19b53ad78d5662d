"""One published figure out of every interface of statistics: the columns of all its raw tables, the rules that each
record meets, and what their connectors share.

A source turns its answers into records of `FIELDS`, all text as written: which dataset and series, where, when, which
value. What a label of time means is read here; numbers, missing marks and dates are judged at load, the same for
all, so that a figure that two sources publish can be laid side by side.

A mark in place of a number states why there is none, and each mark is kept: `-` the phenomenon did not occur
(nil), `..`, `...` and `na` it did but there is no figure (not available), `.` and no mark at all leave it open
(unknown). (The first two as the keys of signs of the Vietnamese yearbook have them; `na` in SDMX files of the
statistics office; for `.` no key was found.)

Numbers that are written as text follow one rule (`number`), which defines what is read and what is rejected.
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

from pipelines.json_text import parse_json
from pipelines.language import later, tr
from pipelines.sources.base import Column, Fetched, Rule, Table
from pipelines.sources.client import HttpError, PullError, Refused, Response
from pipelines.sources.interface import AGAIN, Interface
from pipelines.sources.tables import batches

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames

MARKS = ("..", "...", ".", "-", "…", "na")
MAX_ANSWER_MB = 256
"""Answers are read completely: a larger one is not taken."""
NOT_FOUND, BAD_REQUEST, NOT_ALLOWED = 404, 400, 405
STAYS = later("What landed before stays active.")

FIELDS = (
    "dataset",
    "series",
    "series_label",
    "area_label",
    "period_label",
    "period_type",
    "period_start",
    "value_text",
    "number",
    "unit_label",
    "missing_mark",
    "obs_flag",
    "updated_on",
)

Record = dict[str, str | None]


class Reason(StrEnum):
    """Why a figure, or an entire answer, was not taken at framing."""

    NO_ANSWER = "no_answer"
    WRONG_SIZE = "wrong_size"
    STRAY_CELL = "stray_cell"
    CONFLICTING_FIGURES = "conflicting_figures"
    HEADING_NOT_READ = "heading_not_read"
    MALFORMED_ROW = "malformed_row"


class NotServedError(PullError):
    """Nothing is served at this place in this way: 404, 400 or 405. Another way to the same item may work."""


class NoAnswerError(ValueError):
    """The bytes are no answer of the source; the text states what they lack, and quotes nothing."""


# ------------------------------------------------------------------------------------------------------------- asking
Item = TypeVar("Item")


def each(items: Iterable[Item], fetch: Callable[[Item], Iterator[Fetched]]) -> Iterator[Fetched]:
    """The answers for one item after the other. One that fails stops no other: all failures are reported at the end.

    Raises:
        PullError: at the end, with the failures, a line each.
        Refused: at once: a server that refuses is not asked for more.
    """
    failures: list[str] = []
    for item in items:
        try:
            yield from fetch(item)
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
        NotServedError: 404, 400 or 405.
        PullError: no answer, or one that is no JSON.
        Refused: 403.
    """
    response = respond(interface, what, method, path, moved=moved, **request)
    try:
        return response, read_json(response.content)
    except NoAnswerError:
        raise interface.no_json(what, response, "JSON") from None


def respond(interface: Interface, what: str, method: str, path: str, *, moved: str, **request: Any) -> Response:
    """One answer as received; raises as `answer`, whatever its bytes are."""
    try:
        return interface.ask.http.request(method, interface.url(path), **request)
    except Refused:
        raise
    except HttpError as error:
        if error.status == NOT_FOUND:
            problem = tr(
                "there is nothing here any more (status 404): it has moved or was withdrawn. {moved} {stays}",
                moved=moved,
                stays=tr(STAYS),
            )
        elif error.status in (BAD_REQUEST, NOT_ALLOWED):
            problem = tr(
                "the server does not understand the question (status {status}): it has changed. {moved} {stays}",
                status=error.status,
                moved=moved,
                stays=tr(STAYS),
            )
        else:
            raise interface.failed(what, f"{error}. {tr(AGAIN)}") from None
        raise NotServedError(str(interface.failed(what, problem))) from None


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
    raise NoAnswerError(tr("no complete JSON"))


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
                raise NoAnswerError(tr("too large"))
            for number, record in enumerate(read(content), 1):
                yield number, record
        except (NoAnswerError, RecursionError):
            yield number + 1, Reason.NO_ANSWER

    return batches(numbered(), limit)


def consistent(records: Iterable[Record | Reason]) -> Iterator[Record | Reason]:
    """The records, with figures that contradict each other rejected: one dataset, series, period and unit, two values.

    The reader has then taken a dimension for something else, or the publisher contradicts itself. Either way no value
    is the right one. For answers of moderate size: all records are held in memory.
    """
    held = list(records)
    values: dict[tuple[str | None, ...], set[str | None]] = {}
    for figure in held:
        if not isinstance(figure, Reason) and figure["number"] is not None:
            values.setdefault(_key(figure), set()).add(figure["number"])
    for figure in held:
        if isinstance(figure, Reason) or figure["number"] is None or len(values[_key(figure)]) == 1:
            yield figure
        else:
            yield Reason.CONFLICTING_FIGURES


def _key(figure: Record) -> tuple[str | None, ...]:
    return tuple(figure[name] for name in ("dataset", "series", "period_label", "unit_label", "updated_on"))


def record(
    *,
    dataset: str,
    series: Mapping[str, str],
    period: str,
    value: Any,
    is_typed: bool = False,
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
        is_typed: whether the format itself defines `value` as a number, so that `1.234` has one meaning there.
        mark, flag: why there is no number; what kind of number it is, a code of SDMX's CL_OBS_STATUS where it is known.
    """
    kind, start, kind_of_number = when(period) or (None, None, None)
    text = None if value is None else str(value)
    if text is not None and (preliminary := _PRELIMINARY.fullmatch(text.strip())):
        flag, text_of_number = flag or "P", preliminary["number"]
    else:
        text_of_number = text
    is_typed = is_typed or (isinstance(value, int | float) and not isinstance(value, bool))
    return {
        "dataset": dataset,
        "series": ";".join(f"{name}={code}" for name, code in sorted(series.items())),
        "series_label": series_label,
        "area_label": area_label,
        "period_label": period,
        "period_type": kind,
        "period_start": f"{start}" if start else None,
        "value_text": text,
        "number": None if text_of_number is None else number(text_of_number, is_typed=is_typed),
        "unit_label": unit_label,
        "missing_mark": mark,
        "obs_flag": flag or kind_of_number,
        "updated_on": updated_on,
    }


def label(text: Any) -> str:
    """A label as it is compared: NFC, white space (indents of tables) as single blanks, no dots of a tree before it."""
    return " ".join(unicodedata.normalize("NFC", str(text)).split()).lstrip(".· ") if text is not None else ""


_FOOTNOTE = re.compile(r"\s*\((?:\*+|\d)\)\s*$|\*+\s*$")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)?\s*$")
_BEHIND_DASH = re.compile(r"\s-\s*(%|‰|\S*(?:pers|người|dong|đồng|km2|km²|ha\b|enterprise|doanh nghiệp).*|[Tt]hous.*)$")


def unit_in(*titles: str) -> str:
    """The unit that the first of the titles has in its last brackets, or behind a dash.

    `Dân số trung bình (Nghìn người)`, `Area (Km2(*)` with a mark of a footnote, `Total - Thous. pers.`
    """
    for title in titles:
        text = _FOOTNOTE.sub("", title)
        if found := _IN_BRACKETS.search(text) or _BEHIND_DASH.search(text):
            return label(found[1])
    return ""


_PLAIN = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_GROUPED = re.compile(
    r"(?P<sign>[-+]?)(?P<integer>\d{1,3}(?P<mark>[ .,\u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?P<point>[.,])(?P<part>\d+))?"
)
_COMMA = re.compile(r"(?P<integer>[-+]?\d+),(?P<part>\d+)")
AMBIGUOUS = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"
"""One group of three digits behind one mark: thousands in one convention, decimals in the other."""
_PRELIMINARY = re.compile(r"(?P<number>.*\d)\s?sb", re.IGNORECASE)
"""`519.4sb`: "sb" stands for "sơ bộ", preliminary."""


def number(text: str, *, is_typed: bool) -> str | None:
    """A number as SQL reads it; None where the text has no single meaning as a number.

    - A number of the format itself (`is_typed`) with a point as its decimal mark is read as it is.
    - Groups of exactly three digits, separated by blanks, points or commas, are thousands: `8 339.9`, `97.250,00`,
      `1,234,567`. The decimal mark is not the mark of the groups.
    - Without groups, a point or a comma is the decimal mark: `164,25`.
    - `1.234` and `1,234` as text may be either: rejected (AMBIGUOUS). So is a blank anywhere else: `1336167. 72`.
    """
    text = text.strip()
    if is_typed and _PLAIN.fullmatch(text):
        return text
    if re.match(AMBIGUOUS, text):
        return None
    if _PLAIN.fullmatch(text):
        return text
    if (found := _GROUPED.fullmatch(text)) and found["point"] != found["mark"]:
        integer = re.sub(r"\D", "", found["integer"])
        return f"{found['sign']}{integer}.{found['part'] or 0}"
    if found := _COMMA.fullmatch(text):
        return f"{found['integer']}.{found['part']}"
    return None


_KIND_OF_NUMBER = {
    "sơ bộ": "P",
    "prel": "P",
    "preliminary": "P",
    "ước tính": "E",
    "ước": "E",
    "est": "E",
    "estimate": "E",
}
_KIND = re.compile(
    r"[(\s/–-]*\b(?P<kind>sơ bộ|preliminary|prel|ước tính|ước|estimated?|est)\b[.)\s/–-]*", re.IGNORECASE
)
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
    """What a label of time states: kind of period, its first day, and the kind of number where it states that too.

    `Sơ bộ 2024` and `Sơ bộ - Prel. 2024` are 2024, preliminary (P); `Ước tính 2025` is 2025, estimated (E). None where
    it names no single period, or two kinds of number.
    """
    text = label(written)
    kinds = {_KIND_OF_NUMBER[kind.lower().removesuffix("d")] for kind in _KIND.findall(text)}
    if len(kinds) > 1:
        return None
    flag = next(iter(kinds), None)
    text = label(_KIND.sub(" ", text)) if flag else text
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
    Column("value", "double", "try_cast(j.number as double)"),
    Column("value_text", "varchar", _text("value_text")),
    Column("unit_label", "varchar", _text("unit_label")),
    Column(
        "missing_mark",
        "varchar",
        f"coalesce({_text('missing_mark')}, "
        f"case when lower(trim(j.value_text)) in ({_MARKS}) then lower(trim(j.value_text)) end)",
    ),
    Column("obs_flag", "varchar", f"upper({_text('obs_flag')})"),
    # 9999-12-31 means "not known", and so does any day that is still to come
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
            "ambiguous_number",
            "value_text",
            f"missing_mark is null and value is null and regexp_matches(trim(j.value_text), '{AMBIGUOUS}')",
            "j.value_text",
        ),
        Rule(
            "bad_value",
            "value_text",
            "missing_mark is null and value_text is not null and (value is null or not isfinite(value))",
            "j.value_text",
        ),
        Rule("value_and_mark", "missing_mark", "missing_mark is not null and value is not null", "j.missing_mark"),
    ),
    identity="series",
    texts=("series_label", "area_label", "unit_label"),
)
"""The raw table of every source of statistics."""
