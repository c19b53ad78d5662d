"""Alerts: once per problem and once when it is over, by mail, webhook and command, tried against local servers."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines.alerts import Alert, AlertError, notify, send_alert
from pipelines.language import speaking
from pipelines.settings import Settings, load_settings
from pipelines.state import Problem, State

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HELD = Problem("held_back", "telecom", "giữ bản trước / held back: quarantine:bts_inventory")
FAILED = Problem("run_failed", "run", "lần chạy cuối thất bại / last run failed: DbtFailed")
LATE = Problem("late", "dossiers", "trễ từ / late since 20/11/2026")


def state(*problems: Problem, at: datetime = NOW, success: datetime | None = None) -> State:
    return State(at, "Hà Tĩnh", None, None, success, None, {}, (), 10**12, problems)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, alerts=("command:one", "command:two"), credentials_file=tmp_path / "none")


@pytest.fixture
def sent() -> list[tuple[str, Alert]]:
    return []


def test_a_problem_is_sent_once_and_its_end_once(settings: Settings, sent: list[tuple[str, Alert]]) -> None:
    def look(*problems: Problem) -> list[tuple[str, list[str], list[str]]]:
        sent.clear()
        notify(settings, state(*problems), send=lambda to, alert: sent.append((to, alert)))
        return [(to, [p.key for p in alert.new], list(alert.over)) for to, alert in sent]

    assert look() == []
    assert look(HELD) == [("command:one", [HELD.key], []), ("command:two", [HELD.key], [])]
    assert look(HELD) == []
    assert look(replace(HELD, text="another reason")) == [], "it is the same problem still"
    assert look(HELD, LATE)[0] == ("command:one", [LATE.key], [])
    assert look(LATE)[0] == ("command:one", [], [HELD.key])
    assert look()[0] == ("command:one", [], [LATE.key])
    assert look(HELD)[0] == ("command:one", [HELD.key], []), "it has come again"


def test_a_destination_that_fails_gets_it_later_and_the_other_not_twice(
    settings: Settings, sent: list[tuple[str, Alert]]
) -> None:
    def half(to: str, alert: Alert) -> None:
        if to == "command:one":
            raise AlertError("Alert not sent to command one")
        sent.append((to, alert))

    assert notify(settings, state(HELD), send=half) == ["Alert not sent to command one"]
    assert [to for to, _ in sent] == ["command:two"]
    assert notify(settings, state(HELD), send=lambda to, alert: sent.append((to, alert))) == []
    assert [to for to, _ in sent] == ["command:two", "command:one"]


def test_a_failed_run_is_over_only_when_a_later_one_was_good(settings: Settings, sent: list[tuple[str, Alert]]) -> None:
    def look(*problems: Problem, minutes: int, success: int | None) -> list[str]:
        sent.clear()
        good = NOW + timedelta(minutes=success) if success is not None else None
        now = state(*problems, at=NOW + timedelta(minutes=minutes), success=good)
        notify(settings, now, send=lambda to, alert: sent.append((to, alert)))
        return [*(p.key for _, a in sent[:1] for p in a.new), *(f"over {key}" for _, a in sent[:1] for key in a.over)]

    assert look(FAILED, minutes=0, success=-60) == [FAILED.key]
    assert look(minutes=1, success=-60) == [], "the next run is on, and may fail as well"
    assert look(minutes=2, success=2) == [f"over {FAILED.key}"]


def test_personal_data_never_leave_in_a_message() -> None:
    problem = Problem("run_failed", "run", "could not read '0912345678' of a.nguyen@example.vn")
    alert = Alert("Hà Tĩnh", NOW, (problem,), (), 1)
    for text in (alert.text, json.dumps(alert.to_json())):
        assert "0912345678" not in text
        assert "a.nguyen" not in text


class Webhook(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers with the status of its server."""

    def do_POST(self) -> None:
        server = cast(Any, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got.append((self.path, self.headers.get("Authorization"), json.loads(body)))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over one mail."""

    def handle(self) -> None:
        server = cast(Any, self.server)
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line.split(b":")[0].strip().upper().split(b" ")[0]
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part)
                server.got.append((server.envelope, b"".join(lines)))
                server.envelope = []
            elif word in (b"MAIL", b"RCPT"):
                server.envelope.append(line.decode().strip().split(" ")[1])
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def webhook() -> Iterator[Any]:
    yield from served(HTTPServer(("127.0.0.1", 0), Webhook))


@pytest.fixture
def mailbox() -> Iterator[Any]:
    yield from served(socketserver.TCPServer(("127.0.0.1", 0), Mailbox))


def served(server: Any) -> Iterator[Any]:
    server.got, server.status, server.envelope = [], 200, []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


ALERT = Alert("Hà Tĩnh", NOW, (HELD,), ("late:dossiers",), 1)


def test_a_webhook_gets_json_with_its_token(webhook: Any, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"alerts": {"webhook_token": "t0ken"}}')
    url = f"http://127.0.0.1:{webhook.server_port}/hook"
    send_alert(url, ALERT, tmp_path / "credentials.json")
    ((path, token, body),) = webhook.got
    assert (path, token) == ("/hook", "Bearer t0ken")
    assert body["new"][0]["kind"] == "held_back"
    assert body["recovered"] == ["late:dossiers"]
    assert body["text"].startswith("[Hà Tĩnh] 1 new problem, 1 recovered")
    webhook.status = 500
    with pytest.raises(AlertError, match=r"^Alert not sent to http://127\.0\.0\.1:\d+: HTTPError$"):
        send_alert(f"{url}?secret=abc", ALERT, tmp_path / "none")


def test_a_mail_reaches_every_recipient_in_vietnamese(mailbox: Any, tmp_path: Path) -> None:
    from email import message_from_bytes
    from email.policy import default

    port = mailbox.server_address[1]
    with speaking("vi"):
        send_alert(f"smtp://127.0.0.1:{port}?from=etl@x.vn&to=a@x.vn,b@x.vn", ALERT, tmp_path / "none")
        subject = ALERT.subject
    ((envelope, content),) = mailbox.got
    assert [part.split(">")[0].partition("<")[2] for part in envelope] == ["etl@x.vn", "a@x.vn", "b@x.vn"]
    mail = message_from_bytes(content, policy=default)
    assert mail["Subject"] == subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "đã hết: late:dossiers" in mail.get_content()


def test_a_command_gets_json_on_its_input_and_its_failure_is_reported(tmp_path: Path) -> None:
    script = tmp_path / "notify.py"
    script.write_text("import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())")
    send_alert(f"command:{sys.executable} {script} {tmp_path}/out", ALERT, tmp_path / "none")
    assert json.loads((tmp_path / "out").read_text(encoding="utf-8"))["open"] == 1
    with pytest.raises(AlertError, match="command false: CalledProcessError"):
        send_alert("command:false", ALERT, tmp_path / "none")


def test_a_server_that_is_not_there_is_reported_without_its_secrets(tmp_path: Path) -> None:
    for destination in ("smtp://user:pw@127.0.0.1:9?from=a@x.vn&to=b@x.vn", "http://127.0.0.1:9/secret-path"):
        with pytest.raises(AlertError) as caught:
            send_alert(destination, ALERT, tmp_path / "none")
        assert "127.0.0.1:9" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert "pw" not in str(caught.value)
