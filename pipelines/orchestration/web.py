"""Dagster's web server behind a guard: only the operator's own pages may speak to it.

Dagster has no login and answers every page that the operator's browser shows: it executes GraphQL mutations of GET
requests and of form posts, takes any Host header (DNS rebinding reads everything) and any Origin on its web socket. The
guard refuses all of that before Dagster sees it. The files of the releases are served beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import uvicorn
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.constants import GrpcServerCommand
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.orchestration.keys import RELEASES_URL
from pipelines.settings import Settings

_OWN_SITES = (None, "same-origin", "none")
"""Sec-Fetch-Site of own pages and typed addresses; old browsers and programs do not send it."""
_GRAPHQL_TYPES = ("application/json", "application/graphql")
"""Media types that a page of another site cannot send without asking first, which nobody answers."""
_POLICY_VIOLATION = 1008


class Guard:
    """ASGI middleware that refuses what does not come from the operator's own pages or programs."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refusal[1]})
        else:
            await PlainTextResponse(refusal[1] + "\n", refusal[0])(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason; None for what is let through."""
        headers = Headers(scope=scope)
        if headers.getlist("host") == [] or not all(host.lower() in self.hosts for host in headers.getlist("host")):
            return 421, "This name is not served here: HATINH_UI_HOSTS lists those that are."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self.hosts:
            return 403, "Pages of other origins may not use this server."
        return None if scope["type"] == "websocket" else self._refusal_of_request(scope, headers)

    def _refusal_of_request(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        method, is_graphql = scope["method"], scope["path"].rstrip("/").endswith("/graphql")
        if headers.get("sec-fetch-site") not in _OWN_SITES:
            is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
            if method != "GET" or not is_link or is_graphql:
                return 403, "Pages of other sites may only link to this server."
        if is_graphql and method != "POST" and "text/html" not in headers.get("accept", ""):
            return 405, "GraphQL is answered over POST only: a GET can be sent by any page."
        if is_graphql and method == "POST":
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in _GRAPHQL_TYPES:
                return 415, f"Content-Type must be {' or '.join(_GRAPHQL_TYPES)}."
        return None


class _ReleaseFiles(StaticFiles):
    """Files of releases. A page runs its scripts in an origin of its own, which may not speak to Dagster."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sandboxed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = "sandbox allow-scripts allow-downloads allow-popups"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await super().__call__(scope, receive, sandboxed)


class GuardedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's page, guarded, with the releases beside it."""

    def __init__(self, context: IWorkspaceProcessContext[Any], hosts: Iterable[str], releases: Path) -> None:
        self._hosts, self._releases = hosts, releases
        super().__init__(context)

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(Guard, hosts=self._hosts), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        files = _ReleaseFiles(directory=self._releases, check_dir=False)
        return [Mount(RELEASES_URL, files), *super().build_routes()]  # type: ignore[no-untyped-call]


def allowed_hosts(settings: Settings) -> list[str]:
    """Values of the Host header that are served: this machine by its own names, and those of the setting."""
    local = [f"{name}:{settings.ui_port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return [*local, *settings.ui_hosts]


def listening(settings: Settings) -> dict[str, Any]:
    """Where the server listens: loopback, unless a proxy that asks who it is stands before it."""
    return {"host": settings.ui_bind, "port": settings.ui_port}


def serve(settings: Settings, workspace: Path) -> None:
    """Serve until the process is stopped."""
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, WorkspaceFileTarget([str(workspace)]), server_command=GrpcServerCommand.CODE_SERVER_START
        ) as context,
    ):
        server = GuardedWebserver(context, allowed_hosts(settings), settings.marts / "releases")
        uvicorn.run(server.create_asgi_app(), **listening(settings), log_level="warning")
