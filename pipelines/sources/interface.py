"""What connectors to interfaces share: errors that state where, complete answers, renewed tokens, pages that
end.

Every error is a `PullError` of that source alone, with the page and what to do. It never holds a body, a
credential or a query; what landed before it stays, and the next pull of the same day goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from pipelines.json_text import parse_json
from pipelines.language import later, tr
from pipelines.periods import local_date
from pipelines.sources.base import Ask, Fetched
from pipelines.sources.client import HttpError, PullError, Response

MAX_PAGES = 100_000
_NEVER, _ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
UNAUTHORIZED = 401
AGAIN = later("What landed before stays: pull again to go on from there.")


@dataclass(frozen=True)
class Answer:
    """One answer: as received, and as the JSON object that it is."""

    response: Response
    body: Mapping[str, Any]


class Interface:
    """The interface of one source in one pull."""

    def __init__(self, ask: Ask, source: str) -> None:
        self.ask = ask
        self.source = source
        self.today: date = local_date(ask.now())
        """The day whose state is asked for; one and the same when midnight passes."""

    def failed(self, what: str, problem: str) -> PullError:
        """The error of this source: at `what` there is `problem`."""
        return PullError(f"{self.source} {self.ask.period.partition}, {what}: {problem}")

    def option(self, name: str, default: str | None = None) -> str:
        """A value of this source in the file of credentials.

        Raises:
            PullError: it is not there and has no default.
        """
        value = self.ask.credentials.get(name, default)
        if not value:
            raise self.failed(
                "settings", tr('set "{name}" of "{source}" in HATINH_CREDENTIALS_FILE.', name=name, source=self.source)
            )
        return value

    def number(self, name: str, default: int) -> int:
        """As `option`, for a whole number from 1."""
        value = self.ask.credentials.get(name, str(default))
        if not (value.isascii() and value.isdigit() and int(value) > 0):
            raise self.failed(
                "settings", tr('"{name}" in HATINH_CREDENTIALS_FILE must be a whole number from 1.', name=name)
            )
        return int(value)

    def url(self, path: str) -> str:
        """A path under the source's address; one that is a complete address itself stays."""
        return path if "://" in path else f"{self.ask.address.rstrip('/')}/{path.lstrip('/')}"

    def call(self, what: str, method: str, path: str, **request: Any) -> Answer | None:
        """Ask, with every retry of the client. None where the server does not know the session (401).

        Raises:
            PullError: no answer, or one that is no complete JSON object.
        """
        try:
            response = self.ask.http.request(method, self.url(path), **request)
        except HttpError as error:
            if error.status == UNAUTHORIZED:
                return None
            raise self.failed(what, f"{error}. {tr(AGAIN)}") from None
        try:
            body = parse_json(response.content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise self.no_json(what, response, tr("JSON object"))
        return Answer(response, body)

    def no_json(self, what: str, response: Response, wanted: str) -> PullError:
        """The error of an answer that is not `wanted`, like "JSON object"."""
        is_page = response.content.lstrip()[:1] == b"<"
        return self.failed(
            what,
            tr(
                "the answer (status {status}, {bytes:,} bytes) is {what}. The server is in trouble, or the address is "
                "not the interface's: check it. {again}",
                status=response.status,
                bytes=len(response.content),
                what=tr("an HTML page, not JSON") if is_page else tr("no complete {wanted}", wanted=wanted),
                again=tr(AGAIN),
            ),
        )

    def fetched(self, name: str, content: bytes, path: str, response: Response | None = None) -> Fetched:
        """What is landed: it describes today, whatever period it belongs to."""
        media_type = "application/json"
        if response:
            media_type = response.headers.get("content-type", "").partition(";")[0].strip() or media_type
        return Fetched(name, content, self.url(path), response.status if response else 200, media_type, self.today)

    def name(self, stem: str, page: int) -> str:
        """Name of a page: with the day, so that a pull that goes on the same day knows what it has."""
        return f"{stem}-{self.ask.period.partition}-asof-{self.today}-page-{page:04d}.json"


class Bearer:
    """Asks with a token, which is renewed before it expires, and once more when the server does not accept it.

    `log_in` gives a token and the seconds that it lives, None where that is not stated.
    """

    def __init__(self, interface: Interface, log_in: Callable[[], tuple[str, float | None]]) -> None:
        self._interface = interface
        self._log_in = log_in
        self._token = ""
        self._until = _NEVER

    def get(self, what: str, path: str, params: Mapping[str, str | int]) -> Answer:
        """Ask for a page.

        Raises:
            PullError: as `Interface.call`, or a token that is new is not accepted either.
        """
        for _ in range(2):
            now = self._interface.ask.now()
            if now >= self._until:
                self._token, seconds = self._log_in()
                # a page may take a while: renewed half a minute early
                self._until = now + timedelta(seconds=max(seconds - 30, seconds / 2)) if seconds else _ALWAYS
            headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
            answer = self._interface.call(what, "GET", path, params=params, headers=headers)
            if answer:
                return answer
            self._until = _NEVER
        raise self._interface.failed(
            what,
            tr(
                "the token is not accepted (status 401), a new one neither. Check the account in "
                "HATINH_CREDENTIALS_FILE and its rights. {again}",
                again=tr(AGAIN),
            ),
        )


@dataclass(frozen=True)
class Page:
    """One page of records. A page that is not wanted is passed over: it lies before what is asked for."""

    answer: Answer
    records: Sequence[Any]
    is_last: bool
    is_wanted: bool = True


def records_of(interface: Interface, what: str, answer: Answer, key: str) -> list[Any]:
    """The list of records of an answer.

    Raises:
        PullError: there is none.
    """
    records = answer.body.get(key)
    if not isinstance(records, list):
        raise interface.failed(
            what, tr('the answer has no list "{key}": the interface has changed, or is another one.', key=key)
        )
    return records


def walk(
    interface: Interface, stem: str, path: str, turn: Callable[[str, int], Page], identity: str
) -> Iterator[Fetched]:
    """Every page from 1 on, as received, up to the one that is marked as the last: how many there are may change.

    Pages that landed today are not asked again, but for the last of them: it may have been short when it landed.

    Args:
        stem: first part of the pages' names.
        turn: asks for a page: what to call it in errors, and its number.
        identity: field that identifies a record.

    Raises:
        PullError: a page comes again, is empty before the end, or there is no end; or whatever `turn` raises.
    """
    seen: set[int] = set()
    for number in count(1):
        name, what = interface.name(stem, number), f"{stem} page {number}"
        if interface.ask.has_landed(name) and interface.ask.has_landed(interface.name(stem, number + 1)):
            continue
        if number > MAX_PAGES:
            raise interface.failed(
                what,
                tr(
                    "there is no end after {max_pages:,} pages: raise page_size, or ask the operator why.",
                    max_pages=MAX_PAGES,
                ),
            )
        page = turn(what, number)
        if not page.records:
            if page.is_last:
                return
            raise interface.failed(what, tr("the page is empty, though more are announced. {again}", again=tr(AGAIN)))
        content = hash(tuple(_identity(record, identity) for record in page.records))
        if content in seen:
            raise interface.failed(
                what,
                tr(
                    "it holds the same records as a page before it: the interface does not turn pages. Report it "
                    "to its operator; what landed is not the complete period."
                ),
            )
        seen.add(content)
        if page.is_wanted:
            yield interface.fetched(name, page.answer.response.content, path, page.answer.response)
        if page.is_last:
            return


def _identity(record: Any, name: str) -> str:
    value = record.get(name) if isinstance(record, dict) else None
    return str(value) if value else json.dumps(record, sort_keys=True)
