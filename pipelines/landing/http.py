"""HTTP as the sources need it: patient with servers that stumble, polite to those that refuse, silent about secrets."""

from __future__ import annotations

import logging
import random
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import IO, Any, Self

import httpx
import tenacity

from pipelines.language import tr
from pipelines.sources.client import HttpError, Refused, Response

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
FORBIDDEN = 403

_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20


class AnswerTooLargeError(HttpError):
    """The answer is larger than allowed."""


@dataclass(frozen=True)
class Download:
    """A complete answer on disk, read in chunks of at most 1 MiB."""

    status: int
    headers: Mapping[str, str]
    _body: IO[bytes]

    @property
    def media_type(self) -> str | None:
        return self.headers.get("content-type", "").partition(";")[0].strip() or None

    def __iter__(self) -> Iterator[bytes]:
        self._body.seek(0)
        while chunk := self._body.read(_CHUNK):
            yield chunk


class _RetryError(Exception):
    """A failure that may pass; `after_seconds` is how long the server asked to wait."""

    def __init__(self, error: HttpError, after_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after_seconds = after_seconds


@cache
def _authorities() -> ssl.SSLContext:
    """Whom httpx trusts; read once a process, it is a file of many certificates."""
    return httpx.create_ssl_context()


class HttpClient:
    """A client of one source. Certificates are always verified and redirects are errors: a source names its address.

    Connection errors, timeouts, broken answers and statuses 429, 500, 502, 503 and 504 are tried again, after
    `backoff_seconds` * 2^(tries - 1), shortened by a random part of up to half, or after what Retry-After asks; either
    is at most `longest_wait_seconds`. A POST is tried again too: the sources' POSTs are questions.

    Args:
        headers: sent with every request; may hold credentials.
        timeout_seconds: for connecting, and for each wait for more bytes.
        max_bytes: largest answer, after the transfer's own compression is undone.
        min_delay_seconds: pause before every request but the first, lengthened by a random part of up to half.
        sleep, uniform, now, transport: clock, chance in [0, 1) and network, to be replaced in tests.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
        max_bytes: int = 2 << 30,
        tries: int = 5,
        backoff_seconds: float = 1.0,
        longest_wait_seconds: float = 120.0,
        min_delay_seconds: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # both write complete addresses, and httpcore headers, into the log at their lower levels
        for chatty in ("httpx", "httpcore"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._client = httpx.Client(
            headers={"user-agent": "hatinh-statistics", **(headers or {})},
            timeout=timeout_seconds,
            verify=_authorities(),
            transport=transport,
            follow_redirects=False,
        )
        self._max_bytes = max_bytes
        self._tries = tries
        self._backoff_seconds = backoff_seconds
        self._longest_wait_seconds = longest_wait_seconds
        self._min_delay_seconds = min_delay_seconds
        self._sleep = sleep
        self._uniform = uniform
        self._now = now
        self._has_asked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, str] | Mapping[str, str | list[str]] | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Ask and hold the answer in memory. `json` or `data` (a form) is the body; limits default to the client's.

        Raises:
            Refused: 403.
            AnswerTooLargeError: larger than `max_bytes`.
            HttpError: any other status than 2xx, or no answer.
        """
        with self.download(
            url, method=method, params=params, headers=headers, json=json, data=data, max_bytes=max_bytes
        ) as got:
            return Response(got.status, got.headers, b"".join(got))

    @contextmanager
    def download(
        self,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, str] | Mapping[str, str | list[str]] | None = None,
        max_bytes: int | None = None,
    ) -> Iterator[Download]:
        """Ask and hold the answer on disk while the context lasts: `for chunk in download`.

        It is complete before it is handed out, since a connection that breaks in the middle means to begin again.
        Raises as `request`.
        """
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            request = self._request(method, url, params=params, headers=headers, json=json, data=data)
            limit = self._max_bytes if max_bytes is None else max_bytes
            retrying = tenacity.Retrying(
                stop=tenacity.stop_after_attempt(self._tries),
                wait=self._wait,
                retry=tenacity.retry_if_exception_type(_RetryError),
                sleep=self._sleep,
                reraise=True,
            )
            try:
                for attempt in retrying:
                    with attempt:
                        status, answered = self._ask(request, body, limit, attempt.retry_state.attempt_number)
            except _RetryError as last:
                raise last.error from None
            yield Download(status, answered, body)

    def _request(self, method: str, url: str, **parts: Any) -> httpx.Request:
        with suppress(httpx.InvalidURL):
            request = self._client.build_request(method, url, **parts)
            if request.url.scheme in {"http", "https"} and request.url.host:
                return request
        problem = tr("not an http or https address, check the source's address")
        raise HttpError(problem, method=method, place=tr("the address"), status=None, tries=0)

    def _ask(self, request: httpx.Request, body: IO[bytes], limit: int, tries: int) -> tuple[int, Mapping[str, str]]:
        """One try: write the answer's bytes into `body` from its start; return status and headers."""

        def failed(problem: str, status: int | None = None, kind: type[HttpError] = HttpError) -> HttpError:
            place = f"{request.url.host}{request.url.path}"
            return kind(problem, method=request.method, place=place, status=status, tries=tries)

        self._pause()
        body.seek(0)
        body.truncate()
        try:
            response = self._client.send(request, stream=True)
            try:
                status = response.status_code
                if status in RETRIED_STATUSES:
                    raise _RetryError(failed(f"status {status}", status), self._retry_after(response))
                if status == FORBIDDEN:
                    raise failed(tr("status 403, the publisher refuses: ask them for access"), status, Refused)
                if response.has_redirect_location:
                    raise failed(
                        tr("status {status}, moved: find the new address and set it in the source", status=status),
                        status,
                    )
                if not response.is_success:
                    raise failed(f"status {status}", status)
                size = 0
                for chunk in response.iter_bytes(_CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise failed(
                            tr("the answer is larger than {limit} bytes", limit=limit), status, AnswerTooLargeError
                        )
                    body.write(chunk)
                return status, {name.lower(): value for name, value in response.headers.items()}
            finally:
                response.close()
        except httpx.RequestError as error:
            # the name of the kind only: the text may hold the complete address
            raise _RetryError(failed(tr("no complete answer, {error}", error=type(error).__name__))) from None

    def _pause(self) -> None:
        if self._has_asked and self._min_delay_seconds:
            self._sleep(self._min_delay_seconds * (1 + self._uniform() / 2))
        self._has_asked = True

    def _wait(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.after_seconds if isinstance(failure, _RetryError) else None
        backoff = self._backoff_seconds * 2.0 ** (state.attempt_number - 1) * (1 - self._uniform() / 2)
        return min(backoff if asked is None else asked, self._longest_wait_seconds)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds to wait by the Retry-After header (RFC 9110, 10.2.3: seconds or a date), if it can be used."""
        value: str = response.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - self._now()
        return max(0.0, wait.total_seconds())
