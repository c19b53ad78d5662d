"""Dossiers as the National Public Service Portal has them: asked one by one, by number, through the NGSP adapter.

The portal answers a dossier in the exchange format (HoSoDongBoDVC) but lists none, so the numbers come from the local
one-stop shop: a text file, one number per line, named by `numbers_file` in the credentials ({partition} in it is
replaced by the period). Of them those are asked for whose date, which is a part of the number, lies in the period.

The portal's copy is not the local one: the software that pushes it rewrites statuses 5, 6 and 8 to 9 and sends
constants in some fields. Use it to compare, or where there is no local interface.

A hundred answers land as one file, `{"result": [dossier, ...]}`: the dossiers as answered, without their envelopes. A
number that the portal does not know is passed over; for adapters that report this by an error_code, list it in
`absent_codes`. Changes are caught by asking for the period again: every pull asks for all its dossiers as of that day.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.language import tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.dossiers import TABLE
from pipelines.sources.framing import frame
from pipelines.sources.interface import Interface
from pipelines.sources.ngsp import INTEGRATION, Ngsp

NAME = "dvcqg_dossiers"
SERVICE = "TraCuuHoSo"
BATCH = 100
_NUMBER = re.compile(r"[0-9A-Za-z.]{2,30}-(?:20)?(\d\d)(\d\d)(\d\d)-\d{1,10}")


def fetch(ask: Ask) -> Iterator[Fetched]:
    """A hundred dossiers a page; pages that landed today are not asked again.

    The list's own hash is in the names, since another list has other pages.
    """
    interface = Interface(ask, NAME)
    numbers = _numbers(interface)
    ngsp = Ngsp(interface)
    absent = ask.credentials.get("absent_codes", "").replace(" ", "").split(",")
    stem = f"hoso-of-{hashlib.sha256(chr(10).join(numbers).encode()).hexdigest()[:8]}"
    for page, start in enumerate(range(0, len(numbers), BATCH), 1):
        name, what = interface.name(stem, page), f"page {page}"
        if ask.has_landed(name):
            continue
        dossiers: list[Any] = []
        for number in numbers[start : start + BATCH]:
            answer = ngsp.call(what, SERVICE, {"mahoso": number}, also_well=absent)
            dossiers += _result(interface, what, answer.body.get("result"))
        if dossiers:
            content = json.dumps({"result": dossiers}, ensure_ascii=False, separators=(",", ":")).encode()
            yield interface.fetched(name, content, interface.option(INTEGRATION))


def _result(interface: Interface, what: str, result: Any) -> list[Any]:
    """The dossiers of an answer: one, a list of them, or none."""
    if not result:
        return []
    if isinstance(result, dict):
        return [result]
    if isinstance(result, list):
        return result
    raise interface.failed(
        what, tr('{service} answers a "result" that is no dossier: the interface has changed.', service=SERVICE)
    )


def _numbers(interface: Interface) -> list[str]:
    """The numbers of the period, sorted; a line that is no number stops the pull before anything is asked."""
    path = interface.option("numbers_file").replace("{partition}", interface.ask.period.partition)
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem = tr(
            "{path} (numbers_file) cannot be read ({error}): one dossier number per line, UTF-8.",
            path=path,
            error=type(error).__name__,
        )
        raise interface.failed("settings", problem) from None
    period = interface.ask.period
    numbers = set()
    for line_no, line in enumerate(lines, 1):
        if number := line.strip():
            day = _day_of(number)
            if day is None:
                problem = tr(
                    "line {line} of {path} (numbers_file) is no dossier number: one per line, nothing else.",
                    line=line_no,
                    path=path,
                )
                raise interface.failed("settings", problem)
            if period.first <= day <= period.last:
                numbers.add(number)
    return sorted(numbers)


def _day_of(number: str) -> date | None:
    """The day in a dossier's number, `{agency}-{yyMMdd or yyyyMMdd}-{sequence}`; None where it is no such number."""
    found = _NUMBER.fullmatch(number)
    try:
        return date(2000 + int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


SOURCE = Source(
    name=NAME,
    title_vi="Hồ sơ trên Cổng Dịch vụ công quốc gia",
    title_en="Dossiers on the National Public Service Portal",
    publisher="Cổng Dịch vụ công quốc gia",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=TABLE,
    fetch=fetch,
)
