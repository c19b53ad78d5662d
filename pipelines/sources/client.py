"""What connectors ask with: the HTTP client as they see it, the manner in which a source is asked, and what can go
wrong.

The client itself, with its HTTP library, is `pipelines.landing.http`; the pull passes it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class PullError(RuntimeError):
    """The source cannot be asked, or its answer is not one. The message states what to set or correct, and no
    secret."""


class HttpError(RuntimeError):
    """A request that failed for good. The text holds method, host, path, status and number of tries, nothing else."""

    def __init__(self, problem: str, *, method: str, place: str, status: int | None, tries: int) -> None:
        self.status = status
        times = "once" if tries == 1 else f"{tries} times"
        super().__init__(f"{method} {place}: {problem} (tried {times})")


class Refused(HttpError):
    """403: the publisher refuses automatic requests. Stop asking and contact them."""


@dataclass(frozen=True)
class Response:
    """An answer held in memory. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Client(Protocol):
    """The part of the HTTP client that a connector uses."""

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
        """Ask and hold the answer in memory.

        Raises:
            Refused: 403.
            HttpError: any other status than 2xx, or no answer.
        """
        ...


@dataclass(frozen=True)
class Manner:
    """How a source is asked: headers of every request, and the pause before each but the first."""

    headers: Mapping[str, str] = field(default_factory=dict)
    min_delay_seconds: float = 0.0
