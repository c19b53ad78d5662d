"""Published figures of the QĐ 766 index: the public reporting interface of the National Public Service Portal.

Seven endpoints, asked with POST below `/api/v1/reporting/evaluation/`: the list of provinces, and one for each group of
the index, with the province and every unit below it. The contract (fields of the body, page sizes, status 201, the days
of `handling-satisfaction` in place of a period) is that of the public record of github.com/ChippedTopaz/qd766, read off
answers of 2026. No answer states its period, so its file name does:
`<endpoint>_<month|quarter|year>_<period>_<day asked>_page-1-of-1.json`, the period as 2026-08, 2026-Q3 or 2026.

For a month that is over, its figures are asked. With the month that ends a quarter and with the running month come
the quarter and the year as they are; of a running month itself the portal has none. The portal can change what it
published, so a later day is asked again; within a day an interrupted pull goes on where it stopped. Its firewall
answers frequent requests with 403 or 429: requests follow one another with seconds between them, 429 is waited for,
and a 403 ends the pull.

One answer becomes rows: a row for each unit and component, group and total. Null is not zero, and the portal's own
flags stay. What the figures are worth is judged in dbt, not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from pipelines.language import tr
from pipelines.periods import VIETNAM
from pipelines.sources.base import Ask, Column, Fetched, Period, Rule, Source, Table
from pipelines.sources.client import Manner, PullError
from pipelines.sources.fields import EARLIEST
from pipelines.sources.framing import Frames

if TYPE_CHECKING:
    from pipelines.qd766.answers import Answer, Observation, Total, Unit
    from pipelines.qd766.rules import Rules

PATH = "/api/v1/reporting/evaluation/"
PAGE = "https://dichvucong.gov.vn/danh-gia-chat-luong-phuc-vu"
"""The public page whose figures these are: the firewall accepts requests only from it."""
HA_TINH = "019d2be3-6a87-7317-8557-a2fade51b5ae"
"""The portal's `departmentId` of the province; another one is `root_department_id` among the source's credentials."""
SECONDS_BETWEEN = 3.0
MOST_PAGES = 50

PAGE_SIZES = {
    "service-results": None,  # a list of provinces, not of units
    "transparency": 200,
    "dvc-progress-tree": 100,
    "provide-online-tree": 200,
    "formality-online-payment-tree": 100,
    "dossier-digitized": 200,
    "handling-satisfaction": 200,
}
GROUP_OF = {
    "transparency": "CKMB",
    "dvc-progress-tree": "TDGQ",
    "provide-online-tree": "CLGQ",
    "formality-online-payment-tree": "TTTT",
    "dossier-digitized": "MDSH",
    "handling-satisfaction": "MDHL",
}

TimeType = Literal["month", "quarter", "year"]
_PERIOD = re.compile(
    r"(?<![a-z])(?:(?P<month>month)|(?P<quarter>quarter)|year)[-_ ]?(?P<y>20\d\d)"
    r"(?(month)-?(?P<m>0[1-9]|1[0-2])|(?(quarter)-?Q(?P<q>[1-4])))(?!\d)",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<!\d)20\d\d-\d\d-\d\d(?!\d)")
_NAME_LIKE = "dvc-progress-tree_month_2026-08_2026-09-03.json, _quarter_2026-Q3_ or _year_2026_"


# ----------------------------------------------------------------------------------------------------------- asking
@dataclass(frozen=True)
class _Span:
    """A period of the index."""

    time_type: TimeType
    first: date
    last: date

    @property
    def label(self) -> str:
        if self.time_type == "month":
            return f"{self.first:%Y-%m}"
        return f"{self.first.year}-Q{self.last.month // 3}" if self.time_type == "quarter" else f"{self.first.year}"

    def body(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"timeType": self.time_type, "year": self.first.year}
        if self.time_type == "quarter":
            fields["quarter"] = self.last.month // 3
        elif self.time_type == "month":
            fields["month"] = self.first.month
        return fields


def _spans(partition: Period, today: date) -> Iterator[_Span]:
    """What is asked with a month: the month once it is over; quarter and year if it ends a quarter or is running."""
    year, month = partition.first.year, partition.first.month
    is_running = partition.last >= today
    if not is_running:
        yield _Span("month", partition.first, partition.last)
    if is_running or month % 3 == 0:
        end = (month + 2) // 3 * 3
        after = date(year + end // 12, end % 12 + 1, 1)
        yield _Span("quarter", date(year, end - 2, 1), after - timedelta(days=1))
        yield _Span("year", date(year, 1, 1), date(year, 12, 31))


def fetch(ask: Ask) -> Iterator[Fetched]:
    """Ask every endpoint for the periods that go with a month; each answer is checked before it is handed on.

    Raises:
        PullError: the month has not begun, or an answer is none: the message names endpoint and period.
        Refused: the portal's firewall refuses; what came before is landed.
    """
    today = ask.now().astimezone(VIETNAM).date()
    if ask.period.first > today:
        raise PullError(
            tr(
                "{name}: {partition} has not begun, so nothing is published for it.",
                name=SOURCE.name,
                partition=ask.period.partition,
            )
        )
    root = ask.credentials.get("root_department_id", HA_TINH)
    for span in _spans(ask.period, today):
        for endpoint in PAGE_SIZES:
            yield from _pages(ask, endpoint, span, root, today)


def _pages(ask: Ask, endpoint: str, span: _Span, root: str, today: date) -> Iterator[Fetched]:
    """Every page of one answer; pages that landed today are passed over, their names state how many there are."""
    from pipelines.qd766.answers import NotAnAnswerError

    def name(page: int, of: int) -> str:
        return f"{endpoint}_{span.time_type}_{span.label}_{today}_page-{page}-of-{of}.json"

    page, pages = 1, 1
    while page <= pages:
        landed = next((of for of in range(page, MOST_PAGES + 1) if ask.has_landed(name(page, of))), None)
        if landed:
            pages = landed
        else:
            url = ask.address.rstrip("/") + PATH + endpoint
            answer = ask.http.request("POST", url, json=_body(endpoint, span, root, page))
            try:
                pages = _page_count(answer.content, endpoint)
            except NotAnAnswerError as error:
                raise PullError(
                    tr(
                        "{name}: {endpoint} for {label}, page {page}: {error}. It was not landed; pull again later, "
                        "and compare the portal's page if it stays so.",
                        name=SOURCE.name,
                        endpoint=endpoint,
                        label=span.label,
                        page=page,
                        error=error,
                    )
                ) from None
            media_type = answer.headers.get("content-type", "").partition(";")[0].strip() or None
            yield Fetched(name(page, max(page, pages)), answer.content, url, answer.status, media_type, today)
        page += 1


def _body(endpoint: str, span: _Span, root: str, page: int) -> dict[str, Any]:
    if endpoint == "service-results":
        return {**span.body(), "departmentType": "ADMINISTRATIVE_UNIT"}
    dates = {"fromDate": f"{span.first}", "toDate": f"{span.last}"}
    period = dates if endpoint == "handling-satisfaction" else span.body()
    return {**period, "rootDepartmentId": root, "currentPage": page, "pageSize": PAGE_SIZES[endpoint]}


def _page_count(content: bytes, endpoint: str) -> int:
    """How many pages an answer has, which must be one of this endpoint.

    Raises:
        NotAnAnswerError: it is none, or states more pages than can be.
    """
    from pipelines.qd766.answers import NotAnAnswerError

    answer = _read(content, endpoint)
    if answer.endpoint != endpoint:
        raise NotAnAnswerError(tr("an answer of {endpoint}", endpoint=answer.endpoint))
    if not (answer.observations or answer.totals):
        raise NotAnAnswerError(tr("no unit in it can be read"))
    if answer.pages is None:  # trees come as one page, whatever page is asked for
        return 1
    if not 0 <= answer.pages <= MOST_PAGES:
        raise NotAnAnswerError(
            tr("more than {most_pages} pages, or a number of pages that is none", most_pages=MOST_PAGES)
        )
    return answer.pages


# ---------------------------------------------------------------------------------------------------------- framing
def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The rows of one recorded answer, in one batch.

    A file that is no answer, or whose name does not state its period, gives one reject with the reason; a part of an
    answer that cannot be read gives one reject, and the rest is taken.

    Args:
        max_record_bytes: longest row taken; the answer itself may have `pipelines.qd766.answers.MAX_ANSWER_MB`.
        name: the file's name, which states the period, and the day of recording where it holds one.
    """
    import pyarrow as pa

    from pipelines.qd766.answers import MAX_ANSWER_MB, NotAnAnswerError
    from pipelines.qd766.rules import load_rules

    texts: list[str] = []
    rejects: list[tuple[int, Any]] = []
    try:
        time_type, first, recorded_on = _stated_by(name)
        hint = next((endpoint for endpoint in PAGE_SIZES if endpoint in name), "")
        answer = _read(stream.read((MAX_ANSWER_MB << 20) + 1), hint)
    except NotAnAnswerError as error:
        rejects.append((1, f"no_answer: {error}"))
    else:
        context = {
            "time_type": time_type,
            "period_start": f"{first}",
            "recorded_on": recorded_on,
            "endpoint": answer.endpoint,
        }
        for row in _rows(answer, load_rules()):
            texts.append(json.dumps({**context, **row}, ensure_ascii=False))
        if texts and answer.unknown_fields:
            # New fields stay in the landed bytes; as keys of one row they are reported like those of any source.
            new = {f"new_{field.replace('.', '_')}": None for field in answer.unknown_fields}
            texts[0] = json.dumps({**json.loads(texts[0]), **new}, ensure_ascii=False)
        rejects += [(number, "malformed_part") for number, _ in enumerate(answer.problems, len(texts) + 1)]
        rejects += [(n, "record_too_long") for n, text in enumerate(texts, 1) if len(text.encode()) > max_record_bytes]
    left = {number for number, _ in rejects}
    kept = [(number, text) for number, text in enumerate(texts, 1) if number not in left]
    yield Frames(
        pa.array([number for number, _ in kept], pa.int64()), pa.array([text for _, text in kept], pa.string()), rejects
    )


def _stated_by(name: str) -> tuple[TimeType, date, str | None]:
    """Period of an answer and day of its recording, as the name of its file states them.

    Raises:
        NotAnAnswerError: it states none, or states that the answer is for one procedure only.
    """
    from pipelines.qd766.answers import NotAnAnswerError

    rest = name
    for endpoint in PAGE_SIZES:
        rest = rest.replace(endpoint, "")
    if "formality" in rest.lower():
        raise NotAnAnswerError(
            tr("an answer for one procedure by its name, which is no figure of the index: withdraw it")
        )
    found = _PERIOD.search(rest)
    if not found:
        raise NotAnAnswerError(
            tr("neither the answer nor its name states the period: name it like {name_like}", name_like=_NAME_LIKE)
        )
    time_type: TimeType = "month" if found["month"] else "quarter" if found["quarter"] else "year"
    month = int(found["m"]) if found["month"] else 3 * int(found["q"]) - 2 if found["quarter"] else 1
    day = _DAY.search(rest, found.end())
    return time_type, date(int(found["y"]), month, 1), day[0] if day else None


def _read(content: bytes, endpoint: str) -> Answer:
    """The answer in these bytes; `endpoint` helps where the content is not enough.

    Raises:
        NotAnAnswerError: the bytes are no answer.
    """
    from pipelines.qd766.answers import parse_answer
    from pipelines.qd766.rules import load_rules

    return parse_answer(content, load_rules(), Path(endpoint, "answer.json"))


def _rows(answer: Answer, rules: Rules) -> Iterator[dict[str, Any]]:
    def unit_fields(unit: Unit) -> dict[str, Any]:
        return {
            "root_id": answer.root_id,
            "department_id": unit.id,
            "department_code": unit.code,
            "department_name": unit.name,
            "department_level": unit.level,
        }

    for observation in answer.observations:
        for row in _of_observation(observation, answer.endpoint):
            yield {**unit_fields(observation.unit), **row, "message": observation.message}
    ranks = {unit: rank for unit, _, rank in answer.placings}
    for total in answer.totals:
        for row in _of_total(total, answer.endpoint, rules):
            rank = {"rank": ranks.get(total.unit)} if row["item_type"] == "total" else {}
            yield {**unit_fields(total.unit), **row, **rank}


def _of_observation(observation: Observation, endpoint: str) -> Iterator[dict[str, Any]]:
    """A component with its points; or, of a group published as one, its parts without points and the group."""
    own = {
        "ratio_pct": observation.ratio_pct,
        "score": observation.points,
        "max_score": observation.max_points,
        "flag": observation.flag,
    }
    is_one = len(observation.shares) == 1
    for share in observation.shares:
        counts = {"numerator": share.numerator, "denominator": share.denominator}
        yield {"item_type": "component", "item_code": share.component_code, **counts, **(own if is_one else {})}
    if not is_one or endpoint == "dvc-progress-tree":  # progress is a group of one component
        yield {"item_type": "group", "item_code": GROUP_OF[endpoint], **own}


def _of_total(total: Total, endpoint: str, rules: Rules) -> Iterator[dict[str, Any]]:
    """Groups and total of the index, or the total of one group; sums of counts are the portal's own affair."""
    if endpoint == "service-results":
        for code, points in total.parts.items():
            if code in rules.group_max:
                yield {"item_type": "group", "item_code": code, "score": points, "max_score": rules.group_max[code]}
        item = {"item_type": "total", "item_code": "TOTAL"}
    elif total.item in ("total", GROUP_OF[endpoint]):
        item = {"item_type": "group", "item_code": GROUP_OF[endpoint]}
    else:
        return
    yield {**item, "score": total.published, "max_score": total.max_points, "ratio_pct": total.ratio_pct}


# ------------------------------------------------------------------------------------------------------------ table
def _text(field: str) -> str:
    return f"nullif(trim(j.{field}), '')"


def _number(field: str, kind: str = "double") -> str:
    return f"try_cast(j.{field} as {kind})"


COLUMNS = (
    Column("endpoint", "varchar", _text("endpoint")),
    Column("period_type", "varchar", _text("time_type")),
    Column("period_start", "date", _number("period_start", "date")),
    # a dropped file may be older than the day it came
    Column("recorded_on", "date", "coalesce(try_cast(j.recorded_on as date), extracted_on)"),
    Column("root_id", "varchar", _text("root_id")),
    Column("department_id", "varchar", _text("department_id")),
    Column("department_code", "varchar", _text("department_code")),
    Column("department_name", "varchar", "nfc_normalize(trim(j.department_name))"),
    Column("department_level", "varchar", _text("department_level")),
    Column("item_type", "varchar", _text("item_type")),
    Column("item_code", "varchar", _text("item_code")),
    Column("numerator", "bigint", _number("numerator", "bigint")),
    Column("denominator", "bigint", _number("denominator", "bigint")),
    Column("ratio_pct", "double", _number("ratio_pct")),
    Column("score", "double", _number("score")),
    Column("max_score", "double", _number("max_score")),
    Column("rank", "integer", _number("rank", "integer")),
    Column("flag", "varchar", _text("flag")),
    Column("message", "varchar", "nfc_normalize(nullif(trim(j.message), ''))"),
)

SOURCE = Source(
    name="qd766_published",
    title_vi="Kết quả Bộ chỉ số 766 đã công bố",
    title_en="Published figures of the 766 index",
    publisher="Cổng Dịch vụ công quốc gia",
    licence="Public information of a state portal (dichvucong.gov.vn); name the source",
    cadence="daily",
    cycle="month",
    first_period="2026-01",
    frame=frame,
    frames_by_name=True,
    table=Table(
        structure=dict.fromkeys(
            (
                *(column.name for column in COLUMNS if column.name != "period_type"),
                "time_type",
            ),
            "VARCHAR",
        ),
        columns=COLUMNS,
        rules=(
            Rule("missing_field", "department_name", "coalesce(trim(j.department_name), '') = ''"),
            Rule("period_not_begun", "period_start", "period_start > recorded_on"),
            *(
                Rule("date_out_of_range", day, f"{day} < date '{EARLIEST}'", f"j.{day}")
                for day in ("period_start", "recorded_on")
            ),
        ),
        identity="department_id",
    ),
    fetch=fetch,
    manner=Manner({"origin": PAGE[: PAGE.index("/", len("https://"))], "referer": PAGE}, SECONDS_BETWEEN),
)
