"""Answers of the portal's public reporting interface, as recorded, read into observations that can be checked.

One answer is a JSON object, with its envelope `{"code", "data", "message"}` or the bare `data`. The endpoint is told by
the content; the name of a folder in the path only helps where the content says too little. Every field is either used,
known, or counted as unknown: an answer that changes its shape is noticed.

Two shapes carry points: metrics (`overview` and `evaluation`, each unit with a list of metrics) and trees (`parent` and
`children`). `service-results` carries the totals of the groups. The shapes were read off answers of 2026.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.qd766.rules import Rules, Share
from pipelines.sources.framing import parse_json

MAX_ANSWER_MB = 64
"""A national answer has well under 1 MB: a longer file is something else."""

_LARGEST_COUNT = 2**53  # beyond it the portal's own numbers are not exact


class NotAnAnswerError(ValueError):
    """A file is not an answer of the portal. The message is the reason, without the file's content."""


class _MalformedError(ValueError):
    """One part of an answer has a missing field or a wrong type; the message names it."""


@dataclass(frozen=True)
class Unit:
    """A place in an answer: province, department or commune. `code` is None where the endpoint gives none."""

    id: str | None
    code: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.code})" if self.code else self.name


@dataclass(frozen=True)
class Observation:
    """A published score and the counts behind it. `points` None: the portal gives no score, which is not zero."""

    unit: Unit
    item: str
    shares: tuple[Share, ...]
    points: float | None
    max_points: float
    ratio_pct: float | None
    flag: str | None = None
    """The portal's own `dataQualityStatus`, like TEMP_NATIONAL_REPORT_DENOMINATOR."""


@dataclass(frozen=True)
class Total:
    """A published figure and the parts that should sum to it; without parts only its bounds can be checked."""

    unit: Unit
    item: str
    parts: Mapping[str, float | None]
    published: float
    max_points: float | None = None
    ratio_pct: float | None = None
    part_max: float | None = None
    """Sum of the parts' own maxima, where they have some."""


@dataclass
class Answer:
    """What one recorded answer says. `problems` are parts that could not be read; the rest goes on without them."""

    path: Path
    endpoint: str
    observations: list[Observation] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    placings: list[tuple[Unit, float, int | None]] = field(default_factory=list)
    """Units in the order of the list, with their total and, where given, their rank."""
    unscorable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(item, reason) to the number of units whose score is published without what it is made of."""
    unknown_fields: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def read_answer(path: Path, rules: Rules) -> Answer:
    """Read one file.

    Raises:
        NotAnAnswerError: the file is no answer of one of the seven endpoints.
    """
    data = _data(_json(path))
    endpoint = _recognise(data, path, rules)
    read = _SHAPES[endpoint]
    answer = Answer(path, endpoint)
    try:
        top = _Fields(data, "data", answer.unknown_fields)
        read(answer, top)
        top.leave()
    except _MalformedError as error:
        raise NotAnAnswerError(str(error)) from None
    if not (answer.observations or answer.totals or answer.unscorable or answer.problems):
        raise NotAnAnswerError(f"an answer of {endpoint} without any unit in it")
    return answer


# ---------------------------------------------------------------------------------------------- from bytes to endpoint
def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_ANSWER_MB * 2**20:
            raise NotAnAnswerError(f"larger than {MAX_ANSWER_MB} MB, which no answer is")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotAnAnswerError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        raise NotAnAnswerError(f"not UTF-8 text (byte {error.start})") from None
    start = text.lstrip()[:1]
    if not start:
        raise NotAnAnswerError("empty")
    if start == "<":
        raise NotAnAnswerError(
            "an HTML or XML page, most likely an error page of the portal or its firewall: ask again"
        )
    try:
        return parse_json(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise NotAnAnswerError(f"JSON that ends too early, after {len(text)} characters: record it again") from None
        raise NotAnAnswerError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotAnAnswerError("JSON nested too deeply") from None
    except ValueError as error:
        raise NotAnAnswerError(f"not JSON: {error}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _data(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise NotAnAnswerError(f"a JSON {_kind(document)}, not an object")
    if "data" not in document:
        if "message" in document and "code" in document:
            raise NotAnAnswerError("an envelope without data: the portal refused, ask again")
        return document
    data = document["data"]
    if not isinstance(data, dict):
        code = document.get("code")
        said = f" (code {code[:40]!r})" if isinstance(code, str) else ""
        raise NotAnAnswerError(f"data is {_kind(data)}, not an object{said}")
    return data


def _recognise(data: Mapping[str, Any], path: Path, rules: Rules) -> str:
    """The endpoint by content; where that is not enough, by a folder of the path."""
    rows = [row for name in ("overview", "parent") if isinstance(row := data.get(name), dict)]
    for name in ("evaluation", "children"):
        if isinstance(several := data.get(name), list):
            rows += [row for row in several if isinstance(row, dict)]
    keys = {key for row in rows for key in row}
    found: set[str] = set()
    if "radar" in data or "groupScores" in keys:
        found.add("service-results")
    if "totalFeeFormality" in keys:
        found.add("formality-online-payment-tree")
    if "totalReceived" in keys:
        found.add("dvc-progress-tree")
    if "authorityCount" in keys:
        found.add("provide-online-tree")
    for row in rows:
        for metric in row["metrics"] if isinstance(row.get("metrics"), list) else ():
            code = metric.get("code") if isinstance(metric, dict) else None
            if isinstance(code, str) and code in rules.components:
                found.add(rules.components[code].endpoint)
    if len(found) == 1:
        return found.pop()
    if found:
        raise NotAnAnswerError(f"a mixture of endpoints ({', '.join(sorted(found))}): record each on its own")
    hinted = [part for part in path.parts if part in ENDPOINTS]
    if hinted and rows:
        return hinted[-1]
    raise NotAnAnswerError(f"JSON, but not an answer of one of the seven endpoints ({', '.join(ENDPOINTS)})")


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "number")


# --------------------------------------------------------------------------------------------------- fields of a row
class _Fields:
    """A JSON object whose fields are taken one by one; what is left in the end is unknown and counted."""

    def __init__(self, value: Any, where: str, unknown: Counter[str]) -> None:
        if not isinstance(value, dict):
            raise _MalformedError(f"{where} is {_kind(value)}, not an object")
        self._left = dict(value)
        self._where = where
        self._unknown = unknown

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise _MalformedError(f"{self._where}.{name} is missing")
        return self._left.pop(name)

    def known(self, *names: str) -> None:
        """Fields that are known and not needed."""
        for name in names:
            self._left.pop(name, None)

    def has(self, name: str) -> bool:
        return name in self._left

    def object(self, name: str) -> Any:
        return self._take(name)

    def rows(self, name: str) -> list[Any]:
        value = self._take(name)
        if not isinstance(value, list):
            raise _MalformedError(f"{self._where}.{name} is {_kind(value)}, not a list")
        return value

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str):
            raise _MalformedError(f"{self._where}.{name} is {_kind(value)}, not text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Text; None where the field is null or absent."""
        if self._left.get(name) is None:
            self.known(name)
            return None
        return self.text(name)

    def optional_number(self, name: str) -> float | None:
        """A number or null; the field must be there."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _MalformedError(f"{self._where}.{name} is {_kind(value)}, not a number")
        if not abs(value) <= _LARGEST_COUNT:
            raise _MalformedError(f"{self._where}.{name} is too large a number")
        number: float = value
        return number

    def number(self, name: str) -> float:
        value = self.optional_number(name)
        if value is None:
            raise _MalformedError(f"{self._where}.{name} is null, not a number")
        return value

    def optional_count(self, name: str) -> int | None:
        """A whole number or null; the field must be there."""
        value = self.optional_number(name)
        if value is not None and value != int(value):
            raise _MalformedError(f"{self._where}.{name} is not a whole number")
        return None if value is None else int(value)

    def count(self, name: str) -> int:
        value = self.optional_count(name)
        if value is None:
            raise _MalformedError(f"{self._where}.{name} is null, not a number")
        return value

    def leave(self) -> None:
        """Count what was not asked for."""
        self._unknown.update(f"{self._where}.{name}" for name in self._left)


def _each(answer: Answer, rows: Iterable[Any], where: str, read: Callable[[_Fields], None], of: str = "") -> bool:
    """Read rows one by one; a malformed one becomes a problem and the next goes on. False if there was any."""
    before = len(answer.problems)
    for number, row in enumerate(rows, start=1):
        try:
            fields = _Fields(row, where, answer.unknown_fields)
            read(fields)
            fields.leave()
        except _MalformedError as error:
            answer.problems.append(f"{of or where} row {number}: {error}")
    return len(answer.problems) == before


# ------------------------------------------------------------------------------------------------------- the shapes
def _unit(fields: _Fields) -> Unit:
    fields.known("stt", "departmentType", "departmentLevel", "agencyLevel", "level", "scoreDelta", "averageScore")
    return Unit(
        fields.optional_text("departmentId"), fields.optional_text("departmentCode"), fields.text("departmentName")
    )


def _metrics(answer: Answer, top: _Fields) -> None:
    """transparency, dossier-digitized, handling-satisfaction: every unit lists its metrics with counts and points."""
    top.known("pagination", "source", "monthlyChart")

    def unit(fields: _Fields) -> None:
        of = _unit(fields)
        fields.known("totalPetitions", "classifiedPetitions", "totalDossiers")
        read: dict[str, Observation] = {}

        def metric(row: _Fields) -> None:
            code = row.text("code")
            row.known("name", "dataQualityMessage")
            observation = Observation(
                unit=of,
                item=code,
                shares=(Share(code, row.optional_count("numerator"), row.optional_count("denominator")),),
                points=row.optional_number("score"),
                max_points=row.number("maxScore"),
                ratio_pct=row.optional_number("ratio"),
                flag=row.optional_text("dataQualityStatus"),
            )
            if code in read:
                raise _MalformedError(f"{code} stands twice")
            read[code] = observation

        whole = _each(answer, fields.rows("metrics"), "metrics", metric, of=f"{of}, metrics")
        answer.observations += read.values()
        total = Total(
            unit=of,
            item="total",
            parts={o.item: o.points for o in read.values()} if whole else {},
            published=fields.number("totalScore"),
            max_points=fields.number("totalMaxScore"),
            ratio_pct=fields.optional_number("ratio"),
            part_max=sum(o.max_points for o in read.values()) if whole else None,
        )
        answer.totals.append(total)

    _each(answer, [top.object("overview")] if top.has("overview") else [], "overview", unit)
    _each(answer, top.rows("evaluation") if top.has("evaluation") else [], "evaluation", unit)


def _tree(answer: Answer, top: _Fields, read: Callable[[Answer, _Fields], None]) -> None:
    """The three trees: the province as `parent`, departments and communes as `children`."""
    top.known("monthlyChart", "pagination", "source")
    _each(answer, [top.object("parent")] if top.has("parent") else [], "parent", partial(read, answer))
    _each(answer, top.rows("children") if top.has("children") else [], "children", partial(read, answer))


def _progress(answer: Answer, row: _Fields) -> None:
    unit = _unit(row)
    row.known("totalCompleted", "avgProcessingDays")
    received, on_time = row.count("totalReceived"), row.count("totalOnTime")
    score, most = ("score", "maxScore") if row.has("score") else ("totalScore", "totalMaxScore")
    answer.observations.append(
        Observation(
            unit=unit,
            item="DOSSIER_ON_TIME",
            shares=(Share("DOSSIER_ON_TIME", on_time, received),),
            points=row.optional_number(score),
            max_points=row.number(most),
            ratio_pct=row.optional_number("ratio"),
        )
    )
    if row.has("totalOverdue"):
        overdue = row.count("totalOverdue")
        answer.totals.append(
            Total(unit, "totalReceived", {"totalOnTime": on_time, "totalOverdue": overdue}, published=received)
        )


def _online(answer: Answer, row: _Fields) -> None:
    unit = _unit(row)
    points, most = row.optional_number("totalScore"), row.number("totalMaxScore")
    ratio = row.optional_number("ratio")
    if not row.has("authorityCount"):
        answer.unscorable["CLGQ", "the portal publishes the points of departments and communes without the counts"] += 1
        if points is not None:
            answer.totals.append(Total(unit, "CLGQ", {}, points, most, ratio))
        return
    online, all_channels = row.count("channelOnlineSum"), row.count("channelTotalSum")
    answer.observations.append(
        Observation(
            unit=unit,
            item="CLGQ",
            shares=(
                Share(
                    "ONLINE_PROVISION", row.count("partialCount") + row.count("fullCount"), row.count("authorityCount")
                ),
                Share("ONLINE_SERVICE_USED", row.count("onlineDossierCount"), row.count("onlineServiceTotal")),
                Share("ONLINE_DOSSIER", online, all_channels),
            ),
            points=points,
            max_points=most,
            ratio_pct=ratio,
        )
    )
    channels = {name: row.count(name) for name in ("channelDirectSum", "channelPostalSum")}
    in_time = {name: row.count(name) for name in ("onlineOnTimeSum", "onlineOverdueSum")}
    answer.totals += [
        Total(unit, "channelTotalSum", {"channelOnlineSum": online, **channels}, published=all_channels),
        Total(unit, "channelOnlineSum", in_time, published=online),
    ]


def _payment(answer: Answer, row: _Fields) -> None:
    unit = _unit(row)
    row.known("totalFeeDossierFormalityDistinct")  # equals totalFeeFormality in every answer seen
    points, most = row.optional_number("totalScore"), row.number("totalMaxScore")
    ratio = row.optional_number("ratio")
    paid, owed = row.count("totalDossierOnlinePaymentSuccess"), row.count("totalDossierFinancialObligation")
    used, procedures = row.count("totalDossierOnlineFormalityPaymentSuccess"), row.count("totalFeeFormality")
    if not row.has("totalFeeDossierFormality"):
        answer.unscorable["TTTT", "totalFeeDossierFormality, the numerator of part c, is not in the file"] += 1
        if points is not None:
            answer.totals.append(Total(unit, "TTTT", {}, points, most, ratio))
        return
    answer.observations.append(
        Observation(
            unit=unit,
            item="TTTT",
            shares=(
                Share("PAYMENT_DOSSIER", paid, owed),
                Share("PAYMENT_PROCEDURE", used, procedures),
                Share("PAYMENT_INTEGRATED", row.count("totalFeeDossierFormality"), procedures),
            ),
            points=points,
            max_points=most,
            ratio_pct=ratio,
        )
    )


def _service_results(answer: Answer, top: _Fields) -> None:
    """The list of provinces (or of the units of one), each with its groups; above it the figure for all of them."""
    top.known("growthPercent", "donuts", "monthlyChart", "dossierChart", "pagination", "source")
    radar: dict[str, tuple[float | None, float]] = {}

    def axis(row: _Fields) -> None:
        code = row.text("code")
        row.known("name", "ratio")  # of a combined group it is not score / maxScore
        radar[code] = row.optional_number("score"), row.number("maxScore")

    def overview(row: _Fields) -> None:
        unit = _unit(row)
        answer.totals.append(
            Total(
                unit=unit,
                item="total",
                parts={code: points for code, (points, _) in radar.items()} if whole else {},
                published=row.number("totalScore"),
                max_points=row.number("totalMaxScore"),
                ratio_pct=row.optional_number("ratio"),
                part_max=sum(most for _, most in radar.values()) if radar and whole else None,
            )
        )

    def listed(row: _Fields) -> None:
        unit = _unit(row)
        row.known("shortName", "childGroup")  # added by public recorders
        groups = row.object("groupScores")
        if not isinstance(groups, dict):
            raise _MalformedError(f"evaluation.groupScores is {_kind(groups)}, not an object")
        scores = _Fields(groups, "evaluation.groupScores", answer.unknown_fields)
        parts = {code: scores.optional_number(code) for code in groups}
        total = row.number("totalScore")
        answer.totals.append(Total(unit, "total", parts, total, 100, row.optional_number("ratio")))
        answer.placings.append((unit, total, row.optional_count("rank") if row.has("rank") else None))

    whole = _each(answer, top.rows("radar") if top.has("radar") else [], "radar", axis)
    _each(answer, [top.object("overview")] if top.has("overview") else [], "overview", overview)
    _each(answer, top.rows("evaluation") if top.has("evaluation") else [], "evaluation", listed)


_SHAPES: dict[str, Callable[[Answer, _Fields], None]] = {
    "service-results": _service_results,
    "transparency": _metrics,
    "dvc-progress-tree": partial(_tree, read=_progress),
    "provide-online-tree": partial(_tree, read=_online),
    "formality-online-payment-tree": partial(_tree, read=_payment),
    "dossier-digitized": _metrics,
    "handling-satisfaction": _metrics,
}
ENDPOINTS = tuple(_SHAPES)
"""The seven endpoints of the portal's reporting interface that carry points."""
