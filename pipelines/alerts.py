"""Alerts: each problem is sent once when it appears and once when it is over, by mail, to a webhook or to a command.

What was sent is kept per destination beside the data, so a destination that does not answer gets the message with the
next look, and the others do not get it twice. Nothing is sent while the set of problems stays the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import smtplib
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pipelines.landing.pull import read_credentials
from pipelines.language import ntr, tr
from pipelines.personal import redacted
from pipelines.release.files import iso, write_atomically
from pipelines.settings import Settings
from pipelines.sources.client import PullError
from pipelines.state import Problem, State

_TIMEOUT_SECONDS = 30
_SENT = "alerts.json"


class AlertError(RuntimeError):
    """A destination could not be reached. The message names it without secrets."""


@dataclass(frozen=True)
class Alert:
    """What changed since the last message to one destination."""

    province: str
    at: datetime
    new: tuple[Problem, ...]
    over: tuple[str, ...]
    """Keys of problems that are gone."""
    open: int
    """How many problems there are now."""

    @property
    def subject(self) -> str:
        parts = []
        if self.new:
            parts.append(ntr("{count} new problem", "{count} new problems", len(self.new)))
        if self.over:
            parts.append(tr("{count} recovered", count=len(self.over)))
        return f"[{self.province}] " + ", ".join(parts)

    @property
    def text(self) -> str:
        lines = [f"! {problem.key}\n    {redacted(problem.text, 1000)}" for problem in self.new]
        lines += [f"+ {tr('recovered')}: {key}" for key in self.over]
        lines.append("\n" + tr("{count} problems open. See: hatinh status", count=self.open))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "text": f"{self.subject}\n{self.text}",  # what chat services show of a webhook
            "province": self.province,
            "at": iso(self.at),
            "new": [asdict(problem) | {"text": redacted(problem.text, 1000)} for problem in self.new],
            "recovered": list(self.over),
            "open": self.open,
        }


def notify(settings: Settings, state: State, *, send: Callable[[str, Alert], None] | None = None) -> list[str]:
    """Send what is new or over to every destination of HATINH_ALERTS.

    Returns:
        What could not be sent, as sentences; it is tried again with the next call.
    """
    if not settings.alerts:
        return []
    deliver = send or (lambda destination, alert: send_alert(destination, alert, settings.credentials))
    failed = []
    with _sent(settings.data / _SENT) as sent:
        for destination in settings.alerts:
            mark = hashlib.sha256(destination.encode()).hexdigest()[:12]
            known = sent.get(mark, {})
            now = {problem.key: problem for problem in state.problems}
            for key, sent_text in known.items():  # a failed run is over when a later one was good, not before
                if key.startswith("run_failed:") and key not in now and not _is_good_since(state, sent_text):
                    now[key] = Problem("run_failed", key.partition(":")[2], sent_text.partition(" ")[2])
            new = tuple(problem for key, problem in now.items() if key not in known)
            over = tuple(key for key in known if key not in now)
            if new or over:
                try:
                    deliver(destination, Alert(state.province, state.at, new, over, len(now)))
                except AlertError as error:
                    failed.append(str(error))
                    continue
            sent[mark] = {
                key: known.get(key, f"{iso(state.at)} {redacted(problem.text)}") for key, problem in now.items()
            }
    return failed


def _is_good_since(state: State, sent_text: str) -> bool:
    return state.last_success_at is not None and iso(state.last_success_at) >= sent_text.partition(" ")[0]


def send_alert(destination: str, alert: Alert, credentials: Path) -> None:
    """Send one message.

    Raises:
        AlertError: it was not accepted.
    """
    try:
        secrets = read_credentials(credentials, "alerts")
        kind = destination.split(":", 1)[0]
        if kind in ("smtp", "smtps"):
            _mail(destination, alert, secrets)
        elif kind in ("http", "https"):
            _post(destination, alert, secrets)
        else:
            _command(destination.removeprefix("command:"), alert)
    except (OSError, PullError, smtplib.SMTPException, subprocess.SubprocessError, ValueError) as error:
        raise AlertError(
            tr(
                "Alert not sent to {destination}: {error}",
                destination=_named(destination),
                error=type(error).__name__,
            )
        ) from None


def _named(destination: str) -> str:
    """A destination without user, path and query: webhooks carry their secret there."""
    if destination.startswith("command:"):
        return f"command {shlex.split(destination.removeprefix('command:'))[0]}"
    parts = urlsplit(destination)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _mail(destination: str, alert: Alert, secrets: Mapping[str, str]) -> None:
    parts = urlsplit(destination)
    query = parse_qs(parts.query)
    recipients = [address for value in query.get("to", []) for address in value.split(",")]
    sender = query.get("from", recipients)[0]
    if not recipients:
        raise ValueError("smtp://HOST:PORT?from=ADDRESS&to=ADDRESS")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = alert.subject, sender, ", ".join(recipients)
    message["Date"], message["Message-ID"] = format_datetime(alert.at), make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers
    message.set_content(alert.text)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT_SECONDS)
    with server:
        if query.get("starttls") == ["1"]:
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), secrets.get("smtp_password", ""))
        server.send_message(message)


def _post(destination: str, alert: Alert, secrets: Mapping[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    if token := secrets.get("webhook_token"):
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(alert.to_json(), ensure_ascii=False).encode()
    request = urllib.request.Request(destination, body, headers)  # noqa: S310 - the setting allows http(s) only
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
        """Any status of 400 or more raises."""


def _command(command: str, alert: Alert) -> None:
    """The command gets the alert as JSON on its standard input."""
    subprocess.run(  # noqa: S603 - the operator's own command, without a shell
        shlex.split(command),
        input=json.dumps(alert.to_json(), ensure_ascii=False).encode(),
        check=True,
        timeout=_TIMEOUT_SECONDS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def _sent(path: Path) -> Iterator[dict[str, dict[str, str]]]:
    """By destination, the keys and texts that were sent; one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            sent: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            sent = {}
        before = json.dumps(sent)
        yield sent
        if json.dumps(sent) != before:
            write_atomically(path, json.dumps(sent, ensure_ascii=False, indent=1) + "\n")
    finally:
        os.close(lock)


def report(settings: Settings, state: State) -> Sequence[str]:
    """Write the metrics file and send the alerts; whatever cannot be done is returned as a sentence."""
    from pipelines.state import write_metrics

    failed = []
    if settings.metrics_file is not None:
        try:
            write_metrics(settings.metrics_file, state)
        except OSError as error:
            failed.append(
                tr(
                    "{file} (HATINH_METRICS_FILE) cannot be written: {error}",
                    file=settings.metrics_file,
                    error=error.strerror,
                )
            )
    return [*failed, *notify(settings, state)]
