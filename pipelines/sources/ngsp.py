"""The adapter of the integration platform (NGSP/LGSP) by which provinces ask the National Public Service Portal.

A login gives a session, without saying how long it lasts; every service is a POST to one endpoint with the session, the
asking unit and the name of the service in its body. `error_code` 0, "0" and "00" all mean well: versions differ.
(Wire format as in the integration code of OpenCPS, github.com/VietOpenCPS/opencps-v2.)

What differs from adapter to adapter is in the file of credentials, under the source's name: `username`, `password`,
`dstcode` (code of the receiving system), `madonvi` (code of the asking unit), `auth_endpoint`, `integration_endpoint`,
`share_endpoint` (dictionaries), and, where a service is called otherwise, `service_<name>`: its name there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipelines.language import tr
from pipelines.sources.interface import AGAIN, Answer, Interface

INTEGRATION, SHARE = "integration_endpoint", "share_endpoint"


class Ngsp:
    """One session with the adapter, begun when it is first needed and again once when a call fails in it."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._session = ""

    def call(
        self,
        what: str,
        service: str,
        body: Mapping[str, Any] | None = None,
        *,
        endpoint: str = INTEGRATION,
        also_well: Collection[str] = (),
    ) -> Answer:
        """The answer of a service; what it holds is under `result`.

        Args:
            what: where this is, for errors, like "page 3"; no number of a dossier.
            service: usual name of the service, like TraCuuHoSo.
            body: what the service asks for besides session, unit and its name.
            endpoint: INTEGRATION, or SHARE for dictionaries.
            also_well: further codes that are answers, not failures, like the one for "no such dossier".

        Raises:
            PullError: no complete answer, or one that is not well in a new session either.
        """
        # codes of an ended session differ from adapter to adapter, so any failure is tried once in a new one
        code: Any = None
        for _ in range(2):
            if not self._session:
                self._log_in()
            answer = self._interface.call(
                what,
                "POST",
                self._interface.option(endpoint),
                headers=self._headers(),
                json={
                    "session": self._session,
                    "madonvi": self._interface.option("madonvi"),
                    "service": self._interface.option(f"service_{service}", service),
                    **(body or {}),
                },
            )
            code = answer.body.get("error_code") if answer else 401
            if answer and (_is_well(code) or str(code) in also_well):
                return answer
            self._session = ""
        raise self._interface.failed(
            what,
            tr(
                "{service} answers error_code {code}, in a new session too. Ask the adapter's operator what "
                "it means. {again}",
                service=service,
                code=_shown(code),
                again=tr(AGAIN),
            ),
        )

    def _log_in(self) -> None:
        account = {name: self._interface.option(name) for name in ("username", "password")}
        answer = self._interface.call(
            "login", "POST", self._interface.option("auth_endpoint"), headers=self._headers(), json=account
        )
        code = answer.body.get("error_code") if answer else 401
        session = answer.body.get("session") if answer else None
        if not _is_well(code) or not isinstance(session, str) or not session:
            raise self._interface.failed(
                "login",
                tr(
                    'refused, error_code {code}. Check username, password and dstcode of "{source}" in '
                    "HATINH_CREDENTIALS_FILE.",
                    code=_shown(code),
                    source=self._interface.source,
                ),
            )
        self._session = session

    def _headers(self) -> dict[str, str]:
        return {"accept": "application/json", "charset": "utf-8", "dstcode": self._interface.option("dstcode")}


def _is_well(code: Any) -> bool:
    return code in ("0", "00") or (code == 0 and not isinstance(code, bool))


def _shown(code: Any) -> str:
    """A code as it may be shown in an error: anything else that a server puts there may be personal data."""
    text = str(code)
    return text if len(text) <= 5 and text.lstrip("-").isalnum() else tr("of another kind")
