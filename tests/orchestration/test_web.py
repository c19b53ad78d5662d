"""The guard before Dagster's page: what a hostile page in the operator's browser can send is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.orchestration.web import Guard, _ReleaseFiles, allowed_hosts, listening
from pipelines.settings import load_settings

HOST = "127.0.0.1:3000"
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
JSON = {"content-type": "application/json"}
HOSTS = [HOST, "localhost:3000", "so-lieu.example.vn"]


async def answered(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Dagster: answers 200, accepts every web socket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Dagster"})


def ask(app: Any, path: str = "/", method: str = "GET", kind: str = "http", **headers: str) -> dict[str, Any]:
    """The first message that is sent back; `host` may be replaced, underscores stand for hyphens."""
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # nothing more comes, and nobody hangs up
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]


@pytest.mark.parametrize(
    ("status", "path", "method", "headers"),
    [
        (200, "/", "GET", {}),
        (200, "/", "GET", {"host": "so-lieu.example.vn", "origin": "https://so-lieu.example.vn"}),
        (200, "/graphql", "POST", {**JSON, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}),
        (200, "/graphql", "POST", {"content-type": "application/json; charset=utf-8"}),
        (200, "/graphql", "GET", {"accept": "text/html"}),
        (200, "/runs", "GET", LINK),
        # DNS rebinding: the name of the attacker leads to this machine
        (421, "/", "GET", {"host": "evil.example:3000"}),
        (421, "/", "GET", {"host": "127.0.0.1:3001"}),
        (421, "/graphql", "POST", {**JSON, "host": "evil.example:3000", "origin": "http://evil.example:3000"}),
        # a page of another origin
        (403, "/graphql", "POST", {**JSON, "origin": "https://evil.example"}),
        (403, "/graphql", "POST", {**JSON, "origin": "null"}),
        (403, "/graphql", "POST", {**JSON, "origin": "http://127.0.0.1:8000"}),
        (403, "/report_asset_materialization/release/current", "POST", {"origin": "https://evil.example"}),
        (403, "/graphql", "POST", {**JSON, "sec-fetch-site": "same-site"}),
        (403, "/logs/1", "GET", {**LINK, "sec-fetch-mode": "no-cors"}),
        (403, "/", "GET", {**LINK, "sec-fetch-dest": "iframe"}),
        # what a browser sends without asking first
        (405, "/graphql", "GET", {"accept": "*/*"}),
        (405, "/graphql/", "GET", {}),
        (405, "/graphql", "PUT", JSON),
        (415, "/graphql", "POST", {"content-type": "text/plain"}),
        (415, "/graphql", "POST", {"content-type": "application/x-www-form-urlencoded"}),
        (415, "/graphql", "POST", {}),
    ],
)
def test_only_own_pages_and_programs_get_through(
    status: int, path: str, method: str, headers: Mapping[str, str]
) -> None:
    assert ask(Guard(answered, HOSTS), path, method, **headers)["status"] == status


def test_a_request_without_host_is_refused() -> None:
    guard = Guard(answered, HOSTS)
    assert guard._refusal({"type": "http", "method": "GET", "path": "/", "headers": []}) is not None


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("websocket.accept", {}),
        ("websocket.accept", {"origin": f"http://{HOST}"}),
        ("websocket.close", {"origin": "https://evil.example"}),
        ("websocket.close", {"origin": "null"}),
        ("websocket.close", {"host": "evil.example:3000", "origin": "http://evil.example:3000"}),
    ],
)
def test_a_web_socket_of_another_origin_is_closed(kind: str, headers: Mapping[str, str]) -> None:
    assert ask(Guard(answered, HOSTS), "/graphql", kind="websocket", **headers)["type"] == kind


def test_the_page_is_served_on_loopback_under_its_own_names_only() -> None:
    settings = load_settings(ui_hosts=("so-lieu.example.vn",))
    assert listening(settings)["host"] == "127.0.0.1"
    assert allowed_hosts(settings) == [HOST, "localhost:3000", "[::1]:3000", "so-lieu.example.vn"]


def test_pages_of_releases_run_in_an_origin_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "r1").mkdir()
    (tmp_path / "r1" / "scoreboard.html").write_text("<p>x</p>")
    (tmp_path / "secret").write_text("x")
    files = _ReleaseFiles(directory=tmp_path / "r1")
    shown = ask(files, "/scoreboard.html")
    assert shown["status"] == 200
    assert dict(shown["headers"])[b"content-security-policy"].startswith(b"sandbox ")
    from starlette.exceptions import HTTPException

    with pytest.raises(HTTPException):
        ask(files, "/../secret")
