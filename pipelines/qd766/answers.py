"""Answers of the portal's public reporting interface, as recorded, read into observations that can be checked.

One answer is a JSON object, with its envelope `{"code", "data", "message"}` or the bare `data`. The endpoint is read
off the content; the name of a folder in the path only helps where the content is not enough. Each kind of row is a
pydantic model: its fields are used or known, and any other is kept in the model and counted as unknown, so that an
answer that changes its shape is noticed. Rows are validated one by one: a malformed one costs no other.

Two shapes carry points: metrics (`overview` and `evaluation`, each unit with a list of metrics) and trees (`parent` and
`children`). `service-results` carries the totals of the groups. The shapes were read off answers of 2026.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from pipelines.json_text import parse_json
from pipelines.language import later, tr
from pipelines.qd766.rules import Rules, Share

MAX_ANSWER_MB = 64
"""A national answer has well under 1 MB: a longer file is something else."""

_LARGEST_COUNT = 2**53  # beyond it the portal's own numbers are not exact


class NotAnAnswerError(ValueError):
    """A file is not an answer of the portal. The message is the reason, without the file's content."""


@dataclass(frozen=True)
class Unit:
    """A place in an answer. `code` is None where the endpoint gives none.

    `level` is country, province, department (of the province) or commune; None where the answer does not state it.
    """

    id: str | None
    code: str | None
    name: str
    level: str | None = None

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
    message: str | None = None
    """The portal's explanation of the flag."""


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
    """What one recorded answer states. `problems` are parts that could not be read; the rest goes on without them."""

    path: Path
    endpoint: str
    root_id: str | None = None
    """The portal's id of the province that a list of units belongs to; None for the nation."""
    pages: int | None = None
    """Number of pages of the list; None where the answer does not state it."""
    observations: list[Observation] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    placings: list[tuple[Unit, float, int | None]] = field(default_factory=list)
    """Units in the order of the list, with their total and, where given, their rank."""
    unscorable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(item, reason) to the number of units whose score is published without what it is made of."""
    unknown_fields: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def read_answer(path: Path, rules: Rules) -> Answer:
    """Read one file; names of its folders help to recognise the endpoint.

    Raises:
        NotAnAnswerError: the file is no answer of one of the seven endpoints.
    """
    try:
        content = b"" if path.stat().st_size > MAX_ANSWER_MB << 20 else path.read_bytes()
        if not content and path.stat().st_size:
            raise NotAnAnswerError(
                tr("larger than {max_answer_mb} MB, which no answer is", max_answer_mb=MAX_ANSWER_MB)
            )
    except OSError as error:
        raise NotAnAnswerError(tr("cannot be read: {error}", error=error.strerror or type(error).__name__)) from None
    return parse_answer(content, rules, path)


def parse_answer(content: bytes, rules: Rules, path: Path) -> Answer:
    """Read the bytes of an answer; parts of `path` that name an endpoint help where the content is not enough.

    Raises:
        NotAnAnswerError: the bytes are no answer of one of the seven endpoints.
    """
    data = _data(_json(content))
    endpoint = _recognise(data, path, rules)
    answer = Answer(path, endpoint)
    try:
        _READERS[endpoint](answer, data)
    except ValidationError as error:
        raise NotAnAnswerError(_reason(error, "data")) from None
    if not (answer.observations or answer.totals or answer.unscorable or answer.problems):
        raise NotAnAnswerError(tr("an answer of {endpoint} without any unit in it", endpoint=endpoint))
    return answer


# ---------------------------------------------------------------------------------------------- from bytes to endpoint
def _json(content: bytes) -> Any:
    if len(content) > MAX_ANSWER_MB << 20:
        raise NotAnAnswerError(tr("larger than {max_answer_mb} MB, which no answer is", max_answer_mb=MAX_ANSWER_MB))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotAnAnswerError(tr("not UTF-8 text (byte {position})", position=error.start)) from None
    start = text.lstrip()[:1]
    if not start:
        raise NotAnAnswerError(tr("empty"))
    if start == "<":
        raise NotAnAnswerError(
            tr("an HTML or XML page, most likely an error page of the portal or its firewall: ask again")
        )
    try:
        return parse_json(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise NotAnAnswerError(
                tr("JSON that ends too early, after {text} characters: record it again", text=len(text))
            ) from None
        raise NotAnAnswerError(
            tr(
                "not JSON: {msg} at line {lineno}, column {colno}",
                msg=error.msg,
                lineno=error.lineno,
                colno=error.colno,
            )
        ) from None
    except RecursionError:
        raise NotAnAnswerError(tr("JSON nested too deeply")) from None
    except ValueError as error:
        raise NotAnAnswerError(tr("not JSON: {error}", error=error)) from None


def _no_constant(name: str) -> float:
    raise ValueError(tr("{name} is no number in JSON", name=name))


def _data(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise NotAnAnswerError(tr("a JSON {document}, not an object", document=_kind(document)))
    if "data" not in document:
        if "message" in document and "code" in document:
            raise NotAnAnswerError(tr("an envelope without data: the portal refused, ask again"))
        return document
    data = document["data"]
    if not isinstance(data, dict):
        code = document.get("code")
        stated = f" (code {code[:40]!r})" if isinstance(code, str) else ""
        raise NotAnAnswerError(tr("data is {data}, not an object{stated}", data=_kind(data), stated=stated))
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
        raise NotAnAnswerError(
            tr("a mixture of endpoints ({found}): record each on its own", found=", ".join(sorted(found)))
        )
    hinted = [part for part in path.parts if part in ENDPOINTS]
    if hinted and rows:
        return hinted[-1]
    raise NotAnAnswerError(
        tr("JSON, but not an answer of one of the seven endpoints ({endpoints})", endpoints=", ".join(ENDPOINTS))
    )


def _kind(value: Any) -> str:
    names = {
        dict: later("object"),
        list: later("list"),
        str: later("text"),
        bool: later("true or false"),
        type(None): "null",
    }
    return tr(names.get(type(value), later("number")))


# ------------------------------------------------------------------------------------------------------- the models
def _checked(*, is_whole: bool, is_nullable: bool) -> Callable[[Any], Any]:
    """A validator of a number as JSON writes it: text, true and what is not exact in a double are none."""

    def check(value: Any) -> Any:
        if value is None and is_nullable:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PydanticCustomError("portal", tr("{kind}, not a number", kind=_kind(value)))
        if not abs(value) <= _LARGEST_COUNT:
            raise PydanticCustomError("portal", tr("too large a number"))
        if is_whole and value != int(value):
            raise PydanticCustomError("portal", tr("not a whole number"))
        return int(value) if is_whole else value

    return check


def _is(kind: type, name: str, *, is_nullable: bool = False) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, kind) or (value is None and is_nullable):
            return value
        raise PydanticCustomError("portal", tr("{kind}, not {name}", kind=_kind(value), name=name))

    return check


Number = Annotated[float, BeforeValidator(_checked(is_whole=False, is_nullable=False))]
Count = Annotated[int, BeforeValidator(_checked(is_whole=True, is_nullable=False))]
NumberOrNull = Annotated[float | None, BeforeValidator(_checked(is_whole=False, is_nullable=True))]
CountOrNull = Annotated[int | None, BeforeValidator(_checked(is_whole=True, is_nullable=True))]
Text = Annotated[str, BeforeValidator(_is(str, "text"))]
TextOrNull = Annotated[str | None, BeforeValidator(_is(str, "text", is_nullable=True))]
Rows = Annotated[list[Any], BeforeValidator(_is(list, "a list"))]


class Part(BaseModel):
    """An object of an answer. A field without a default must be there; what is not declared is kept in `model_extra`.

    Fields that are declared as `Any` are known and not needed.
    """

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)


class UnitRow(Part):
    """What every row of a unit has."""

    department_id: TextOrNull = None
    department_code: TextOrNull = None
    department_name: Text
    department_type: Any = None
    department_level: Any = None
    level: Any = None
    stt: Any = None
    agency_level: Any = None
    average_score: Any = None
    score_delta: Any = None
    """Compares with an earlier total that had two groups at zero for most provinces: not used."""


class Metric(Part):
    """A component with its counts and points."""

    code: Text
    name: Any = None
    numerator: CountOrNull
    denominator: CountOrNull
    score: NumberOrNull
    max_score: Number
    ratio: NumberOrNull
    data_quality_status: TextOrNull = None
    data_quality_message: Any = None


class MeasuredUnit(UnitRow):
    """A unit of transparency, dossier-digitized or handling-satisfaction: metrics and their total."""

    metrics: Rows
    total_score: Number
    total_max_score: Number
    ratio: NumberOrNull
    total_petitions: Any = None
    classified_petitions: Any = None
    total_dossiers: Any = None


class ProgressUnit(UnitRow):
    """dvc-progress-tree; the province's own row."""

    total_received: Count
    total_on_time: Count
    total_score: NumberOrNull
    total_max_score: Number
    ratio: NumberOrNull
    total_overdue: Annotated[int | None, BeforeValidator(_checked(is_whole=True, is_nullable=False))] = None
    total_completed: Any = None
    avg_processing_days: Any = None


class ProgressChild(ProgressUnit):
    """dvc-progress-tree below the province, where points go by another name."""

    model_config = ConfigDict(
        alias_generator=lambda name: {"total_score": "score", "total_max_score": "maxScore"}.get(name, to_camel(name))
    )


class PointsOnly(UnitRow):
    """The points of a group without what they are made of."""

    total_score: NumberOrNull
    total_max_score: Number
    ratio: NumberOrNull


class OnlineUnit(PointsOnly):
    """provide-online-tree with its counts."""

    authority_count: Count
    partial_count: Count
    full_count: Count
    online_dossier_count: Count
    online_service_total: Count
    channel_online_sum: Count
    channel_direct_sum: Count
    channel_postal_sum: Count
    channel_total_sum: Count
    online_on_time_sum: Count
    online_overdue_sum: Count


class PaymentUnit(PointsOnly):
    """formality-online-payment-tree."""

    total_dossier_online_payment_success: Count
    total_dossier_financial_obligation: Count
    total_dossier_online_formality_payment_success: Count
    total_fee_formality: Count
    total_fee_dossier_formality: Annotated[int | None, BeforeValidator(_checked(is_whole=True, is_nullable=False))] = (
        None
    )
    """Numerator of part c; older records lack it."""
    total_fee_dossier_formality_distinct: Any = None
    """Equals total_fee_formality in every answer seen."""


class Axis(Part):
    """A group of the nation, in `radar` of service-results. `ratio` of a combined group is not score / maxScore."""

    code: Text
    score: NumberOrNull
    max_score: Number
    name: Any = None
    ratio: Any = None


class Nation(UnitRow):
    """`overview` of service-results."""

    total_score: Number
    total_max_score: Number
    ratio: NumberOrNull


class RankedUnit(UnitRow):
    """A province in the list of service-results."""

    group_scores: Annotated[dict[str, NumberOrNull], BeforeValidator(_is(dict, "an object"))]
    total_score: Number
    ratio: NumberOrNull
    rank: CountOrNull = None
    short_name: Any = None
    """Added by public recorders, as child_group is."""
    child_group: Any = None


class Body(Part):
    """`data` of an answer. Rows are validated one by one."""

    overview: Any = None
    parent: Any = None
    evaluation: Rows = []
    children: Rows = []
    radar: Rows = []
    pagination: Any = None
    source: Any = None
    monthly_chart: Any = None
    dossier_chart: Any = None
    donuts: Any = None
    growth_percent: Any = None
    """Compares with an earlier total that had two groups at zero for most provinces: not used."""

    def rows(self, own: str, below: str) -> list[tuple[str, Any]]:
        """(where, row) of the unit itself and of those below it."""
        first = [(own, getattr(self, own))] if own in self.model_fields_set else []
        return [*first, *((below, row) for row in getattr(self, below))]


AnyPart = TypeVar("AnyPart", bound=Part)


def _validated(answer: Answer, model: type[AnyPart], row: Any, where: str) -> AnyPart:
    """The row as a model; fields that the model does not declare are counted.

    Raises:
        ValidationError: it is none.
    """
    part = model.model_validate(row)
    answer.unknown_fields.update(f"{where}.{name}" for name in part.model_extra or ())
    return part


def _each(
    answer: Answer, rows: Iterable[tuple[str, Any]], read: Callable[[str, Any], None], of: str | None = None
) -> bool:
    """Read rows one by one; a malformed one becomes a problem and reading continues. False if there was any."""
    before = len(answer.problems)
    numbers: Counter[str] = Counter()
    for where, row in rows:
        numbers[where] += 1
        try:
            read(where, row)
        except ValidationError as error:
            answer.problems.append(f"{of or where} row {numbers[where]}: {_reason(error, where)}")
    return len(answer.problems) == before


def _reason(error: ValidationError, where: str) -> str:
    """What is wrong with one part of an answer: the field and its kind, never its value."""
    first = error.errors(include_url=False, include_input=True)[0]
    name = ".".join([where, *map(str, first["loc"])])
    if first["type"] == "missing":
        return tr("{name} is missing", name=name)
    if first["type"] == "portal":
        return tr("{name} is {what}", name=name, what=first["msg"])
    return tr("{name} is {kind}, not an object", name=name, kind=_kind(first["input"]))


# ------------------------------------------------------------------------------------------------------ the readers
_LEVELS = {"COMMUNE": "commune", "COMMUNE_PEOPLE_COMMITTEE": "commune"}


class _Units:
    """Makes units of rows, with their level."""

    def __init__(self, body: Body, *, is_national: bool) -> None:
        own = [row for row in (body.overview, body.parent) if isinstance(row, dict)]
        below = [row for row in (*body.evaluation, *body.children) if isinstance(row, dict)]
        root = None if is_national or not own else own[0].get("departmentId")
        self.root_id = root if isinstance(root, str) else None
        self._is_national = is_national
        self._own = {(row.get("departmentId"), row.get("departmentName")) for row in own}
        # the province may come again below itself: the first row of a unit counts
        self._kinds: dict[tuple[Any, Any], Any] = {}
        for row in below:
            kind = row.get("departmentType") or row.get("departmentLevel") or row.get("level")
            key = row.get("departmentId"), row.get("departmentName")
            if isinstance(key[0], str | None) and isinstance(key[1], str):
                self._kinds.setdefault(key, kind)

    def unit(self, row: UnitRow) -> Unit:
        key = row.department_id, row.department_name
        if key in self._own:
            level: str | None = "country" if self._is_national else "province"
        elif self._is_national:
            level = "province"
        else:
            kind = self._kinds.get(key)
            level = (_LEVELS.get(kind) if isinstance(kind, str) else None) or ("department" if kind else None)
        return Unit(row.department_id, row.department_code, row.department_name, level)


def _body(answer: Answer, data: Mapping[str, Any]) -> tuple[Body, _Units]:
    body = _validated(answer, Body, data, "data")
    units = _Units(body, is_national=answer.endpoint == "service-results")
    answer.root_id = units.root_id
    pages = body.pagination.get("totalPages") if isinstance(body.pagination, dict) else None
    if pages is not None:
        answer.pages = pages if isinstance(pages, int) and not isinstance(pages, bool) else -1
    return body, units


def _metrics(answer: Answer, data: Mapping[str, Any]) -> None:
    """transparency, dossier-digitized, handling-satisfaction: every unit lists its metrics with counts and points."""
    body, units = _body(answer, data)

    def read(where: str, row: Any) -> None:
        measured = _validated(answer, MeasuredUnit, row, where)
        of = units.unit(measured)
        found: dict[str, Observation] = {}

        def metric(where: str, row: Any) -> None:
            part = _validated(answer, Metric, row, where)
            if part.code in found:
                answer.problems.append(f"{of}, metrics: {part.code} appears twice")
                return
            found[part.code] = Observation(
                unit=of,
                item=part.code,
                shares=(Share(part.code, part.numerator, part.denominator),),
                points=part.score,
                max_points=part.max_score,
                ratio_pct=part.ratio,
                flag=part.data_quality_status,
                message=part.data_quality_message if isinstance(part.data_quality_message, str) else None,
            )

        is_complete = _each(answer, (("metrics", row) for row in measured.metrics), metric, of=f"{of}, metrics")
        answer.observations += found.values()
        answer.totals.append(
            Total(
                unit=of,
                item="total",
                parts={o.item: o.points for o in found.values()} if is_complete else {},
                published=measured.total_score,
                max_points=measured.total_max_score,
                ratio_pct=measured.ratio,
                part_max=sum(o.max_points for o in found.values()) if is_complete else None,
            )
        )

    _each(answer, body.rows("overview", "evaluation"), read)


def _progress(answer: Answer, data: Mapping[str, Any]) -> None:
    body, units = _body(answer, data)

    def read(where: str, row: Any) -> None:
        is_child = isinstance(row, dict) and "score" in row
        part: ProgressUnit = _validated(answer, ProgressChild if is_child else ProgressUnit, row, where)
        unit = units.unit(part)
        answer.observations.append(
            Observation(
                unit=unit,
                item="DOSSIER_ON_TIME",
                shares=(Share("DOSSIER_ON_TIME", part.total_on_time, part.total_received),),
                points=part.total_score,
                max_points=part.total_max_score,
                ratio_pct=part.ratio,
            )
        )
        if part.total_overdue is not None:
            parts: dict[str, float | None] = {"totalOnTime": part.total_on_time, "totalOverdue": part.total_overdue}
            answer.totals.append(Total(unit, "totalReceived", parts, published=part.total_received))

    _each(answer, body.rows("parent", "children"), read)


def _online(answer: Answer, data: Mapping[str, Any]) -> None:
    body, units = _body(answer, data)
    without_counts = "the portal publishes the points of departments and communes without the counts"

    def read(where: str, row: Any) -> None:
        if isinstance(row, dict) and "authorityCount" not in row:
            _points_only(answer, units, _validated(answer, PointsOnly, row, where), "CLGQ", without_counts)
            return
        part = _validated(answer, OnlineUnit, row, where)
        unit = units.unit(part)
        answer.observations.append(
            Observation(
                unit=unit,
                item="CLGQ",
                shares=(
                    Share("ONLINE_PROVISION", part.partial_count + part.full_count, part.authority_count),
                    Share("ONLINE_SERVICE_USED", part.online_dossier_count, part.online_service_total),
                    Share("ONLINE_DOSSIER", part.channel_online_sum, part.channel_total_sum),
                ),
                points=part.total_score,
                max_points=part.total_max_score,
                ratio_pct=part.ratio,
            )
        )
        channels: dict[str, float | None] = {
            "channelOnlineSum": part.channel_online_sum,
            "channelDirectSum": part.channel_direct_sum,
            "channelPostalSum": part.channel_postal_sum,
        }
        in_time: dict[str, float | None] = {
            "onlineOnTimeSum": part.online_on_time_sum,
            "onlineOverdueSum": part.online_overdue_sum,
        }
        answer.totals += [
            Total(unit, "channelTotalSum", channels, published=part.channel_total_sum),
            Total(unit, "channelOnlineSum", in_time, published=part.channel_online_sum),
        ]

    _each(answer, body.rows("parent", "children"), read)


def _payment(answer: Answer, data: Mapping[str, Any]) -> None:
    body, units = _body(answer, data)
    without_part_c = "totalFeeDossierFormality, the numerator of part c, is not in the file"

    def read(where: str, row: Any) -> None:
        part = _validated(answer, PaymentUnit, row, where)
        if part.total_fee_dossier_formality is None:
            _points_only(answer, units, part, "TTTT", without_part_c)
            return
        paid, owed = part.total_dossier_online_payment_success, part.total_dossier_financial_obligation
        procedures = part.total_fee_formality
        answer.observations.append(
            Observation(
                unit=units.unit(part),
                item="TTTT",
                shares=(
                    Share("PAYMENT_DOSSIER", paid, owed),
                    Share("PAYMENT_PROCEDURE", part.total_dossier_online_formality_payment_success, procedures),
                    Share("PAYMENT_INTEGRATED", part.total_fee_dossier_formality, procedures),
                ),
                points=part.total_score,
                max_points=part.total_max_score,
                ratio_pct=part.ratio,
            )
        )

    _each(answer, body.rows("parent", "children"), read)


def _points_only(answer: Answer, units: _Units, part: PointsOnly, group: str, reason: str) -> None:
    answer.unscorable[group, reason] += 1
    if part.total_score is not None:
        total = Total(units.unit(part), group, {}, part.total_score, part.total_max_score, part.ratio)
        answer.totals.append(total)


def _service_results(answer: Answer, data: Mapping[str, Any]) -> None:
    """The list of provinces (or of the units of one), each with its groups; above it the figure for all of them."""
    body, units = _body(answer, data)
    radar: dict[str, Axis] = {}

    def axis(where: str, row: Any) -> None:
        part = _validated(answer, Axis, row, where)
        radar[part.code] = part

    is_complete = _each(answer, (("radar", row) for row in body.radar), axis)

    def read(where: str, row: Any) -> None:
        if where == "overview":
            nation = _validated(answer, Nation, row, where)
            answer.totals.append(
                Total(
                    unit=units.unit(nation),
                    item="total",
                    parts={code: one.score for code, one in radar.items()} if is_complete else {},
                    published=nation.total_score,
                    max_points=nation.total_max_score,
                    ratio_pct=nation.ratio,
                    part_max=sum(one.max_score for one in radar.values()) if radar and is_complete else None,
                )
            )
            return
        part = _validated(answer, RankedUnit, row, where)
        unit = units.unit(part)
        answer.totals.append(Total(unit, "total", part.group_scores, part.total_score, 100, part.ratio))
        answer.placings.append((unit, part.total_score, part.rank))

    _each(answer, body.rows("overview", "evaluation"), read)


_READERS: dict[str, Callable[[Answer, Mapping[str, Any]], None]] = {
    "service-results": _service_results,
    "transparency": _metrics,
    "dvc-progress-tree": _progress,
    "provide-online-tree": _online,
    "formality-online-payment-tree": _payment,
    "dossier-digitized": _metrics,
    "handling-satisfaction": _metrics,
}
ENDPOINTS = tuple(_READERS)
"""The seven endpoints of the portal's reporting interface that carry points."""
