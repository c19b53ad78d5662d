"""Stand-ins for the interfaces of dossiers: small HTTP servers on this machine that page, forget sessions and fail."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

JSON, HTML = "application/json; charset=utf-8", "text/html"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer."""

    content: Any
    status: int = 200
    media_type: str = JSON

    @property
    def bytes(self) -> bytes:
        return (
            self.content if isinstance(self.content, bytes) else json.dumps(self.content, ensure_ascii=False).encode()
        )


ERROR_PAGE = Reply("<html><body>Hệ thống đang bảo trì</body></html>".encode(), 200, HTML)


@dataclass
class Double:
    """A server; `faults` holds, by page, what it answers there first, one a request."""

    asked: list[Asked] = field(default_factory=list)
    faults: dict[int, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    address: str = ""

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def fault(self, page: int) -> Reply | None:
        waiting = self.faults[page]
        return waiting.pop(0) if waiting else None

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer while the context lasts; gives the address."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = dict(parse_qsl(url.query, keep_blank_values=True))
                asked = Asked(self.command, url.path, query, headers, body)
                double.asked.append(asked)
                reply = double.answer(asked)
                self.send_response(reply.status)
                self.send_header("content-type", reply.media_type)
                self.send_header("content-length", str(len(reply.bytes)))
                self.end_headers()
                self.wfile.write(reply.bytes)

            do_GET = do_POST = _do  # noqa: N815  names of the library

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self.address
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass
class OneStop(Double):
    """`GET /api/HoSo` with a bearer token from `POST /api/tokens`; a token dies after `token_pages` pages."""

    records: list[dict[str, Any]] = field(default_factory=list)
    due: list[dict[str, Any]] = field(default_factory=list)
    token_pages: int = 1000
    tokens: int = 0
    left: int = 0
    total_pages: dict[int, int] = field(default_factory=dict)
    """The value of `totalPages` on a page of those received, where it is wrong."""
    stuck_at: int = 1000
    """The page that it gives for every later one."""

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/api/tokens":
            if json.loads(asked.body).get("password") != "mat-khau":
                return Reply({"message": "sai mật khẩu"}, 401)
            self.tokens, self.left = self.tokens + 1, self.token_pages
            return Reply({"token": f"token-{self.tokens}"})
        page, size = int(asked.query["pageNumber"]), int(asked.query["pageSize"])
        if fault := self.fault(page):
            return fault
        if asked.headers.get("authorization") != f"Bearer token-{self.tokens}" or not self.left:
            return Reply({}, 401)
        self.left -= 1
        is_due = "henTraFrom" in asked.query
        records = self.due if is_due else self.records
        start = (min(page, self.stuck_at) - 1) * size
        pages = -(-len(records) // size)
        pages = pages if is_due else self.total_pages.get(page, pages)
        return Reply({"data": records[start : start + size], "totalPages": pages})


@dataclass
class Igate(Double):
    """`GET /pa/dossier/search`, Spring pages; tokens of Keycloak that the test's clock lets die."""

    records: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    accepts: bool = True
    page_fields: tuple[str, ...] = ("last", "totalPages")

    def answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
            if form.get("client_secret") != "bi-mat":
                return Reply({"error": "invalid_client"}, 401)
            self.tokens += 1
            return Reply({"access_token": f"token-{self.tokens}", "expires_in": 300})
        page, size = int(asked.query["page"]), int(asked.query["size"])
        if fault := self.fault(page + 1):
            return fault
        if not self.accepts or asked.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return Reply({"error": "invalid_token"}, 401)
        pages = -(-len(self.records) // size)
        whole = {
            "content": self.records[page * size : (page + 1) * size],
            "last": page + 1 >= pages,
            "totalPages": pages,
        }
        return Reply({name: value for name, value in whole.items() if name in ("content", *self.page_fields)})


@dataclass
class Adapter(Double):
    """The NGSP adapter: `/auth` gives sessions that end after `session_calls` calls, `/call` answers services."""

    dossiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    session_calls: int = 1000
    sessions: int = 0
    left: int = 0
    well: Any = 0
    as_list: bool = False

    def answer(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        if asked.headers.get("dstcode") != "VN:GOV:000.00.00.G22:vpcpdvcprocess":
            return Reply({"error_code": "9"})
        if asked.path == "/auth":
            if body.get("password") != "mat-khau":
                return Reply({"error_code": "1", "message": "sai mật khẩu"})
            self.sessions, self.left = self.sessions + 1, self.session_calls
            return Reply({"session": f"session-{self.sessions}", "error_code": self.well})
        if fault := self.fault(1):
            return fault
        if body["session"] != f"session-{self.sessions}" or not self.left:
            return Reply({"error_code": "-5", "message": "phiên hết hạn"})
        self.left -= 1
        found = self.dossiers.get(body["mahoso"]) if body["service"] == "TraCuuHoSo" else None
        return Reply({"error_code": self.well, "result": [found] if self.as_list and found else found})
