"""A hostile page in a real browser: whatever it sends to the operator's Dagster, nothing gets through the guard."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import uvicorn

from pipelines.orchestration.web import Guard

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MUTATION = "mutation{terminateRun(runId:1){__typename}}"
HOSTILE = """<!doctype html><title>hostile</title><iframe name="sink"></iframe>
<form id="form" target="sink" method="post" action="{there}/graphql?query={mutation}"><input name="a" value="b"></form>
<form id="text" target="sink" method="post" enctype="text/plain" action="{there}/graphql?query={mutation}">
<input name='{{"query":"{mutation}","x":"' value='"}}'></form>
<img src="{there}/graphql?query={mutation}"><script src="{there}/graphql?query={mutation}"></script>
<script>
const tries = [
  () => fetch("{there}/graphql?query={mutation}", {{mode: "no-cors"}}),
  () => fetch("{there}/graphql", {{method: "POST", mode: "no-cors", body: '{{"query":"{mutation}"}}'}}),
  () => fetch("{there}/graphql", {{method: "POST", headers: {{"content-type": "application/json"}}, body: "{{}}"}}),
  () => fetch("{there}/report_asset_materialization/release/current", {{method: "POST", mode: "no-cors"}}),
  () => new Promise(done => {{ const s = new WebSocket("ws://{host}/graphql");
    s.onopen = () => done("open"); s.onerror = () => done("closed"); }}),
];
(async () => {{
  const results = [];
  for (const attempt of tries) results.push(await attempt().then(String, () => "refused"));
  document.getElementById("form").submit();
  await new Promise(r => setTimeout(r, 500));
  document.getElementById("text").submit();
  await new Promise(r => setTimeout(r, 500));
  document.title = "done " + results.join(",");
}})();
</script>"""


@pytest.fixture
def reached() -> list[str]:
    """What got through the guard."""
    return []


@pytest.fixture
def port(reached: list[str]) -> Iterator[int]:
    """A stand-in for Dagster behind the guard, on a free port."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        reached.append(f"{scope['type']} {scope.get('method', '')} {scope['path']}")
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<title>Dagster</title>"})

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        chosen = int(free.getsockname()[1])
    guard = Guard(app, [f"127.0.0.1:{chosen}", f"localhost:{chosen}"])
    server = uvicorn.Server(uvicorn.Config(guard, port=chosen, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield chosen
    server.should_exit = True
    thread.join(10)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
def test_a_page_of_another_origin_reaches_nothing(port: int, reached: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = f"127.0.0.1:{port}"
            body = HOSTILE.format(there=f"http://{host}", host=host, mutation=MUTATION).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    hostile = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=hostile.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        # the name of the attacker leads to this machine, as after DNS rebinding
        rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", rebound])
        page = browser.new_page()
        page.goto(f"http://evil.example:{hostile.server_port}/")
        page.wait_for_function("document.title.startsWith('done')", timeout=60_000)
        title = page.title()
        assert "open" not in title, "a web socket of another origin was opened"
        assert reached == [], title
        answer = page.goto(f"http://evil.example:{port}/")
        assert answer is not None
        assert answer.status == 421
        assert reached == [], "a rebound name reads nothing"
        page.goto(f"http://127.0.0.1:{port}/runs")
        assert page.title() == "Dagster", "the operator's own page works"
        assert "http GET /runs" in reached
        browser.close()
    hostile.shutdown()
