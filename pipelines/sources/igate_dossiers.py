"""Dossiers of a VNPT iGate 2 system by its REST interface: `GET pa/dossier/search`, page by page, latest change first.

A period holds the dossiers whose latest change lies in it: pages are sorted by `updatedDate`, descending, those of
later periods are passed over, and the first record changed before the period ends the walk. A dossier that changes
while the pages are read moves to the front, which shows others twice and loses none; itself it comes with the next
day's pull.

Address: the base URL of the interface gateway. Credentials: `token_url` (Keycloak, ends in
`/protocol/openid-connect/token`), `client_id`, and `client_secret` or `username` and `password`; `agency_id` (the
`ancestor-agency-id` of the province) and `page_size` where they are needed. Tokens live about 300 seconds and are
renewed before they expire.
(Names of parameters and fields as public clients of the interface use them.)

The list carries no papers, fees, supplements, results, databases, kind of applicant or payment: their columns are null,
which means that this feed does not report them. Personal data (`applicant`, tasks with the names of officials) are not
loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from pipelines.language import tr
from pipelines.periods import local_date
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.dossier_rows import Fields, dossier_table
from pipelines.sources.fields import Choice, instant
from pipelines.sources.framing import frame
from pipelines.sources.interface import Answer, Bearer, Interface, Page, records_of, walk

NAME = "igate_dossiers"
PATH = "pa/dossier/search"
LIFETIME_SECONDS = 300


def fetch(ask: Ask) -> Iterator[Fetched]:
    """The pages of the dossiers last changed in the period."""
    interface = Interface(ask, NAME)
    bearer = Bearer(interface, lambda: _log_in(interface))
    size = interface.number("page_size", 50)

    def turn(what: str, number: int) -> Page:
        asked: dict[str, str | int] = {"page": number - 1, "size": size, "spec": "page", "sort": "updatedDate,desc"}
        if agency := ask.credentials.get("agency_id"):
            asked["ancestor-agency-id"] = agency
        answer = bearer.get(what, PATH, asked)
        records = records_of(interface, what, answer, "content")
        days = _changed_on(records)
        first, last = ask.period.first, ask.period.last
        return Page(
            answer,
            records,
            is_last=_is_last(answer, number, len(records) < size) or any(day < first for day in days),
            # without days of change nothing can be passed over
            is_wanted=not days or (min(days) <= last and max(days) >= first),
        )

    return walk(interface, "hoso", PATH, turn, "id")


def _is_last(answer: Answer, number: int, is_short: bool) -> bool:
    """A page states `last`, or how many pages there are; a slice may state neither and then ends with a short one."""
    last, pages = answer.body.get("last"), answer.body.get("totalPages")
    if isinstance(last, bool):
        return last
    return number >= pages if isinstance(pages, int) else is_short


def _changed_on(records: Sequence[Any]) -> list[date]:
    """The days of change on a page; none where a record does not state it."""
    days = []
    for record in records:
        try:
            at = datetime.fromisoformat(record["updatedDate"])
        except (KeyError, TypeError, ValueError):
            return []
        days.append(local_date(at) if at.tzinfo else at.date())
    return days


def _log_in(interface: Interface) -> tuple[str, float]:
    form = {"client_id": interface.option("client_id")}
    if secret := interface.ask.credentials.get("client_secret"):
        form["client_secret"] = secret
    if interface.ask.credentials.get("username"):
        form |= {"grant_type": "password", "username": interface.option("username")}
        form["password"] = interface.option("password")
    else:
        form |= {"grant_type": "client_credentials", "client_secret": interface.option("client_secret")}
    answer = interface.call("login", "POST", interface.option("token_url"), data=form)
    token = answer.body.get("access_token") if answer else None
    if not answer or not isinstance(token, str) or not token:
        problem = tr('refused. Check the account of "{source}" in HATINH_CREDENTIALS_FILE.', source=NAME)
        raise interface.failed("login", problem)
    seconds = answer.body.get("expires_in")
    return token, float(seconds) if isinstance(seconds, int | float) and seconds > 0 else LIFETIME_SECONDS


FIELDS = Fields(
    number="code",
    procedure_code="procedure.code",
    field_code="procedure.sector.code",
    agency_name="agency.name",
    times={
        "appliedDate": "submitted_at",
        "acceptedDate": "received_at",
        "appointmentDate": "due_at",
        "completedDate": "finished_at",
        "returnedDate": "returned_at",
    },
    # 0 and 4 as public clients show them, the others in the order that the system's own screens have: to be compared
    # with the province's list before the first release. A pause does not end a dossier: it is still in process.
    status=Choice(
        "dossierStatus.id",
        "status",
        meanings={"0": "1", "1": "5", "2": "4", "3": "4", "4": "9", "5": "10", "6": "7"},
        required=True,
    ),
    codes=(
        # by name: numbers of the ways differ between provinces
        Choice(
            "applyMethod.name",
            "channel",
            meanings={
                "trực tiếp": "1",
                "nộp trực tiếp": "1",
                "trực tuyến": "2",
                "nộp trực tuyến": "2",
                "bưu chính": "3",
                "bưu chính công ích": "3",
                "qua bưu chính": "3",
                "nộp qua bưu chính công ích": "3",
            },
        ),
    ),
    read=instant,
)

# Known fields that are not kept: personal, free text, or without use for a measure.
DROPPED = frozenset(
    {
        *("id", "nationCode", "applicant", "accepter", "task", "currentTask", "dossierTaskStatus", "dueDate"),
        *("processingTime", "processingTimeUnit", "updatedDate", "createdDate", "procedureLevel", "agencyLevel"),
        *("procedureProcessDefinition", "dossierMenuTaskRemind", "statusCurrentTask", "deploymentId"),
    }
)

SOURCE = Source(
    name=NAME,
    title_vi="Hồ sơ của hệ thống VNPT iGate",
    title_en="Dossiers of the VNPT iGate system",
    publisher="Đơn vị vận hành hệ thống VNPT iGate",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=dossier_table(FIELDS, dropped=DROPPED),
    fetch=fetch,
)
