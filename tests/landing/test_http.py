"""HTTP: what passes is tried again, what is refused is not, and no error or log gives a secret away."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pipelines.landing.http import AnswerTooLargeError, HttpClient, HttpError, Refused

URL = "https://user:hunter2@api.example/v1/hồ-sơ?token=s3cret"
SECRETS = ("hunter2", "s3cret", "body-of-the-answer", "key-123")
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Broken(httpx.SyncByteStream):
    """A body whose connection breaks in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"first half" * 300_000
        raise httpx.ReadError("reset")


class Server:
    """Gives the answers in turn, the last one for ever; keeps what it was asked and how long the client slept."""

    def __init__(self, *answers: Answer, **settings: Any) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        self.client = HttpClient(
            headers={"x-api-key": "key-123"},
            sleep=self.slept.append,
            uniform=lambda: 0.5,
            now=lambda: datetime(2026, 10, 11, tzinfo=UTC),
            transport=httpx.MockTransport(self.answer),
            **settings,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


def status(code: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(
        code, headers={k.replace("_", "-"): v for k, v in headers.items()}, text="body-of-the-answer"
    )


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"tên": "Hà Tĩnh"})


def test_an_answer_and_what_was_asked() -> None:
    server = Server(good)

    response = server.client.request(
        "POST", URL, params={"page": 1}, headers={"dstcode": "H27"}, json={"service": "TraCuuHoSo"}
    )

    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert response.content.decode() == '{"tên":"Hà Tĩnh"}'
    (request,) = server.asked
    assert (request.headers["dstcode"], request.headers["x-api-key"]) == ("H27", "key-123")
    assert request.content == b'{"service":"TraCuuHoSo"}'
    assert "page=1" in str(request.url)
    assert server.slept == []


@pytest.mark.parametrize(
    "trouble",
    [
        *(status(code) for code in (429, 500, 502, 503, 504)),
        httpx.ConnectError("s3cret"),
        httpx.ReadTimeout("s3cret"),
        httpx.RemoteProtocolError("s3cret"),
        lambda _: httpx.Response(200, stream=Broken()),
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=iter([b"no gzip"])),
    ],
)
def test_what_may_pass_is_tried_again(trouble: Answer) -> None:
    server = Server(trouble, trouble, good)

    assert server.client.request("GET", URL).content == '{"tên":"Hà Tĩnh"}'.encode()
    assert server.slept == [0.75, 1.5]


@pytest.mark.parametrize("trouble", [status(503), httpx.ConnectError("no route to s3cret")])
def test_after_the_last_try_it_gives_up(trouble: Answer) -> None:
    server = Server(trouble, tries=3)

    with pytest.raises(HttpError, match=r"GET api\.example/v1/.*tried 3 times"):
        server.client.request("GET", URL)
    assert len(server.asked) == 3


@pytest.mark.parametrize("code", [301, 302, 304, 400, 401, 403, 404, 418, 501])
def test_other_answers_are_final(code: int) -> None:
    server = Server(status(code, location="https://elsewhere.example/?token=s3cret"))

    with pytest.raises(HttpError, match=f"status {code}") as failure:
        server.client.request("GET", URL)
    assert len(server.asked) == 1
    assert failure.value.status == code
    assert isinstance(failure.value, Refused) == (code == 403)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("100000", 120.0),
        ("Sun, 11 Oct 2026 00:00:30 GMT", 30.0),
        ("Sun, 11 Oct 2026 00:00:30 -0000", 30.0),
        ("Sat, 10 Oct 2026 00:00:00 GMT", 0.0),
        ("soon", 0.75),
        ("-5", 0.75),
        ("²", 0.75),
        ("", 0.75),
    ],
)
def test_retry_after_is_honoured_and_capped(header: str, seconds: float) -> None:
    def busy(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers=[(b"retry-after", header.encode())])

    server = Server(busy, good)

    server.client.request("GET", URL)

    assert server.slept == [seconds]


def test_back_off_has_a_longest_wait() -> None:
    server = Server(status(500), tries=12, longest_wait_seconds=10)

    with pytest.raises(HttpError):
        server.client.request("GET", URL)
    assert server.slept == [0.75, 1.5, 3.0, 6.0, *[10.0] * 7]


def test_a_download_is_complete_although_the_connection_broke() -> None:
    payload = b"0123456789" * 500_000
    server = Server(
        lambda _: httpx.Response(200, stream=Broken()),
        lambda _: httpx.Response(200, headers={"Content-Type": "text/csv; charset=utf-8"}, content=payload),
    )

    with server.client.download(URL) as got:
        chunks = list(got)

    assert b"".join(chunks) == payload
    assert len(chunks) > 1
    assert (got.status, got.media_type) == (200, "text/csv")


@pytest.mark.parametrize("limits", [{"max_bytes": 10}, {}])
def test_an_answer_that_is_too_large_is_not_taken(limits: dict[str, int]) -> None:
    server = Server(status(200), max_bytes=17)

    with pytest.raises(AnswerTooLargeError, match="larger than"):
        server.client.request("GET", URL, **limits)
    assert len(server.asked) == 1
    assert server.client.request("GET", URL, max_bytes=18).content == b"body-of-the-answer"


def test_a_polite_client_pauses_between_requests() -> None:
    server = Server(good, min_delay_seconds=2)

    for _ in range(3):
        server.client.request("GET", URL)

    assert server.slept == [2.5, 2.5]


@pytest.mark.parametrize("url", ["ftp://api.example/s3cret", "/s3cret", "https://a:s3cret/x", ""])
def test_an_invalid_address_is_reported(url: str) -> None:
    with pytest.raises(HttpError, match="check the source's address") as failure:
        Server(good).client.request("GET", url)
    assert "s3cret" not in "".join(traceback.format_exception(failure.value)).replace(repr(url), "")


@pytest.mark.parametrize(
    "trouble", [status(403), status(404), status(500), httpx.ConnectError("s3cret hunter2"), status(200)]
)
def test_neither_error_nor_log_gives_a_secret_away(trouble: Answer, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        server = Server(trouble, max_bytes=5)
        with pytest.raises(HttpError) as failure:
            server.client.request("GET", URL, json={"password": "hunter2"})

    reported = "".join(traceback.format_exception(failure.value)) + caplog.text
    said = str(failure.value) + caplog.text
    assert not [secret for secret in SECRETS if secret in said]
    assert "s3cret hunter2" not in reported  # nor does the chain of causes
